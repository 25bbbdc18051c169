/*
 * Join: several futures on one task, none of them spawned.
 *
 * RUNNING: each wake polls the unfinished branches, beginning one further along each time (biased: always at the first). CANCELLING: a branch threw, or the
 * join itself was cancelled. See combinator.ts.
 */
import type { Context } from "../future/context.js";
import type { AwaitEdge, Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { CANCELLING, Combinator, DONE, RUNNING } from "./combinator.js";
import type { OutputOf } from "./output.js";

class Join extends Combinator<unknown[]> {
  private start = 0;
  private readonly results: unknown[];
  private readonly biased: boolean;
  private readonly name: string;

  constructor(futures: Future<unknown>[], biased: boolean, name: string) {
    super(futures);
    this.results = new Array(futures.length).fill(undefined);
    this.biased = biased;
    this.name = name;
  }

  poll(cx: Context): Poll<unknown[]> {
    this.adopt(cx);
    const { branches } = this;
    if (this.state === DONE) throw polledAfterCompletion(this.name);
    if (this.state === RUNNING && !this.pollBranches(cx)) {
      if (branches.left > 0) return Pending;
      this.state = DONE;
      return this.results;
    }
    if (branches.pollCancelAll(cx) === Pending) return Pending;
    this.state = DONE;
    throw branches.error;
  }

  /** Polls what is unfinished; true once a branch has thrown. */
  private pollBranches(cx: Context): boolean {
    const { branches } = this;
    branches.begin(cx, this.start);
    if (!this.biased && branches.futures.length > 0) this.start = (this.start + 1) % branches.futures.length;
    for (let polled = 0; ; polled++) {
      const index = branches.next(polled);
      if (index < 0) return false;
      if (branches.futures[index] === undefined) continue;
      try {
        const value = branches.poll(index, cx);
        if (value === Pending) continue;
        this.results[index] = value;
      } catch (error) {
        branches.record(error);
        this.state = CANCELLING;
      }
      branches.take(index);
      if (this.state === CANCELLING) return true;
    }
  }

  override describe(): string {
    const { left, futures } = this.branches;
    const progress = `${futures.length - left}/${futures.length} done`;
    return `${this.name} (${this.state === CANCELLING ? `cancelling, ${left} left` : progress})`;
  }

  override *awaits(): Iterable<AwaitEdge> {
    for (const [index, future] of this.branches.futures.entries()) {
      if (future !== undefined) yield { label: String(index), future };
    }
  }
}

type Outputs<F extends readonly unknown[]> = { -readonly [I in keyof F]: OutputOf<F[I]> };

function make<F extends readonly IntoFuture<unknown>[]>(futures: F, biased: boolean, name: string): Future<Outputs<F>> {
  const inner = futures.map((future, index) => intoFuture(future, `${name}: argument ${index}`));
  return new Join(inner, biased, name) as unknown as Future<Outputs<F>>;
}

/**
 * Runs futures concurrently on one task and waits for all of them. Results come in the order of the arguments.
 *
 * Nothing is spawned: the futures take turns on the calling task. Which one is polled first rotates; `join.biased` always begins with the first.
 * When one throws, the others are cancelled, their cleanup is awaited, and the error is thrown.
 *
 * **Cancel safety**: dropping the join drops every unfinished future; results that are in are lost, and a guard or permit among them stays taken.
 *
 * @param futures - futures or `function*` bodies; none gives an empty array at once
 * @throws what a future throws; MisuseError if an argument is not a future
 *
 * @example
 * ```ts
 * import { fn, join, main, sleep } from "toki";
 *
 * const fetchUser = fn(function* fetchUser() {
 *   yield* sleep(20);
 *   return "alice";
 * });
 * const fetchOrders = fn(function* fetchOrders() {
 *   yield* sleep(30);
 *   return ["book", "pen"];
 * });
 *
 * await main(function* () {
 *   const [user, orders] = yield* join(fetchUser(), fetchOrders()); // 30 ms, not 50
 *   console.log(user, orders.length);
 * });
 * ```
 */
export function join<F extends readonly IntoFuture<unknown>[]>(...futures: F): Future<Outputs<F>> {
  return make(futures, false, "join");
}

join.biased = function biased<F extends readonly IntoFuture<unknown>[]>(...futures: F): Future<Outputs<F>> {
  return make(futures, true, "join");
};

/**
 * Runs futures concurrently on one task until all are done or one throws: then the others are cancelled at the await they are suspended on, their
 * cleanup is awaited, and the error is thrown.
 *
 * **Cancel safety**: dropping it drops every unfinished future; results that are in are lost, and a guard or permit among them stays taken.
 *
 * @param futures - futures or `function*` bodies; none gives an empty array at once
 * @throws the first error; MisuseError if an argument is not a future
 *
 * @example
 * ```ts
 * import { main, sleep, tryJoin } from "toki";
 *
 * await main(function* () {
 *   try {
 *     yield* tryJoin(sleep(60_000), function* () {
 *       throw new Error("no database");
 *     });
 *   } catch (error) {
 *     console.log((error as Error).message); // no database
 *   }
 * });
 * ```
 */
export function tryJoin<F extends readonly IntoFuture<unknown>[]>(...futures: F): Future<Outputs<F>> {
  return make(futures, false, "tryJoin");
}

tryJoin.biased = function biased<F extends readonly IntoFuture<unknown>[]>(...futures: F): Future<Outputs<F>> {
  return make(futures, true, "tryJoin");
};
