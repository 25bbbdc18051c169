/*
 * Values that become due at their deadlines.
 *
 * Entries are in a binary heap, by deadline and then by the order they were put there, whether or not they are due: one that is due stays until it is
 * taken, and can still be removed or reset. An entry is its own key, and knows its index in the heap; -1 when it is in none.
 *
 * One timer, the queue's own entry in the wheel, set only while somebody waits: for the deadline of the first entry. `settle` is called after every change
 * of the heap and sees to it:
 *
 *   nobody waits                     no timer
 *   somebody waits, the heap empty   no timer, woken: there is nothing to wait for
 *   somebody waits, the first due    no timer, woken
 *   somebody waits, the first ahead  the timer is at its deadline
 *
 * A waker that a poll by hand left behind when it found the queue empty (`idle`) is woken by the next insert.
 */
import { driveAsyncIterator } from "../future/async-iterable.js";
import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import type { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import type { Waker } from "../future/waker.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import type { RuntimeCore } from "../runtime/core.js";
import { RuntimeShutdownError } from "../runtime/error.js";
import type { TimeDriver, Timer } from "../runtime/time/time-driver.js";
import { IDLE, type TimerEntry } from "../runtime/time/wheel.js";
import { proceed, refund } from "../task/coop.js";
import { Next, SoleWaiter } from "../task/sole-waiter.js";
import { type Duration, toMillis } from "../time/duration.js";
import { Instant } from "../time/instant.js";
import { currentClock } from "../time/time-runtime.js";
import { DelayHeap, DelayKey } from "./delay-heap.js";

/** Longest delay: about 30 years, as that of a sleep. */
const FOREVER_MS = 86_400_000 * 365 * 30;

/** What a {@link DelayQueue} gives when a deadline has passed, or an entry is removed. */
export interface Expired<T> {
  /** What was inserted. */
  readonly value: T;
  /** When it became, or would have become due: what was asked for, rounded up to the runtime's next whole millisecond. */
  readonly deadline: Instant;
  /** What its insertion gave. It belongs to no entry any more. */
  readonly key: DelayKey<T>;
}

/** The queue's place in the wheel. */
class FirstTimer implements Timer {
  timerWhen = 0;
  timerNext: TimerEntry | null = null;
  timerPrev: TimerEntry | null = null;
  timerSlot = IDLE;
  private readonly onFire: () => void;

  constructor(onFire: () => void) {
    this.onFire = onFire;
  }

  fire(): void {
    this.onFire();
  }
}

/**
 * A queue whose values come out when their delay is over, earliest deadline first. For timeouts by the thousand that are mostly taken back: entries of a
 * cache that expire, sessions, retries. Values of one deadline come in the order they were inserted.
 *
 * Insert, remove and reset cost O(log n), and one timer serves them all. One task at a time may wait on a queue. It belongs to the runtime in which its
 * first value is inserted, and takes its time from that one's clock.
 *
 * @typeParam T - the values
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { DelayQueue } from "toki/util";
 *
 * await main(function* () {
 *   const queue = new DelayQueue<string>();
 *   queue.insert("slow", 20);
 *   const key = queue.insert("taken back", 5);
 *   queue.insert("fast", 10);
 *   queue.remove(key);
 *   for (let expired; (expired = yield* queue.next()); ) console.log(expired.value);
 *   // fast
 *   // slow
 * });
 * ```
 */
export class DelayQueue<T> extends SoleWaiter<Expired<T> | undefined> implements Disposable {
  private readonly heap = new DelayHeap<T>();
  private readonly timer = new FirstTimer(() => this.settle());
  private time: TimeDriver | null = null;
  private rt: RuntimeCore | null = null;
  private idle: Waker | null = null;

  /** How many values are in the queue, those that are due included. */
  get length(): number {
    return this.heap.length;
  }

  /** Whether no value is in the queue. */
  isEmpty(): boolean {
    return this.heap.length === 0;
  }

  /**
   * Puts a value into the queue that is due after `delay`. A task that waits is told if it is the first.
   *
   * @param value - anything
   * @param delay - from now, rounded up to the runtime's next whole millisecond; 0 is due at once
   * @returns the right to remove or reset it
   * @throws InvalidArgumentError if `delay` is not a duration; NoRuntimeError, DriverDisabledError if it is the first one and there are no timers here
   */
  insert(value: T, delay: Duration): DelayKey<T> {
    const ms = toMillis(delay, "DelayQueue.insert", "delay");
    const time = this.clock("DelayQueue.insert");
    return this.add(value, tickAfter(time, ms));
  }

  /**
   * Puts a value into the queue that is due at `deadline`. A task that waits is told if it is the first.
   *
   * @param value - anything
   * @param deadline - on the runtime's clock; one that has passed is due at once
   * @returns the right to remove or reset it
   * @throws InvalidArgumentError if `deadline` is not an Instant; NoRuntimeError, DriverDisabledError if it is the first one and there are no timers here
   */
  insertAt(value: T, deadline: Instant): DelayKey<T> {
    checkDeadline("DelayQueue.insertAt", deadline);
    const time = this.clock("DelayQueue.insertAt");
    return this.add(value, tickAt(time, deadline));
  }

  private add(value: T, tick: number): DelayKey<T> {
    const key = new DelayKey(this.heap, value, tick);
    this.heap.push(key);
    const { idle } = this;
    this.idle = null;
    this.settle();
    idle?.wake();
    return key;
  }

  /**
   * Takes a value out, due or not.
   *
   * @param key - what its insertion gave
   * @throws InvalidArgumentError if the key is of another queue, or its value has left this one
   */
  remove(key: DelayKey<T>): Expired<T> {
    return this.takeOut(this.check("DelayQueue.remove", key));
  }

  /**
   * As {@link DelayQueue.remove}, but gives undefined if the value has left the queue.
   *
   * @param key - what its insertion gave
   */
  tryRemove(key: DelayKey<T>): Expired<T> | undefined {
    return this.has(key) ? this.takeOut(key) : undefined;
  }

  private takeOut(key: DelayKey<T>): Expired<T> {
    this.heap.remove(key);
    this.settle();
    return this.expired(key);
  }

  /**
   * Moves a deadline to `delay` from now, earlier or later; also that of a value that is due already.
   *
   * @param key - what the value's insertion gave
   * @param delay - from now
   * @throws InvalidArgumentError if the key is of another queue, its value has left this one, or `delay` is not a duration
   */
  reset(key: DelayKey<T>, delay: Duration): void {
    this.check("DelayQueue.reset", key);
    const ms = toMillis(delay, "DelayQueue.reset", "delay");
    this.move(key, tickAfter(this.time as TimeDriver, ms));
  }

  /**
   * Moves a deadline, earlier or later; also that of a value that is due already.
   *
   * @param key - what the value's insertion gave
   * @param deadline - on the runtime's clock
   * @throws InvalidArgumentError if the key is of another queue, its value has left this one, or `deadline` is not an Instant
   */
  resetAt(key: DelayKey<T>, deadline: Instant): void {
    this.check("DelayQueue.resetAt", key);
    checkDeadline("DelayQueue.resetAt", deadline);
    this.move(key, tickAt(this.time as TimeDriver, deadline));
  }

  private move(key: DelayKey<T>, tick: number): void {
    this.heap.remove(key);
    key.tick = tick;
    this.heap.push(key);
    this.settle();
  }

  /**
   * When a value is due.
   *
   * @param key - what its insertion gave
   * @throws InvalidArgumentError if the key is of another queue, or its value has left this one
   */
  deadline(key: DelayKey<T>): Instant {
    return this.instantOf(this.check("DelayQueue.deadline", key));
  }

  /** The key of the value that comes next; undefined if the queue is empty. */
  peek(): DelayKey<T> | undefined {
    return this.heap.first;
  }

  /** Takes every value out. A task that waits goes on with undefined. */
  clear(): void {
    this.heap.clear();
    this.settle();
  }

  /**
   * Waits until the first deadline has passed and takes its value out.
   *
   * **Cancel safety**: safe. When it loses a `select`, no value has left the queue.
   *
   * @returns undefined if the queue is empty, or becomes so while it waits; it can be used again
   * @throws MisuseError if another task is waiting on the queue; RuntimeShutdownError if its runtime has been shut down
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { DelayQueue } from "toki/util";
   *
   * await main(function* () {
   *   const queue = new DelayQueue<string>();
   *   console.log(yield* queue.next()); // undefined
   *   queue.insert("due", 5);
   *   console.log((yield* queue.next())?.value); // due
   * });
   * ```
   */
  next(): Future<Expired<T> | undefined> {
    return new Next(this, "next");
  }

  /**
   * One poll of {@link DelayQueue.next}, for hand-written futures. When the answer is `Pending`, the context's waker is woken once a value is due; when it
   * is undefined, once a value is inserted.
   *
   * @param cx - carries the waker
   * @returns a value that is due, undefined if the queue is empty, or `Pending`
   * @throws MisuseError if another task is waiting on the queue; RuntimeShutdownError if its runtime has been shut down
   */
  pollExpired(cx: Context): Poll<Expired<T> | undefined> {
    const value = this.pollFor(null, cx);
    this.idle = value === undefined ? cx.waker : null;
    return value;
  }

  /** @internal */
  pollFor(who: Future<unknown> | null, cx: Context): Poll<Expired<T> | undefined> {
    const { first } = this.heap;
    if (first !== undefined && this.time?.isShutdown) throw new RuntimeShutdownError("DelayQueue");
    this.startWaiting(who, cx.waker);
    if (first !== undefined) {
      if (!proceed(cx)) return Pending;
      if (!this.isDue(first)) {
        refund();
        this.arm(first);
        return Pending;
      }
    }
    this.endWait();
    this.disarm();
    if (first === undefined) return undefined;
    this.heap.remove(first);
    return this.expired(first);
  }

  /** @internal */
  override stopWaiting(who: Future<unknown>): void {
    if (this.waiting !== who) return;
    this.endWait();
    this.disarm();
  }

  /** The timer, and whoever waits, follow a change of the heap. */
  private settle(): void {
    this.disarm();
    if (this.waker === null) return;
    const { first } = this.heap;
    if (first === undefined || this.isDue(first)) this.wakeWaiter();
    else this.arm(first);
  }

  /** Sets the timer for the first entry, which is ahead. Where there are no timers any more, whoever waits is to find out. */
  private arm(first: DelayKey<T>): void {
    const { timer } = this;
    const time = this.time as TimeDriver;
    if (timer.timerSlot !== IDLE && timer.timerWhen === first.tick) return;
    this.disarm();
    timer.timerWhen = first.tick;
    if (time.isShutdown || !time.insert(timer)) this.wakeWaiter();
    else if (this.waker !== null) time.admit(timer, this.waker);
  }

  private disarm(): void {
    this.time?.remove(this.timer);
  }

  private isDue(key: DelayKey<T>): boolean {
    const time = this.time as TimeDriver;
    // The clock is read for what the last look at it did not find due: a deadline that lay behind from the start.
    return time.isDue(key.tick) || time.instantOf(key.tick) <= time.now();
  }

  private clock(where: string): TimeDriver {
    if (this.time === null) {
      this.rt = currentClock(where);
      this.time = this.rt.time;
    }
    return this.time;
  }

  private has(key: DelayKey<T>): boolean {
    return key instanceof DelayKey && key.heap === this.heap && key.index >= 0;
  }

  private check(where: string, key: DelayKey<T>): DelayKey<T> {
    if (this.has(key)) return key;
    const gone = key instanceof DelayKey && key.heap === this.heap;
    throw invalidArgument(where, "key", `the key of a value in this queue${gone ? ", which it has left" : ""}`, key);
  }

  private instantOf(key: DelayKey<T>): Instant {
    return new Instant((this.time as TimeDriver).instantOf(key.tick));
  }

  private expired(key: DelayKey<T>): Expired<T> {
    return { value: key.value, deadline: this.instantOf(key), key };
  }

  /** Takes every value out, as {@link DelayQueue.clear}. */
  [Symbol.dispose](): void {
    this.clear();
  }

  /**
   * Makes `for await (const expired of queue)` work in plain async code: values as they become due, until the queue is empty. Drives the runtime while it
   * waits. Leaving the loop takes nothing out.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Expired<T>, undefined, void> {
    return driveAsyncIterator(this.rt ?? current.runtime, () => this.next(), undefined);
  }

  /** @internal */
  describe(): string {
    return `DelayQueue (${this.heap.length} queued)`;
  }
}

function checkDeadline(where: string, deadline: Instant): void {
  if (!(deadline instanceof Instant)) throw invalidArgument(where, "deadline", "an Instant", deadline);
}

function tickAfter(time: TimeDriver, ms: number): number {
  const now = time.now();
  const tick = time.tickOf(now + Math.min(ms, FOREVER_MS));
  return ms <= 0 && time.instantOf(tick) > now ? tick - 1 : tick;
}

function tickAt(time: TimeDriver, deadline: Instant): number {
  return tickAfter(time, deadline.ms - time.now());
}
