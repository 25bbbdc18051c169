/*
 * A barrier counts who arrives. The last of a generation resets the count, lets everybody go who waits, and is the leader; who comes then is of the next
 * generation. So the queue never has waiters of two.
 *
 * A wait:
 *
 *   INIT      not polled: has not arrived
 *   WAITING   has arrived, and is in the queue or was let go: `waiter.state` says which
 *   OVER      delivered, or dropped. One that has arrived still counts
 */
import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { proceed, refund } from "../task/coop.js";
import { type BarrierWaitResult, FOLLOWER, LEADER } from "./barrier-wait-result.js";
import { integer } from "./integer.js";
import { Waiter, WaiterQueue } from "./waiter-queue.js";

const QUEUED = 1;
const LET_GO = 0;

class Wait extends Future<BarrierWaitResult> {
  private readonly barrier: Barrier;
  private waiter: Waiter | null = null;
  private isOver = false;

  constructor(barrier: Barrier) {
    super();
    this.barrier = barrier;
  }

  poll(cx: Context): Poll<BarrierWaitResult> {
    if (this.isOver) throw polledAfterCompletion(this.describe());
    if (!proceed(cx)) return Pending;
    const { waiter } = this;
    if (waiter === null) {
      if (this.barrier.arrive()) {
        this.isOver = true;
        this.barrier.open();
        return LEADER;
      }
      this.waiter = new Waiter(QUEUED, cx.waker);
      this.barrier.waiters.push(this.waiter);
    } else if (waiter.state === LET_GO) {
      this.isOver = true;
      return FOLLOWER;
    } else waiter.watch(this as Future<unknown>, cx.waker);
    refund();
    return Pending;
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.isOver = true;
    this.waiter = null;
    if (waiter === null) return;
    waiter.waker = null;
    if (waiter.state === QUEUED) {
      waiter.state = LET_GO;
      this.barrier.waiters.remove(waiter);
    }
  }

  override describe(): string {
    return `Barrier wait (${this.barrier.arrived}/${this.barrier.n} arrived)`;
  }
}

/**
 * A point where a number of tasks wait for each other: nobody goes on before all have arrived. Can be used again and again; each round has one leader.
 *
 * @example
 * ```ts
 * import { fn, join, main } from "toki";
 * import { Barrier } from "toki/sync";
 *
 * const log: string[] = [];
 * const barrier = new Barrier(2);
 *
 * const phases = fn(function* phases() {
 *   log.push("first");
 *   const { isLeader } = yield* barrier.wait();
 *   if (isLeader) log.push("between"); // by one of them
 *   yield* barrier.wait();
 *   log.push("second");
 * });
 *
 * await main(function* () {
 *   yield* join(phases(), phases());
 *   console.log(log.join()); // first,first,between,second,second
 * });
 * ```
 */
export class Barrier {
  /** @internal */
  readonly n: number;
  /** @internal */
  arrived = 0;
  /** @internal */
  readonly waiters = new WaiterQueue();

  /**
   * @param n - how many have to arrive; 0 behaves as 1: nobody waits
   * @throws InvalidArgumentError if `n` is not a whole number, 0 or more
   */
  constructor(n: number) {
    integer("new Barrier", "n", n, 0);
    this.n = Math.max(1, n);
  }

  /**
   * Arrives, and waits until as many have as the barrier is for. One of them, the last to arrive, is told that it is the leader.
   *
   * **Cancel safety**: not safe. Who has arrived counts, even if its wait is dropped then: the others go on one short, and a second `wait` counts again.
   */
  wait(): Future<BarrierWaitResult> {
    return new Wait(this);
  }

  /** @internal Counts one more; true if it was the last, who has to `open`. */
  arrive(): boolean {
    if (++this.arrived < this.n) return false;
    this.arrived = 0;
    return true;
  }

  /** @internal */
  open(): void {
    this.waiters.release(LET_GO);
  }
}
