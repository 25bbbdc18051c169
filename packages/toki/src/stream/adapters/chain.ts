import type { Context } from "../../future/context.js";
import type { Poll } from "../../future/poll.js";
import type { Cancellable } from "../cancel.js";
import { checkStream } from "../check.js";
import { Done } from "../done.js";
import { refuseWaited } from "../pull.js";
import type { Stream } from "../stream.js";
import { Composite } from "./composite.js";
import { Fuse } from "./fuse.js";

/** @internal */
export class Chain<T> extends Composite<T> {
  private readonly first: Fuse<T>;
  private readonly second: Stream<T>;
  private isSecond: boolean;

  constructor(first: Stream<T>, second: Stream<T>) {
    super();
    checkStream(second, "Stream.chain", "other");
    refuseWaited(second);
    this.first = new Fuse(first);
    this.second = second;
    this.isSecond = false;
    this.rt ??= first.rt ?? second.rt;
  }

  pollNext(cx: Context): Poll<T | Done> {
    if (!this.isSecond) {
      const item = this.first.pollNext(cx);
      if (item !== Done) return item;
      this.isSecond = true;
    }
    return this.second.pollNext(cx);
  }

  protected parts(): (Cancellable | null)[] {
    return [this.isSecond ? null : this.first, this.second];
  }

  override stopWaiting(): void {
    (this.isSecond ? this.second : this.first).stopWaiting();
  }

  override describe(): string {
    return `${this.first.describe()}.chain(${this.second.describe()})`;
  }
}
