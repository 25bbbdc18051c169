import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { type Duration, toMillis } from "../../time/duration.js";
import { ElapsedError } from "../../time/elapsed-error.js";
import { type Sleep, sleepFor } from "../../time/sleep.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";
import { Fuse } from "./fuse.js";
import { restart, Timed } from "./timed.js";

/**
 * `armed` says that the silence since the latest item has not been reported. It is set, and the timer restarted, by each item; cleared by the report.
 *
 * @internal
 */
export class Timeout<T> extends Timed<T, T> {
  private readonly ms: number;
  private readonly delay: Sleep;
  private armed: boolean;

  constructor(source: Stream<T>, duration: Duration) {
    super(new Fuse(source));
    this.ms = toMillis(duration, "Stream.timeout", "duration");
    this.delay = sleepFor(duration, "Stream.timeout");
    this.armed = true;
  }

  pollNext(cx: Context): Poll<T | Done> {
    let item: Poll<T | Done>;
    try {
      item = this.source.pollNext(cx);
    } catch (error) {
      this.rearm();
      throw error;
    }
    if (item !== Pending) {
      if (item === Done) this.stopTimer();
      else this.rearm();
      return item;
    }
    if (!this.armed || this.delay.poll(cx) === Pending) return Pending;
    this.armed = false;
    throw new ElapsedError();
  }

  private rearm(): void {
    restart(this.delay, this.ms);
    this.armed = true;
  }

  protected stopTimer(): void {
    this.delay[Symbol.dispose]();
  }

  protected get method(): string {
    return "timeout";
  }
}
