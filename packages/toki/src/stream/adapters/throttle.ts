import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { type Duration, toMillis } from "../../time/duration.js";
import { type Sleep, sleepFor } from "../../time/sleep.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";
import { restart, Timed } from "./timed.js";

/** @internal */
export class Throttle<T> extends Timed<T, T> {
  private readonly ms: number;
  private delay: Sleep | null;
  /** Between an item and the end of the time that has to pass after it. */
  private delaying: boolean;

  constructor(source: Stream<T>, duration: Duration) {
    super(source);
    this.ms = toMillis(duration, "Stream.throttle", "duration");
    this.delay = null;
    this.delaying = false;
  }

  pollNext(cx: Context): Poll<T | Done> {
    const { ms, source } = this;
    if (ms === 0) return source.pollNext(cx);
    // Made before an item is taken: where there are no timers, none is lost.
    this.delay ??= sleepFor(0, "Stream.throttle");
    if (this.delaying) {
      if (this.delay.poll(cx) === Pending) return Pending;
      this.delaying = false;
    }
    let item: Poll<T | Done>;
    try {
      item = source.pollNext(cx);
    } catch (error) {
      this.restart(this.delay);
      throw error;
    }
    if (item !== Pending && item !== Done) this.restart(this.delay);
    return item;
  }

  private restart(delay: Sleep): void {
    restart(delay, this.ms);
    this.delaying = true;
  }

  protected stopTimer(): void {
    this.delay?.[Symbol.dispose]();
  }

  protected get method(): string {
    return "throttle";
  }
}
