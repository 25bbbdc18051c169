import type { Context } from "../../future/context.js";
import type { Poll } from "../../future/poll.js";
import { clockNow, Instant } from "../../time/instant.js";
import type { Sleep } from "../../time/sleep.js";
import { Adapter } from "../adapter.js";

/** Longer waits are this long, about 30 years, as those of `sleep`. */
const FOREVER_MS = 86_400_000 * 365 * 30;

/** An adapter with a timer, which leaves the wheel whenever nobody waits. */
export abstract class Timed<S, T> extends Adapter<S, T> {
  /** Takes the timer out of the wheel; its deadline stays. */
  protected abstract stopTimer(): void;

  override stopWaiting(): void {
    this.stopTimer();
    this.source.stopWaiting();
  }

  override pollCancel(cx: Context): Poll<void> {
    this.stopTimer();
    return this.source.pollCancel(cx);
  }

  override [Symbol.dispose](): void {
    this.stopTimer();
    this.source[Symbol.dispose]();
  }

  override forceCancel(): void {
    this.stopTimer();
    this.source.forceCancel();
  }
}

/** Moves the deadline to `ms` from now. @internal */
export function restart(delay: Sleep, ms: number): void {
  delay.reset(new Instant(clockNow() + Math.min(ms, FOREVER_MS)));
}
