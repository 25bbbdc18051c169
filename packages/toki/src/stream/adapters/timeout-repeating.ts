import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { ElapsedError } from "../../time/elapsed-error.js";
import type { Interval } from "../../time/interval.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";
import { Fuse } from "./fuse.js";
import { Timed } from "./timed.js";

/** @internal */
export class TimeoutRepeating<T> extends Timed<T, T> {
  private readonly interval: Interval;

  constructor(source: Stream<T>, interval: Interval) {
    super(new Fuse(source));
    if (typeof interval?.pollTick !== "function") {
      throw invalidArgument("Stream.timeoutRepeating", "interval", "an Interval", interval);
    }
    this.interval = interval;
  }

  pollNext(cx: Context): Poll<T | Done> {
    let item: Poll<T | Done>;
    try {
      item = this.source.pollNext(cx);
    } catch (error) {
      this.interval.reset();
      throw error;
    }
    if (item !== Pending) {
      if (item === Done) this.stopTimer();
      else this.interval.reset();
      return item;
    }
    if (this.interval.pollTick(cx) === Pending) return Pending;
    throw new ElapsedError();
  }

  protected stopTimer(): void {
    this.interval[Symbol.dispose]();
  }

  protected get method(): string {
    return "timeoutRepeating";
  }
}
