import type { Future } from "../../future/future.js";
import type { Instant } from "../../time/instant.js";
import type { Interval } from "../../time/interval.js";
import { FutureStream } from "./future-stream.js";

/** @internal */
export class TickStream extends FutureStream<Instant, Instant> {
  private readonly interval: Interval;

  constructor(interval: Interval) {
    super();
    this.interval = interval;
  }

  protected pull(): Future<Instant> {
    return this.interval.tick();
  }

  protected itemOf(tick: Instant): Instant {
    return tick;
  }

  protected release(): void {
    this.interval[Symbol.dispose]();
  }

  override describe(): string {
    return `interval (${this.interval.period} ms)`;
  }
}
