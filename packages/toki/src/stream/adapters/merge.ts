import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import type { Cancellable } from "../cancel.js";
import { checkStream } from "../check.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";
import { Composite } from "./composite.js";
import { Fuse } from "./fuse.js";

/** @internal */
export class Merge<T> extends Composite<T> {
  private readonly a: Fuse<T>;
  private readonly b: Fuse<T>;
  private aFirst: boolean;

  constructor(a: Stream<T>, b: Stream<T>) {
    super();
    checkStream(b, "Stream.merge", "other");
    this.a = new Fuse(a);
    this.b = new Fuse(b);
    this.aFirst = true;
    this.rt ??= a.rt ?? b.rt;
  }

  pollNext(cx: Context): Poll<T | Done> {
    const { a, b, aFirst } = this;
    this.aFirst = !aFirst;
    const first = (aFirst ? a : b).pollNext(cx);
    if (first !== Pending && first !== Done) return first;
    const second = (aFirst ? b : a).pollNext(cx);
    return second === Done ? first : second;
  }

  protected parts(): (Cancellable | null)[] {
    return [this.a, this.b];
  }

  override stopWaiting(): void {
    this.a.stopWaiting();
    this.b.stopWaiting();
  }

  override describe(): string {
    return `${this.a.describe()}.merge(${this.b.describe()})`;
  }
}
