/*
 * The receiving half, on one thread. `seen` is the version it has seen. `waits` are those of its futures that have a waiter: in the queue, or told and not
 * polled since.
 */
import type { Context } from "../../future/context.js";
import type { Future } from "../../future/future.js";
import type { Waker } from "../../future/waker.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { registerCrossing } from "../../portable/codec/crossing.js";
import { reportForgotten } from "../../sync/forgotten.js";
import { Changed, type ChangeFuture, forget, type Look, WaitFor } from "../../sync/watch/change-future.js";
import { WatchRecvError } from "../../sync/watch/error.js";
import { checkFunction, checkResult } from "../../sync/watch/modify.js";
import { valuesOf } from "../../sync/watch/values.js";
import { sharing } from "../crossing.js";
import { SharedHandle } from "../handle.js";
import { NONE, STATE } from "../layout.js";
import { QUEUED, remove } from "../queue.js";
import type { Share } from "../share.js";
import { blockFor, mayBlock, type Waiter } from "../waiter.js";
import {
  addTo,
  CHANGED,
  CHANGING,
  FORGOTTEN,
  HELD_RECEIVERS,
  kind,
  look,
  RECEIVERS,
  SENDERS,
  takeFrom,
  VERSION,
} from "./channel.js";

const addReceiver = addTo(RECEIVERS);
const dropReceiver = takeFrom(RECEIVERS);

/**
 * The receiving half of a shared {@link watch} channel: sees the latest value, and waits for a newer one. Values that were replaced before anybody looked
 * are not seen.
 *
 * It remembers which version it has seen. Tasks that wait for themselves need a receiver each: {@link WatchReceiver.clone}, or
 * {@link WatchSender.subscribe}. Dispose it when it is not needed any more: senders can tell whether anybody listens.
 *
 * Threads: one that is sent to another thread is a clone for that thread, which has seen what this one has; this thread keeps its own.
 *
 * @example
 * ```ts
 * import { fn, main, spawn, yieldNow } from "toki";
 * import { watch } from "toki/shared";
 *
 * export const work = fn(import.meta, function* work(shutdown: watch.Receiver<boolean>) {
 *   using rx = shutdown;
 *   let rounds = 0;
 *   for (; !rx.borrow(); rounds++) yield* yieldNow();
 *   return rounds > 0;
 * });
 *
 * await main(function* () {
 *   const [tx, rx] = watch(false);
 *   const worker = spawn(work(rx));
 *   tx.send(true);
 *   yield* worker;
 *   console.log("all have stopped");
 * });
 * ```
 */
export class WatchReceiver<T> extends SharedHandle implements AsyncIterable<T> {
  private seen: number;
  private readonly waits: ChangeFuture<unknown>[] = [];

  /** @internal The receiver is counted in the channel already. */
  constructor(share: Share, seen: number) {
    super(share);
    this.seen = seen;
    share.count(HELD_RECEIVERS, 1);
  }

  /**
   * Waits until there is a value that this receiver has not seen, and marks it as seen. Ready at once if there is one already. However many were sent
   * meanwhile, that is one change: read the latest with {@link WatchReceiver.borrowAndUpdate}.
   *
   * **Cancel safety**: safe; a dropped `changed` has marked nothing as seen.
   *
   * @throws WatchRecvError if all senders, on all threads, were disposed and the last value has been seen
   * @throws DisposedError if the receiver was disposed, before or while waiting
   */
  changed(): Future<void> {
    this.open("changed");
    return new Changed(this);
  }

  /**
   * Waits for a value that `predicate` accepts, and marks it as seen. The first to be tested is the one there is now, whether it was seen or not.
   *
   * **Cancel safety**: safe; what was tested counts as seen.
   *
   * @param predicate - called with a copy of each value that is found; what it throws is thrown here
   * @returns the copy it has accepted
   * @throws WatchRecvError if all senders, on all threads, were disposed, and the last value is none that is accepted
   * @throws DisposedError if the receiver was disposed, before or while waiting
   * @throws InvalidArgumentError if `predicate` is not a synchronous function
   */
  waitFor<S extends T>(predicate: (value: T) => value is S): Future<S>;
  waitFor(predicate: (value: T) => boolean): Future<T>;
  waitFor(predicate: (value: T) => boolean): Future<T> {
    this.open("waitFor");
    checkFunction("WatchReceiver.waitFor", "predicate", predicate);
    return new WaitFor<T>(this, predicate as (value: unknown) => boolean);
  }

  /**
   * As {@link WatchReceiver.changed}, blocking the thread: for threads that may block, as those of `spawnBlocking`.
   *
   * @throws WatchRecvError if all senders, on all threads, were disposed and the last value has been seen
   * @throws MisuseError on a thread that runs tasks
   * @throws DisposedError if the receiver was disposed
   *
   * @example
   * ```ts
   * import { watch } from "toki/shared";
   *
   * const [tx, rx] = watch(1);
   * tx.send(2);
   * rx.blockingChanged(); // fine outside of tasks
   * console.log(rx.borrow()); // 2
   * ```
   */
  blockingChanged(): void {
    this.block("blockingChanged");
  }

  /**
   * As {@link WatchReceiver.waitFor}, blocking the thread: for threads that may block.
   *
   * @param predicate - called with a copy of each value that is found; what it throws is thrown here
   * @returns the copy it has accepted
   * @throws WatchRecvError if all senders, on all threads, were disposed, and the last value is none that is accepted
   * @throws MisuseError on a thread that runs tasks
   * @throws DisposedError if the receiver was disposed
   * @throws InvalidArgumentError if `predicate` is not a synchronous function
   */
  blockingWaitFor<S extends T>(predicate: (value: T) => value is S): S;
  blockingWaitFor(predicate: (value: T) => boolean): T;
  blockingWaitFor(predicate: (value: T) => boolean): T {
    const where = "WatchReceiver.blockingWaitFor";
    mayBlock(where, this.open("blockingWaitFor").thread);
    checkFunction(where, "predicate", predicate);
    for (;;) {
      const value = this.see("blockingWaitFor");
      const isIt = predicate(value);
      checkResult(where, "predicate", predicate, isIt);
      if (isIt) return value;
      this.block("blockingWaitFor");
    }
  }

  /** Blocks until there is a version that was not seen. */
  private block(method: string): void {
    const share = this.open(method);
    const { thread } = share;
    mayBlock(`WatchReceiver.${method}`, thread);
    for (;;) {
      let waiter = NONE;
      const found = this.look(share, false, (queue) => {
        waiter = thread.enqueue(share, queue, 1, 1, 1);
      });
      if (found === "ended") throw new WatchRecvError();
      if (found === "changed") return;
      this.warn(share);
      blockFor(share, waiter, Number.POSITIVE_INFINITY);
    }
  }

  /**
   * A copy of the latest value. Does not mark it as seen: `changed` will report it still. In a loop over changes use {@link WatchReceiver.borrowAndUpdate}.
   *
   * @throws DisposedError if the receiver was disposed
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   */
  borrow(): T {
    return look(this.open("borrow"), "WatchReceiver.borrow").value as T;
  }

  /**
   * A copy of the latest value, which is marked as seen.
   *
   * @throws DisposedError if the receiver was disposed
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   */
  borrowAndUpdate(): T {
    return this.see("borrowAndUpdate");
  }

  /**
   * Whether there is a value that this receiver has not seen.
   *
   * @throws WatchRecvError if all senders, on all threads, were disposed, even if the last value was not seen
   * @throws DisposedError if the receiver was disposed
   */
  hasChanged(): boolean {
    const share = this.open("hasChanged");
    if (share.peek(SENDERS) === 0) throw new WatchRecvError();
    return share.peek(VERSION) !== this.seen;
  }

  /**
   * Makes this receiver, and no other, report the value it has as a change.
   *
   * @throws DisposedError if the receiver was disposed
   *
   * @example
   * ```ts
   * import { watch } from "toki/shared";
   *
   * const [, rx] = watch("initial");
   * rx.markChanged();
   * console.log(rx.hasChanged()); // true: a loop over changes begins with the initial value
   * ```
   */
  markChanged(): void {
    const { thread, object, lock } = this.open("markChanged");
    const { memory } = thread;
    lock.lock();
    this.seen = (memory.read(object + VERSION) - 1) | 0;
    for (const wait of this.waits) {
      const { block } = wait.waiter as Waiter;
      if (memory.read(block + STATE) !== QUEUED) continue;
      remove(memory, block);
      thread.tell(block, CHANGED);
    }
    thread.unlock(lock);
  }

  /**
   * Marks the latest value as seen without looking at it.
   *
   * @throws DisposedError if the receiver was disposed
   */
  markUnchanged(): void {
    this.seen = this.open("markUnchanged").peek(VERSION);
  }

  /**
   * Another receiver of the same channel, which has seen what this one has.
   *
   * @throws DisposedError if the receiver was disposed
   */
  clone(): WatchReceiver<T> {
    const share = this.open("clone");
    addReceiver(share.object);
    return new WatchReceiver<T>(share.use(), this.seen);
  }

  /** Whether `other` receives from the same channel. */
  sameChannel(other: WatchReceiver<T>): boolean {
    if (!(other instanceof WatchReceiver)) {
      throw invalidArgument("WatchReceiver.sameChannel", "other", "a WatchReceiver", other);
    }
    return this.share === other.share;
  }

  /**
   * Values for plain async code: `for await (const value of rx)`. The first is the one there is when the loop begins, seen or not; then each that is new when
   * the loop comes back. Ends when all senders were disposed; leaving the loop early leaves the receiver as it is.
   *
   * Under `rt.enter()` the loop drives that runtime while it waits. Otherwise something else has to drive the runtime of the senders.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    this.open("for await");
    return valuesOf<T>(this);
  }

  /** Gives the receiver up. What waits for it fails; when the last one is given up, on any thread, the channel is closed, until a sender makes another. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
  }

  /** @internal */
  override giveUp(): void {
    const { share } = this;
    const wakers: Waker[] = [];
    for (const wait of this.waits.splice(0)) {
      const waiter = wait.waiter as Waiter;
      wait.waiter = null;
      if (waiter.waker !== null) wakers.push(waiter.waker);
      share.thread.leave(waiter);
    }
    share.count(HELD_RECEIVERS, -1);
    dropReceiver(share);
    for (const waker of wakers) waker.wake();
  }

  /** @internal */
  pollChange(wait: ChangeFuture<unknown>, cx: Context): Look {
    const share = this.open("changed");
    const { thread } = share;
    const waiter = wait.waiter as Waiter | null;
    let wasTold = false;
    if (waiter !== null) {
      if (!waiter.hasArrived) {
        waiter.watch(wait, cx.waker);
        return "waiting";
      }
      wasTold = waiter.state === CHANGED;
      forget(this.waits, wait);
      thread.finish(waiter);
    }
    const found = this.look(share, wasTold, (queue) => {
      wait.waiter = thread.join(share, queue, 1, 1);
    });
    if (found === "waiting") {
      this.waits.push(wait);
      thread.enter(wait.waiter as unknown as Waiter, cx.waker);
      this.warn(share);
    }
    return found;
  }

  /** What there is; if nothing, `join` joins the queue. */
  private look({ thread, object, lock }: Share, wasTold: boolean, join: (queue: number) => void): Look {
    const { memory } = thread;
    thread.prepare();
    lock.lock();
    const version = memory.read(object + VERSION);
    const isNew = wasTold || version !== this.seen;
    const hasEnded = !isNew && memory.load(object + SENDERS) === 0;
    if (!isNew && !hasEnded) join(object + CHANGING);
    lock.unlock();
    if (isNew) this.seen = version;
    return isNew ? "changed" : hasEnded ? "ended" : "waiting";
  }

  /** @internal */
  stopWaiting(wait: ChangeFuture<unknown>): void {
    const waiter = wait.waiter as Waiter;
    forget(this.waits, wait);
    this.share.thread.leave(waiter);
  }

  /** @internal */
  see(method: string): T {
    const { value, version } = look(this.open(method), `WatchReceiver.${method}`);
    this.seen = version;
    return value as T;
  }

  /** @internal */
  summary(): string {
    const { share } = this;
    if (!share.isLive) return "disposed";
    const senders = share.peek(SENDERS);
    const news = share.peek(VERSION) === this.seen ? "no change" : "changed";
    return `${news}, ${senders === 1 ? "1 sender" : `${senders} senders`}`;
  }

  private warn(share: Share): void {
    if (share.peek(FORGOTTEN) > 0) reportForgotten("watch", "WatchSender");
  }
}

/** @internal */
export const WATCH_RECEIVER = 35;

registerCrossing(
  WatchReceiver.prototype,
  sharing<WatchReceiver<unknown>>(kind, (share, seen) => new WatchReceiver(share, seen), {
    as: WATCH_RECEIVER,
    word: (rx) => (rx as unknown as { seen: number }).seen,
    onSend: addReceiver,
    onDrop: dropReceiver,
  }),
  import.meta.url,
);
