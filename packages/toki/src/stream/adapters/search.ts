import type { Context } from "../../future/context.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import { checkFunction } from "../check.js";
import { Done } from "../done.js";
import { Pull } from "../pull.js";
import type { Stream } from "../stream.js";

/** `any` looks for true, `all` for false: the answer is then known. @internal */
export class Search<T> extends Pull<T, boolean> {
  private readonly predicate: (item: T) => boolean;
  private readonly sought: boolean;
  private over: boolean;

  constructor(stream: Stream<T>, predicate: (item: T) => boolean, sought: boolean) {
    super(stream);
    checkFunction(predicate, sought ? "Stream.any" : "Stream.all", "predicate");
    this.predicate = predicate;
    this.sought = sought;
    this.over = false;
  }

  poll(cx: Context): Poll<boolean> {
    if (this.over) throw polledAfterCompletion(this.describe());
    const { stream, predicate, sought } = this;
    this.takeOver(cx);
    this.over = true; // also if the predicate throws
    for (;;) {
      const item = stream.pollNext(cx);
      if (item === Pending) {
        this.over = false;
        this.wait(cx);
        return Pending;
      }
      if (item === Done) return !sought;
      if (predicate(item as T) === sought) return sought;
    }
  }

  override describe(): string {
    return `${this.stream.describe()}.${this.sought ? "any" : "all"}`;
  }
}
