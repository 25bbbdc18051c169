// Who searches, who sleeps, and whom to wake.
//
// Layout, in words from `base`:
//
//   offset   name     writer                             reader   ordering
//   0        LOCK     any                                any      atomic, see shared-lock.ts
//   1        STATE    holder of LOCK                     any      atomic; unparked workers << 16 | searching workers
//   2        WORKERS  init                               any      atomic; how many there are
//   16+16*w  PARK[w]  holder of LOCK; worker w (RUNNING) any      atomic; what worker w does
//   17+16*w  SEEKS[w] worker w                           holder of LOCK   1 while it searches; plain under LOCK, atomic in `leave`
//
// PARK[w] and SEEKS[w] have a cache line for each worker. The states of PARK[w], and who may change them:
//   RUNNING  -> PARKED     worker w, under LOCK (`enlist`)
//   PARKED   -> NOTIFIED   any thread, under LOCK (`wakeOne`); worker w is counted as searching from here on
//   PARKED   -> CALLED     any thread, under LOCK (`wake`, `wakeAll`); not counted as searching
//   PARKED   -> RUNNING    worker w, under LOCK (`leave`): it found work of its own while it was enlisted
//   NOTIFIED, CALLED -> RUNNING   worker w (`leave`)
// The sleepers are the workers whose word is PARKED. Under LOCK their number is `workers - unparked`.
//
// Nothing is lost, and no worker sleeps while work waits (the argument). Somebody makes work visible (a store to a
// queue's TAIL or STATE) and then calls `wakeOne`, which loads our STATE. Take the total order of all atomic operations:
//  a. The load finds a searching worker. Its decrement of STATE comes later in the order. If others search still, the
//     same holds for the last of them. If it is the last and found something, it calls `wakeOne` itself (`endSearch`
//     returned true): the argument starts again with that call. If it is the last and goes to sleep, `enlist` returns true
//     after the decrement: the worker looks at all queues again, finds the work, and calls `wakeOne`.
//  b. The load finds nobody searching, and a sleeper. One is woken, counted as searching before its PARK word changes:
//     case (a) holds for whatever is made visible from now on, and the woken worker looks at all queues.
//  c. The load finds nobody searching and nobody asleep: all run tasks, or are on their way to sleep without searching
//     because half of the others searched a moment ago. Whoever enlists afterwards either finds a searching worker in
//     STATE, whose end is case (a); or finds none, and then `enlist` returns true and it looks at all queues, after the
//     load and so after the work became visible.
// To move work from one queue to another makes it visible anew: between the two it is in neither, and whoever looked then did not see it. Who searches
// meanwhile is case (a) itself; who takes several tasks without searching calls `wakeOne` for those it has queued.
// The last clause of (c) is stricter than Tokio, where only a worker that was searching itself looks again: there, a worker that
// was not allowed to search can fall asleep just after the last searcher found work and saw nobody to wake. The
// work runs when that one is done, which may be long.
// One wake-up per piece of work is not promised: the searcher that finds work wakes the next one, and so on.
//
// Work for one particular worker (its own inbox) is different: the sender writes the inbox atomically and then calls
// `wake(w)`, which loads PARK[w]; the worker stores PARKED there (`enlist`) and then looks at its inbox. In the total order
// either the load comes after the store, and the worker is woken, or the look comes after the write, and sees it.
//
// Going to sleep compares the word with PARKED in the same step. Each change away from PARKED by another thread is
// followed by a notification of all waiters of the word, so a worker does not sleep through it (parker.ts). The notification comes after LOCK is free: it may
// cost the waker its processor.
//
// A thread that dies. STATE follows from the other words: a worker is unparked unless PARK says PARKED, and searches if SEEKS says so or PARK says
// NOTIFIED. All of them change under LOCK, but for `leave`, which moves a worker from NOTIFIED to SEEKS and so changes no sum. So whoever has LOCK can
// count anew (`recount`): who breaks the lock of a dead does, and `bury` makes of a dead worker one that runs and does not search. Whoever clears up after a
// thread that had LOCK written down notifies all who were woken (`notifyWoken`): it may have changed a word and not said so. Then somebody has
// to call `wakeOne`: what made the dead search may be there still. The thread that replaces it calls `leave` first, and is what the dead one was, if nobody buried it.
//
// ATOMICS: the loads of STATE outside of LOCK are those of the argument above.
import type { Memory } from "../../../memory/memory.js";
import { IDLE, SharedLock } from "../../../memory/shared-lock.js";

const LOCK = 0;
const STATE = 1;
const WORKERS = 2;
const PARK = 16;
const SEEKS = 1;
const PARK_STRIDE = 16;

const RUNNING = 0;
const PARKED = 1;
const NOTIFIED = 2;
const CALLED = 3;

const UNPARKED = 1 << 16;
const SEARCHING = 0xffff;

/** The most workers a runtime can have: as many as half a word counts with its sign left alone. */
export const MAX_WORKERS = 0x7fff;

/** What `wakeOne` returns when nobody was woken. */
export const NOBODY = -1;

export class Idle {
  readonly workers: number;
  private readonly memory: Memory;
  private readonly base: number;
  private readonly lock: SharedLock;

  constructor(memory: Memory, base: number, workers: number) {
    this.memory = memory;
    this.base = base;
    this.workers = workers;
    this.lock = new SharedLock(memory, base + LOCK, IDLE);
  }

  /** How many words it takes. */
  static words(workers: number): number {
    return PARK + PARK_STRIDE * workers;
  }

  /** Prepares the words, before any thread uses them: every worker runs, none searches. */
  static init(memory: Memory, base: number, workers: number): void {
    memory.store(base + LOCK, 0);
    memory.store(base + STATE, workers * UNPARKED);
    memory.store(base + WORKERS, workers);
    for (let worker = 0; worker < workers; worker++) {
      memory.store(base + PARK + PARK_STRIDE * worker, RUNNING);
      memory.store(base + PARK + PARK_STRIDE * worker + SEEKS, 0);
    }
  }

  /** How many workers search. */
  get searching(): number {
    return this.memory.load(this.base + STATE) & SEARCHING;
  }

  /** How many workers are not asleep. */
  get unparked(): number {
    return this.memory.load(this.base + STATE) >>> 16;
  }

  /** The word on which a worker sleeps, and the value it has meanwhile. */
  parkWord(worker: number): number {
    return this.base + PARK + PARK_STRIDE * worker;
  }

  isParked(worker: number): boolean {
    return this.memory.load(this.parkWord(worker)) === PARKED;
  }

  /**
   * Any thread, after it made work visible: wakes a sleeping worker, unless one is searching already. Returns its number
   * or `NOBODY`. The worker with the lowest number goes first, so that under little load the others stay asleep.
   */
  wakeOne(): number {
    if (!this.shouldWake()) return NOBODY;
    this.lock.lock();
    let worker = NOBODY;
    if (this.shouldWake()) {
      worker = this.firstParked();
      if (worker !== NOBODY) this.unpark(worker, NOTIFIED, UNPARKED + 1);
    }
    if (worker === NOBODY) this.lock.unlock();
    else this.lock.unlockAndWake(this.parkWord(worker));
    return worker;
  }

  /** Any thread: wakes this worker, if it sleeps, because there is work only it can do. */
  wake(worker: number): boolean {
    if (!this.isParked(worker)) return false;
    this.lock.lock();
    const parked = this.isParked(worker);
    if (parked) {
      this.unpark(worker, CALLED, UNPARKED);
      this.lock.unlockAndWake(this.parkWord(worker));
    } else this.lock.unlock();
    return parked;
  }

  /** Any thread: wakes all who sleep, for the end of the runtime. */
  wakeAll(): void {
    for (let worker = 0; worker < this.workers; worker++) this.wake(worker);
  }

  /** A worker without work: may it search the queues of others? False when half of the workers search already. */
  beginSearch(worker: number): boolean {
    if (2 * this.searching >= this.workers) return false;
    this.lock.lock();
    const allowed = 2 * this.searching < this.workers;
    if (allowed) {
      this.memory.write(this.parkWord(worker) + SEEKS, 1);
      this.memory.add(this.base + STATE, 1);
    }
    this.lock.unlock();
    return allowed;
  }

  /** A searching worker that found a task, before it runs it. If true, it was the last one and must call `wakeOne`. */
  endSearch(worker: number): boolean {
    this.lock.lock();
    this.memory.write(this.parkWord(worker) + SEEKS, 0);
    const before = this.memory.sub(this.base + STATE, 1);
    this.lock.unlock();
    return (before & SEARCHING) === 1;
  }

  /**
   * A worker without work, before it sleeps; `searching` says whether it is counted as such (it is not any more). If true,
   * nobody searches now: it must look at all queues again, and call `wakeOne` if there is anything.
   */
  enlist(worker: number, searching: boolean): boolean {
    this.lock.lock();
    // Before STATE: a worker that is counted as asleep can be found.
    this.memory.write(this.parkWord(worker) + SEEKS, 0);
    this.memory.store(this.parkWord(worker), PARKED);
    const before = this.memory.sub(this.base + STATE, searching ? UNPARKED + 1 : UNPARKED);
    this.lock.unlock();
    return (before & SEARCHING) === (searching ? 1 : 0);
  }

  /**
   * An enlisted worker that was woken, or found work by itself; or a thread that takes the place of a dead worker. Returns whether it now counts as searching: then it
   * must look at all queues and end its search.
   */
  leave(worker: number): boolean {
    const { memory } = this;
    const word = this.parkWord(worker);
    if (memory.load(word) === PARKED) {
      this.lock.lock();
      const parked = memory.load(word) === PARKED;
      if (parked) {
        memory.store(word, RUNNING);
        memory.add(this.base + STATE, UNPARKED);
      }
      this.lock.unlock();
      if (parked) return false;
    }
    // Nobody but this worker changes the word any more. It is counted as searching before and after.
    // Before the exchange: a recount that finds the word changed finds this too.
    if (memory.load(word) === NOTIFIED) memory.store(word + SEEKS, 1);
    memory.exchange(word, RUNNING);
    return memory.read(word + SEEKS) === 1;
  }

  /** A worker's thread is no more: counts it as one that runs and does not search. */
  bury(worker: number): void {
    const { memory, base } = this;
    const word = this.parkWord(worker);
    this.lock.lock();
    memory.store(word, RUNNING);
    memory.write(word + SEEKS, 0);
    Idle.recount(memory, base + LOCK);
    this.lock.unlock();
  }

  /** Counts the workers anew. For the holder of LOCK, which is the word `lock`, or whoever clears up after it. */
  static recount(memory: Memory, lock: number): void {
    const base = lock - LOCK;
    const workers = memory.load(base + WORKERS);
    let state = 0;
    for (let worker = 0; worker < workers; worker++) {
      const word = base + PARK + PARK_STRIDE * worker;
      const park = memory.load(word);
      if (park !== PARKED) state += UNPARKED;
      if (park === NOTIFIED || memory.load(word + SEEKS) === 1) state++;
    }
    memory.store(base + STATE, state);
  }

  /** Wakes the workers that were woken by a thread which ended before it could tell them. Needless otherwise, and harmless. `lock` is the word LOCK. */
  static notifyWoken(memory: Memory, lock: number): void {
    const base = lock - LOCK;
    const workers = memory.load(base + WORKERS);
    for (let worker = 0; worker < workers; worker++) {
      const word = base + PARK + PARK_STRIDE * worker;
      if (memory.load(word) !== PARKED) memory.notify(word, Number.POSITIVE_INFINITY);
    }
  }

  /** Blocks the worker's thread until another thread wakes it. For threads without an event loop to serve. */
  sleep(worker: number): void {
    const word = this.parkWord(worker);
    while (this.memory.load(word) === PARKED) this.memory.wait(word, PARKED);
  }

  /** The value of `parkWord` while its worker sleeps. */
  static readonly PARKED = PARKED;

  private shouldWake(): boolean {
    const state = this.memory.load(this.base + STATE);
    return (state & SEARCHING) === 0 && state >>> 16 < this.workers;
  }

  private firstParked(): number {
    for (let worker = 0; worker < this.workers; worker++) if (this.isParked(worker)) return worker;
    return NOBODY;
  }

  /** Under LOCK, after which the worker is to be notified. STATE first: a worker that runs again is counted already. */
  private unpark(worker: number, as: number, count: number): void {
    this.memory.add(this.base + STATE, count);
    this.memory.store(this.parkWord(worker), as);
  }
}
