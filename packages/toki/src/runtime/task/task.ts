/*
 * A task: one spawned future, its place in the scheduler, and its result.
 *
 * State word, one bit each; all on the task's own thread:
 *
 *   SCHEDULED   in a run queue, or woken while running: exactly one queue entry exists, however often it is woken
 *   RUNNING     being polled
 *   CANCEL      cancellation was requested: the next poll unwinds instead
 *   COMPLETE    over; `slot` turned from the future to its value, the thrown error or nothing, as one of the next two says
 *   FAILED      ... it threw (Tokio's panic)
 *   CANCELLED   ... it was cancelled and its cleanup has ended
 *   ROOT        the body of run()/blockOn(): no id, no hooks, not counted
 *   JOINED      somebody has seen the outcome: a failure is not reported
 *   YIELDED     with SCHEDULED, during a poll: to be queued behind every runnable task
 *   LISTED      in the runtime's list of tasks: from its first Pending on. Before that a run queue has it, and many tasks end at their first poll
 *   FORCE       the time for cleanup is over: unwinding no longer waits
 *
 *   REMOTE      another thread runs it; `slot` is a RemoteFuture, which wants to know when somebody waits for the outcome
 *
 *   wake:      0 -> SCHEDULED, pushed. RUNNING -> RUNNING|SCHEDULED, not pushed: the executor pushes it when the poll returns Pending.
 *              SCHEDULED or COMPLETE: nothing. So no wake is lost (a wake during a poll leads to another poll) and none is doubled.
 *   poll:      SCHEDULED -> RUNNING -> COMPLETE, or RUNNING -> 0 | SCHEDULED
 *   abort:     sets CANCEL and wakes. During RUNNING it takes effect when the poll returns Pending; if the poll completes, the value wins.
 */
import type { Future } from "../../future/future.js";
import { Waker } from "../../future/waker.js";
import { keepShape } from "../../internal/keep-shape.js";
import type { RuntimeCore } from "../core.js";
import type { RemoteFuture } from "../scheduler/multi-thread/remote-future.js";
import type { TaskExtra } from "./task-extra.js";

export const SCHEDULED = 1;
export const RUNNING = 2;
export const CANCEL = 4;
export const COMPLETE = 8;
export const FAILED = 16;
export const CANCELLED = 32;
export const ROOT = 64;
export const JOINED = 128;
export const FORCE = 256;
export const LISTED = 512;
export const YIELDED = 1024;
export const REMOTE = 2048;

/** @internal */
export class Task<T> extends Waker {
  state: number;
  readonly id: number;
  readonly rt: RuntimeCore;
  /** The future until the task is over, then its outcome: one field, because a program may have a million tasks. */
  slot: unknown;
  /** Who waits for the outcome: nobody, one waker (the usual case), or several. */
  joiners: Waker | Waker[] | null;
  /** What few tasks have: a name, an async context, hook data. */
  extra: TaskExtra | null;
  /** Neighbours in the runtime's list of tasks, while LISTED. */
  prev: Task<unknown> | null;
  following: Task<unknown> | null;

  constructor(rt: RuntimeCore, future: Future<T>, id: number, state: number) {
    super();
    this.state = state;
    this.id = id;
    this.rt = rt;
    this.slot = future;
    this.joiners = null;
    this.extra = null;
    this.prev = null;
    this.following = null;
  }

  wake(): void {
    const state = this.state;
    if ((state & (SCHEDULED | COMPLETE)) !== 0) return;
    this.state = state | SCHEDULED;
    if ((state & RUNNING) === 0) this.rt.executor.schedule(this as Task<unknown>);
  }

  /** Wakes the task, which is running, to go on behind every runnable task. */
  yieldTurn(): void {
    this.state |= SCHEDULED | YIELDED;
  }

  override get owner(): Task<unknown> {
    return this as Task<unknown>;
  }

  /** What the task runs; null once it is over. */
  get future(): Future<T> | null {
    return (this.state & COMPLETE) !== 0 ? null : (this.slot as Future<T>);
  }

  /** The value, or what was thrown; undefined until the task is over. */
  get output(): unknown {
    return (this.state & COMPLETE) !== 0 ? this.slot : undefined;
  }

  get isComplete(): boolean {
    return (this.state & COMPLETE) !== 0;
  }

  /** Requests cancellation. The task is over once its cleanup has ended. */
  abort(): void {
    if ((this.state & (COMPLETE | CANCEL)) !== 0) return;
    this.state |= CANCEL;
    this.future?.onAbort();
    this.wake();
  }

  /** Cuts cleanup short: its awaits stop waiting. Only for a task that was aborted. */
  forceUnwind(): void {
    if ((this.state & COMPLETE) !== 0) return;
    this.state |= CANCEL | FORCE;
    this.wake();
  }

  /** Ends the task. Called by the executor alone. */
  complete(outcome: number, output: unknown): void {
    this.slot = output;
    this.state = (this.state & (ROOT | JOINED | CANCEL)) | COMPLETE | outcome;
    const joiners = this.joiners;
    if (joiners !== null) {
      this.joiners = null;
      if (joiners instanceof Waker) joiners.wake();
      else for (const joiner of joiners) joiner.wake();
    }
  }

  addJoiner(waker: Waker): void {
    const joiners = this.joiners;
    if (joiners === null) {
      this.joiners = waker;
      if ((this.state & REMOTE) !== 0) (this.slot as RemoteFuture).want();
    } else if (joiners instanceof Waker) {
      if (!joiners.willWake(waker)) this.joiners = [joiners, waker];
    } else if (!joiners.some((joiner) => joiner.willWake(waker))) joiners.push(waker);
  }

  removeJoiner(waker: Waker): void {
    const joiners = this.joiners;
    if (joiners === null) return;
    if (joiners instanceof Waker) {
      if (joiners.willWake(waker)) this.joiners = null;
      return;
    }
    const left = joiners.filter((joiner) => !joiner.willWake(waker));
    this.joiners = left.length === 0 ? null : left;
  }
}

keepShape(new Task(null as unknown as RuntimeCore, null as unknown as Future<void>, 0, 0));
