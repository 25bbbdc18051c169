/*
 * The clock of an explored runtime: virtual time, in which timers that are due fire one by one, when the schedule says so.
 *
 *   in the wheel --the clock has reached its tick--> DUE, in `due` --fire()--> out
 *   DUE --remove(), from the owner--> out
 *
 * An entry that is DUE has a `timerSlot` like any entry that waits, so its owner takes it for one that has not fired, and takes it out when it is dropped.
 */
import type { Host } from "../../runtime/driver/host.js";
import { TimeDriver, type Timer } from "../../runtime/time/time-driver.js";
import { IDLE, type TimerEntry } from "../../runtime/time/wheel.js";

/** `timerSlot` of an entry that is due: beyond every slot of the wheel. */
const DUE = 2 ** 16;
/** As in the time driver: a deadline within rounding noise of a tick belongs to it. */
const NOISE_MS = 1e-6;

/** @internal */
export interface VirtualClock {
  ms: number;
}

/** @internal */
export class ExploringTime extends TimeDriver {
  /** What is due and has not fired, by deadline. */
  readonly due: Timer[] = [];
  private readonly collect = (entry: TimerEntry) => {
    entry.timerSlot = DUE;
    this.due.push(entry as Timer);
  };

  private readonly clock: VirtualClock;

  /** @param clock - what `host.now()` reads; it runs while this one is not paused */
  constructor(host: Host, clock: VirtualClock) {
    // No timer of the host is ever set: the schedule says when the clock moves.
    super(
      host,
      () => {},
      () => {},
    );
    this.clock = clock;
    this.pause();
  }

  override remove(entry: Timer): void {
    if (entry.timerSlot !== DUE) {
      super.remove(entry);
      return;
    }
    this.due.splice(this.due.indexOf(entry), 1);
    entry.timerSlot = IDLE;
  }

  override fireDue(): void {
    const tick = Math.floor(this.now() - this.instantOf(0) + NOISE_MS);
    if (tick > this.wheel.elapsed) this.wheel.advance(tick, this.collect);
  }

  /** Moves the clock to the next deadline. What is due then has not fired yet. */
  moveOn(): void {
    const wait = this.untilNext(this.clock.ms);
    if (this.isPaused) this.advance(wait);
    else {
      this.clock.ms += wait;
      this.fireDue();
    }
  }

  /** Fires one of those that are due. */
  fire(entry: Timer): void {
    this.remove(entry);
    entry.fire();
  }
}
