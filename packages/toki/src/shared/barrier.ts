import type { Future } from "../future/future.js";
import { registerCrossing } from "../portable/codec/crossing.js";
import { type BarrierWaitResult, FOLLOWER, LEADER } from "../sync/barrier-wait-result.js";
import { ARRIVED, arrive, BARRIER_QUEUE, kind, N } from "./barrier-kind.js";
import { BarrierWait } from "./barrier-wait.js";
import { sharing } from "./crossing.js";
import { SharedHandle } from "./handle.js";
import { NONE } from "./layout.js";
import { permitCount } from "./permit-count.js";
import { Share } from "./share.js";
import { blockFor, mayBlock } from "./waiter.js";

/**
 * A point where a number of tasks, of any threads, wait for each other: nobody goes on before all have arrived. Can be used again and again; each round has
 * one leader.
 *
 * As `Barrier` of `toki/sync`.
 *
 * Threads: can be sent to other threads, which then have a handle each to the same barrier. Who has arrived counts, also if its thread dies then; one that
 * dies before is missed for ever.
 *
 * @example
 * ```ts
 * import { fn, join, main, spawn } from "toki";
 * import { AtomicCell, Barrier } from "toki/shared";
 *
 * export const phases = fn(import.meta, function* phases(barrier: Barrier, done: AtomicCell<number>) {
 *   done.fetchAdd(1);
 *   yield* barrier.wait();
 *   return done.load(); // all have done the first phase
 * });
 *
 * await main(function* () {
 *   const [barrier, done] = [new Barrier(2), new AtomicCell(0)];
 *   console.log(yield* join(spawn(phases(barrier, done)), spawn(phases(barrier, done)))); // [ 2, 2 ]
 * });
 * ```
 */
export class Barrier extends SharedHandle {
  /**
   * @param n - how many have to arrive; 0 behaves as 1: nobody waits
   * @throws InvalidArgumentError if `n` is not a whole number from 0 to 2^30 - 1
   */
  constructor(n: number);
  /** @internal */
  constructor(n: number, share?: Share);
  constructor(n: number, share?: Share) {
    if (share === undefined) permitCount("new Barrier", "n", n, 0);
    super(share ?? Share.create(kind, (memory, object) => memory.write(object + N, Math.max(1, n))));
  }

  /**
   * Arrives, and waits until as many have as the barrier is for. One of them, the last to arrive, is told that it is the leader.
   *
   * **Cancel safety**: not safe. Who has arrived counts, even if its wait is dropped then: the others go on one short, and a second `wait` counts again.
   *
   * @throws DisposedError if this handle was disposed
   */
  wait(): Future<BarrierWaitResult> {
    this.open("wait");
    return new BarrierWait(this);
  }

  /**
   * As {@link Barrier.wait}, blocking the thread: for threads that may block, as those of `spawnBlocking`.
   *
   * @throws MisuseError on a thread that runs tasks
   * @throws DisposedError if this handle was disposed
   *
   * @example
   * ```ts
   * import { Barrier } from "toki/shared";
   *
   * console.log(new Barrier(1).blockingWait()); // { isLeader: true }
   * ```
   */
  blockingWait(): BarrierWaitResult {
    const share = this.open("blockingWait");
    const { thread, object, lock } = share;
    mayBlock("Barrier.blockingWait", thread);
    thread.prepare();
    lock.lock();
    const isLeader = arrive(thread, object);
    const waiter = isLeader ? NONE : thread.enqueue(share, object + BARRIER_QUEUE, 1, 1, 1);
    thread.unlock(lock);
    if (isLeader) return LEADER;
    blockFor(share, waiter, Number.POSITIVE_INFINITY);
    return FOLLOWER;
  }

  /** Another handle to this barrier. */
  clone(): Barrier {
    return new Barrier(0, this.open("clone").use());
  }

  /** @internal */
  report(): string {
    const { share } = this;
    if (!share.isLive) return "disposed";
    return `${share.peek(ARRIVED)}/${share.peek(N)} arrived`;
  }
}

registerCrossing(
  Barrier.prototype,
  sharing<Barrier>(kind, (share) => new Barrier(0, share)),
  import.meta.url,
);
