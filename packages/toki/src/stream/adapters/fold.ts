import { checkFunction } from "../../sync/watch/modify.js";
import { Consumer } from "../consumer.js";
import type { Stream } from "../stream.js";

/** @internal */
export class Fold<T, A> extends Consumer<T, A> {
  private accumulated: A;
  private readonly f: (accumulated: A, item: T) => A;

  constructor(source: Stream<T>, init: A, f: (accumulated: A, item: T) => A) {
    super(source);
    checkFunction("Stream.fold", "f", f);
    this.accumulated = init;
    this.f = f;
  }

  put(item: T): boolean {
    this.accumulated = (0, this.f)(this.accumulated, item);
    return true;
  }

  protected outcome(): A {
    return this.accumulated;
  }

  protected get method(): string {
    return "fold";
  }
}
