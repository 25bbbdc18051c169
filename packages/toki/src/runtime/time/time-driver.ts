/*
 * A runtime's clock, its timer wheel, and the one host timer that wakes it.
 *
 * The clock counts milliseconds on the host's monotonic scale. Ticks are whole milliseconds since `origin`; a deadline is rounded up to a tick
 * and fires once the clock has reached it: never early. `Wheel.elapsed` trails the clock and moves in `fireDue` alone.
 *
 * Paused: the clock stands at `frozenAt` and moves by advance() or, when nothing is runnable, to the next deadline (auto-advance). Pausing
 * rounds up to a tick, so that a sleep of n ms fires at an advance of n ms.
 *
 *   running --pause()--> paused --resume()--> running    (resume shifts `offset`, so that the clock goes on from the virtual value)
 *
 * The host timer: `armedFor` is the tick it was set for. An earlier deadline replaces it; a later one leaves it to fire for nothing once, which is
 * cheaper than setting a timer for each short-lived timeout. With an empty wheel it does not keep the process alive.
 */
import { current } from "../../future/current.js";
import type { Waker } from "../../future/waker.js";
import { type Host, type HostTimer, MAX_TIMER_MS } from "../driver/host.js";
import { type TimerEntry, Wheel } from "./wheel.js";

/** A timer that the driver fires. */
export interface Timer extends TimerEntry {
  /** The deadline has passed; called on the runtime's thread, with the entry out of the wheel. @internal */
  fire(): void;
}

/** @internal */
export class TimeDriver {
  readonly wheel = new Wheel();
  isPaused = false;
  /** Set while the runtime is gone: entries are refused. */
  isShutdown = false;

  private readonly host: Host;
  private readonly onTimer: () => void;
  private readonly onNews: () => void;
  private readonly origin: number;
  private offset = 0;
  private frozenAt = 0;
  private timer: HostTimer | null = null;
  private armedFor = Number.POSITIVE_INFINITY;
  private isRef = false;
  private lastTick = 0;
  /** Drives the runtime until the result is called; null where it moves only while its own drivers ask for it. */
  visit: (() => () => void) | null = null;
  /** Entries that tasks of other runtimes wait for. */
  private readonly guests = new Set<TimerEntry>();
  private endVisit: (() => void) | null = null;
  private readonly fireEntry = (entry: TimerEntry) => {
    this.endGuest(entry);
    (entry as Timer).fire();
  };

  /**
   * @param onTimer - the host timer has fired
   * @param onNews - an entry was put into the wheel by who may be no task of the runtime, which then has to arm the timer anew before it is idle again
   */
  constructor(host: Host, onTimer: () => void, onNews: () => void) {
    this.host = host;
    this.onNews = onNews;
    this.onTimer = () => {
      this.timer = null;
      this.armedFor = Number.POSITIVE_INFINITY;
      onTimer();
    };
    // A whole millisecond, so that virtual time has no rounding noise.
    this.origin = Math.floor(host.now());
  }

  /** The clock, in milliseconds on the host's scale: virtual while paused. */
  now(): number {
    return this.isPaused ? this.frozenAt : this.host.now() + this.offset;
  }

  /** The tick at which a deadline fires. */
  tickOf(instant: number): number {
    // A deadline within rounding noise of a tick belongs to it: 0.1 + 0.2 must not cost a millisecond.
    return Math.ceil(instant - this.origin - 1e-6);
  }

  instantOf(tick: number): number {
    return this.origin + tick;
  }

  /** Whether a tick has passed, as far as the clock was last read: exact while paused, up to a turn behind otherwise. */
  isDue(tick: number): boolean {
    if (this.isPaused) return tick <= Math.floor(this.frozenAt - this.origin + 1e-6);
    return tick <= this.lastTick;
  }

  /**
   * Puts an entry into the wheel; false when its deadline is not ahead of what the wheel has seen. A callback of the event loop, or a task of another
   * runtime, may find this one idle, with the timer set for a later deadline.
   */
  insert(entry: Timer): boolean {
    if (!this.wheel.insert(entry)) return false;
    this.onNews();
    return true;
  }

  remove(entry: Timer): void {
    this.wheel.remove(entry);
    this.endGuest(entry);
  }

  /** `waker` waits for an entry of the wheel. If it is that of another runtime's task, this one is driven meanwhile. */
  admit(entry: Timer, waker: Waker): void {
    const { visit } = this;
    if (visit === null || (waker.owner?.rt ?? current.runtime)?.time === this) return;
    this.guests.add(entry);
    if (this.endVisit !== null) return;
    const end = visit();
    // The start hook may have shut the runtime down.
    if (this.guests.size > 0) this.endVisit = end;
    else end();
  }

  private endGuest(entry: TimerEntry): void {
    const { guests, endVisit } = this;
    if (guests.size === 0 || !guests.delete(entry) || guests.size > 0) return;
    this.endVisit = null;
    endVisit?.();
  }

  /** Fires what is due at host time `hostNow` (ignored while paused). */
  fireDue(hostNow: number): void {
    const now = this.isPaused ? this.frozenAt : hostNow + this.offset;
    const tick = Math.floor(now - this.origin + 1e-6);
    this.lastTick = tick;
    if (tick > this.wheel.elapsed) this.wheel.advance(tick, this.fireEntry);
  }

  /** Milliseconds until the next thing to do in the wheel, Infinity when it is empty. */
  untilNext(hostNow: number): number {
    if (this.wheel.size === 0) return Number.POSITIVE_INFINITY;
    const now = this.isPaused ? this.frozenAt : hostNow + this.offset;
    return Math.max(0, this.origin + this.wheel.nextExpiration() - now);
  }

  /** Sets the host timer for the next deadline. False when that deadline is due already. */
  arm(hostNow: number): boolean {
    const wait = this.untilNext(hostNow);
    if (wait === Number.POSITIVE_INFINITY) {
      this.setRef(false);
      return true;
    }
    if (wait <= 0) return false;
    const tick = this.wheel.nextExpiration();
    if (this.timer === null || tick < this.armedFor) {
      this.timer?.clear();
      this.timer = this.host.setTimer(this.onTimer, Math.min(Math.ceil(wait), MAX_TIMER_MS));
      this.armedFor = tick;
      this.isRef = true;
    } else this.setRef(true);
    return true;
  }

  /** Lets go of the host timer: nothing drives the runtime. */
  disarm(): void {
    this.timer?.clear();
    this.timer = null;
    this.armedFor = Number.POSITIVE_INFINITY;
    this.isRef = false;
  }

  /** The runtime is over: what is left in the wheel, which tasks of other runtimes may wait for, fires to find that out. */
  shutdown(): void {
    this.isShutdown = true;
    this.disarm();
    this.wheel.advance(Number.POSITIVE_INFINITY, this.fireEntry);
  }

  private setRef(ref: boolean): void {
    if (this.timer === null || this.isRef === ref) return;
    this.isRef = ref;
    this.timer.setRef(ref);
  }

  pause(): void {
    this.frozenAt = this.origin + Math.ceil(this.now() - this.origin - 1e-6);
    this.isPaused = true;
    this.disarm();
  }

  resume(): void {
    this.isPaused = false;
    this.offset = this.frozenAt - this.host.now();
    this.disarm(); // a timer set before the pause knows nothing of the time that was advanced
  }

  /** Moves the paused clock forward and fires what became due. */
  advance(ms: number): void {
    this.frozenAt += ms;
    this.fireDue(0);
  }

  /** Moves the paused clock to the next deadline; false when there is none. */
  autoAdvance(): boolean {
    const wait = this.untilNext(0);
    if (wait === Number.POSITIVE_INFINITY) return false;
    this.advance(wait);
    return true;
  }
}
