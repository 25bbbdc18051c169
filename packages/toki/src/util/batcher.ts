/*
 * A batcher has at most one open batch, which collects calls; each batch is driven by a task of its own, so that an idle batcher is nothing but an object.
 *
 *   collecting   `open` is this batch. The first call makes it and spawns its task
 *   sealed       full, its time is up and there is a slot for it, or flushed. The next call makes another batch
 *   running      its items were given to `run`
 *   answered     each call that still waits has its outcome
 *   ended        its task is over; if it was cancelled, with its runtime, perhaps before it began: calls without an outcome hear that none will come
 *
 * A call that is dropped before its batch runs is left out of it. If nobody waits any more, the batch is not run.
 * While all slots are taken a batch goes on collecting, until it is full.
 */
import { type BodyOf, bindBody, checkBody } from "../future/bound-body.js";
import { fn } from "../future/fn.js";
import type { Future } from "../future/future.js";
import { Waker } from "../future/waker.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { select } from "../macros/select.js";
import { integer } from "../sync/integer.js";
import { Notify } from "../sync/notify.js";
import { oneshot } from "../sync/oneshot/oneshot.js";
import type { OneshotSender } from "../sync/oneshot/sender.js";
import { Semaphore } from "../sync/semaphore.js";
import { spawnLocal } from "../task/spawn.js";
import { type Duration, toMillis } from "../time/duration.js";
import { sleep } from "../time/sleep.js";

/** Options of {@link batcher}. */
export interface BatcherOptions {
  /** How many calls make a batch full: it goes at once. */
  maxSize: number;
  /** How long the first call of a batch waits for others. */
  maxWait: Duration;
  /**
   * How many batches may be under way. While all are, calls collect.
   *
   * @default no limit
   */
  maxConcurrent?: number;
}

type Outcome<O> = { readonly value: O } | { readonly error: unknown };

interface Call<I, O> {
  readonly item: I;
  readonly reply: OneshotSender<Outcome<O>>;
}

class Batch<I, O> {
  calls: Call<I, O>[] = [];
  readonly sealed = new Notify();
}

const answer = fn(function* answer(
  run: BodyOf<readonly unknown[], readonly unknown[]>,
  calls: readonly Call<unknown, unknown>[],
) {
  let results: readonly unknown[];
  try {
    results = yield* bindBody(
      run,
      calls.map(({ item }) => item),
      "batcher",
    );
    if (!Array.isArray(results) || results.length !== calls.length) {
      const found = Array.isArray(results) ? `${results.length} results` : typeof results;
      throw new TypeError(
        `batcher: run must give an array with one result for each of the ${calls.length} items, got ${found}`,
      );
    }
  } catch (error) {
    for (const { reply } of calls) if (!reply.isClosed) reply.send({ error });
    return;
  }
  for (const [i, { reply }] of calls.entries()) if (!reply.isClosed) reply.send({ value: results[i] });
});

const runBatch = fn(function* runBatch(batcher: Batcher<unknown, unknown>, batch: Batch<unknown, unknown>) {
  yield* select({ sealed: batch.sealed.notified(), time: sleep(batcher.waitMs) });
  const permit = yield* batcher.slots.acquire();
  try {
    batcher.seal(batch);
    const calls = batch.calls.filter((call) => !call.reply.isClosed);
    if (calls.length > 0) yield* answer(batcher.run, calls);
  } finally {
    permit.release();
  }
});

/** Joins the task of a batch, which may be cancelled before it has begun. */
class BatchEnd<I, O> extends Waker {
  private readonly batcher: Batcher<I, O>;
  private readonly batch: Batch<I, O>;

  constructor(batcher: Batcher<I, O>, batch: Batch<I, O>) {
    super();
    this.batcher = batcher;
    this.batch = batch;
  }

  wake(): void {
    this.batcher.end(this.batch);
  }
}

const call = fn(function* call(batcher: Batcher<unknown, unknown>, item: unknown) {
  const [reply, result] = oneshot<Outcome<unknown>>();
  const entry = { item, reply };
  const batch = batcher.add(entry);
  try {
    const outcome = yield* result;
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  } finally {
    batcher.leave(batch, entry);
  }
});

/**
 * Makes few batches of many calls. Made by {@link batcher}.
 *
 * @typeParam I - what a call is about
 * @typeParam O - what it gives
 *
 * @example
 * ```ts
 * import { join, main, ready } from "toki";
 * import { type Batcher, batcher } from "toki/util";
 *
 * const lengths: Batcher<string, number> = batcher((words) => ready(words.map((word) => word.length)), { maxSize: 10, maxWait: 1 });
 * await main(function* () {
 *   console.log(yield* join(lengths.call("one"), lengths.call("three"))); // [ 3, 5 ]
 * });
 * ```
 */
export class Batcher<I, O> {
  /** @internal */
  readonly waitMs: number;
  /** @internal */
  readonly slots: Semaphore;
  /** @internal */
  readonly run: BodyOf<readonly I[], readonly O[]>;
  private readonly maxSize: number;
  private open: Batch<I, O> | undefined;

  /** @internal */
  constructor(run: BodyOf<readonly I[], readonly O[]>, maxSize: number, waitMs: number, maxConcurrent: number) {
    this.run = run;
    this.maxSize = maxSize;
    this.waitMs = waitMs;
    this.slots = new Semaphore(maxConcurrent);
  }

  /** How many calls the batch has that is being collected. */
  get pending(): number {
    return this.open?.calls.length ?? 0;
  }

  /**
   * Puts an item into the batch that is being collected, and waits for its result.
   *
   * **Cancel safety**: dropped before its batch runs, the call leaves it. Later its item is processed with the others, and the result is lost.
   *
   * @throws what the batch throws, to each of its calls; a RecvError if the runtime is shut down meanwhile
   * @throws NoRuntimeError outside a runtime
   */
  call(item: I): Future<O> {
    return call(this as Batcher<unknown, unknown>, item) as Future<O>;
  }

  /** Does not wait for more: the batch that is being collected goes as soon as there is a slot. */
  flush(): void {
    this.open?.sealed.notifyOne();
  }

  /** @internal */
  add(entry: Call<I, O>): Batch<I, O> {
    let batch = this.open;
    if (batch === undefined) {
      batch = new Batch();
      const { task } = spawnLocal(runBatch(this as Batcher<unknown, unknown>, batch as Batch<unknown, unknown>));
      if (task.isComplete) {
        entry.reply[Symbol.dispose](); // the runtime shuts down
        return batch;
      }
      task.addJoiner(new BatchEnd(this, batch));
      this.open = batch;
    }
    batch.calls.push(entry);
    if (batch.calls.length === this.maxSize) {
      this.seal(batch);
      batch.sealed.notifyOne();
    }
    return batch;
  }

  /** @internal */
  seal(batch: Batch<I, O>): void {
    if (this.open === batch) this.open = undefined;
  }

  /** Its task is over: those that have no answer hear that none will come. @internal */
  end(batch: Batch<I, O>): void {
    this.seal(batch);
    for (const { reply } of batch.calls) reply[Symbol.dispose]();
  }

  /** @internal */
  leave(batch: Batch<I, O>, entry: Call<I, O>): void {
    if (this.open !== batch) return;
    const at = batch.calls.indexOf(entry);
    if (at >= 0) batch.calls.splice(at, 1);
  }
}

/**
 * Makes few batches of many calls: a batch goes when it is full, or when its first call has waited long enough, and each call gets its own result.
 *
 * For what is cheaper by the dozen: queries, writes, requests. Nothing has to be started or ended: a batch is a task that begins with its first call and ends with
 * the answers. For use on one thread.
 *
 * @param run - processes the items of a batch: a `function*`, or a function that returns a future. Gives one result for each, in their order. What it throws goes to
 * each call of the batch; a result of its own kind can say that one item failed
 * @param options - how large a batch may become, how long it waits, how many may be under way
 * @throws InvalidArgumentError if an option is missing or not what it should be
 *
 * @example
 * ```ts
 * import { fn, join, main, sleep } from "toki";
 * import { batcher } from "toki/util";
 *
 * const fetchUsers = fn(function* fetchUsers(ids: readonly number[]) {
 *   console.log("one query for", ids);
 *   yield* sleep(1);
 *   return ids.map((id) => ({ id, name: `user ${id}` }));
 * });
 * const users = batcher(fetchUsers, { maxSize: 100, maxWait: 2 });
 *
 * await main(function* () {
 *   const [a, b] = yield* join(users.call(1), users.call(2)); // one query for [ 1, 2 ]
 *   console.log(a.name, b.name); // user 1 user 2
 * });
 * ```
 */
export function batcher<I, O>(run: BodyOf<readonly I[], readonly O[]>, options: BatcherOptions): Batcher<I, O> {
  checkBody(run, "batcher");
  if (typeof options !== "object" || options === null)
    throw invalidArgument("batcher", "options", "an object", options);
  const { maxSize, maxWait, maxConcurrent = Semaphore.MAX_PERMITS } = options;
  integer("batcher", "options.maxSize", maxSize, 1);
  integer("batcher", "options.maxConcurrent", maxConcurrent, 1);
  return new Batcher(run, maxSize, toMillis(maxWait, "batcher", "options.maxWait"), maxConcurrent);
}
