/*
 * A pool is a semaphore and the items nobody has. A permit stands for one item, lent, being made, or yet to be made:
 *
 *   idle      in `idle`, the one given back last at the end
 *   lent      with a guard, which has a permit
 *   in making between the permit and the guard: `create` or `validate` is under way. Dropped there, the permit goes to the next, and the item, if there is
 *             one, is destroyed: nobody knows in what state it was left
 *
 * `lent` counts the last two. Items given back go to `idle` before the permit goes to the next in line, so that who waited finds it.
 * A closed pool has no idle items, and each item that comes back is destroyed.
 */
import { fn } from "../../future/fn.js";
import type { Body } from "../../future/frame.js";
import type { Future } from "../../future/future.js";
import { type MaybeFuture, settled } from "../../future/settled.js";
import { Notify } from "../../sync/notify.js";
import { Semaphore } from "../../sync/semaphore.js";
import { AcquireError } from "../../sync/semaphore-error.js";
import type { SemaphorePermit } from "../../sync/semaphore-permit.js";
import { Instant } from "../../time/instant.js";
import { PoolClosedError } from "./pool-closed-error.js";
import { PoolGuard } from "./pool-guard.js";
import { type PoolOptions, type PoolRules, poolRules } from "./pool-options.js";

/** @internal */
export interface Pooled<T> {
  readonly item: T;
  readonly madeAt: number;
  idleSince: number;
}

const reuse = fn(function* reuse(rules: PoolRules<unknown>, unused: Pooled<unknown>[]) {
  const { validate, destroy } = rules;
  for (let pooled = unused.pop(); pooled !== undefined; pooled = unused.pop()) {
    if (validate === undefined) return pooled;
    let isGood = false;
    try {
      isGood = (yield* settled(validate(pooled.item), "Pool: options.validate")) === true;
    } finally {
      if (!isGood) destroy(pooled.item);
    }
    if (isGood) return pooled;
  }
  return undefined;
});

const make = fn(function* make(rules: PoolRules<unknown>): Body<Pooled<unknown>> {
  const item = yield* settled(rules.create(), "Pool: options.create");
  const now = Instant.now().ms;
  return { item, madeAt: now, idleSince: now };
});

const get = fn(function* get(pool: Pool<unknown>) {
  const { rules, unused, slots } = pool;
  let permit: SemaphorePermit;
  try {
    permit = yield* slots.acquire();
  } catch (error) {
    throw error instanceof AcquireError ? new PoolClosedError() : error;
  }
  let guard: PoolGuard<unknown> | undefined;
  try {
    pool.begin();
    const pooled = (yield* reuse(rules, unused)) ?? (yield* make(rules));
    if (pool.isClosed) {
      rules.destroy(pooled.item);
      throw new PoolClosedError();
    }
    guard = new PoolGuard(pool, pooled, permit);
    return guard;
  } finally {
    if (guard === undefined) pool.free(permit);
  }
});

const use = fn(function* use(pool: Pool<unknown>, body: (item: unknown, guard: PoolGuard<unknown>) => unknown) {
  const guard = yield* get(pool);
  try {
    return yield* settled(body(guard.value, guard), "Pool.use");
  } finally {
    guard.release();
  }
});

const closed = fn(function* closed(pool: Pool<unknown>, changed: Notify) {
  for (;;) {
    const change = changed.notified();
    if (pool.isClosed && pool.size === 0) return;
    yield* change;
  }
});

/**
 * Lends a limited number of things that are costly to make, such as connections: at most `maxSize` exist at once, those given back are used again, and who finds none
 * waits in line.
 *
 * An item is made when it is asked for and none is idle. The one given back last is lent first, so that in quiet times the others become old and can go
 * (`idleTimeout`).
 *
 * To give an item back cannot wait, as the end of a `using` scope cannot; to wait is the part of `get`. For use on one thread.
 *
 * @typeParam T - what is lent
 *
 * @example
 * ```ts
 * import { fn, join, main, sleep } from "toki";
 * import { Pool } from "toki/util";
 *
 * let made = 0;
 * const connect = fn(function* connect() {
 *   yield* sleep(1);
 *   return { id: ++made };
 * });
 * const pool = new Pool({ maxSize: 2, create: connect });
 *
 * const query = fn(function* query() {
 *   using connection = yield* pool.get();
 *   yield* sleep(1);
 *   return connection.value.id;
 * });
 *
 * await main(function* () {
 *   yield* join(query(), query(), query(), query());
 *   console.log(made, pool.idle); // 2 2
 * });
 * ```
 */
export class Pool<T> implements Disposable {
  /** @internal */
  readonly rules: PoolRules<T>;
  /** @internal */
  readonly slots: Semaphore;
  /** @internal */
  readonly unused: Pooled<T>[] = [];
  private readonly changed = new Notify();
  private lent = 0;

  /**
   * @param options - how many, and how they are made
   * @throws InvalidArgumentError if an option is missing or not what it should be
   */
  constructor(options: PoolOptions<T>) {
    this.rules = poolRules(options);
    this.slots = new Semaphore(this.rules.maxSize);
  }

  /** How many items there may be. */
  get maxSize(): number {
    return this.rules.maxSize;
  }

  /** How many items there are: idle, lent, or being made. */
  get size(): number {
    return this.unused.length + this.lent;
  }

  /** How many items nobody has. */
  get idle(): number {
    return this.unused.length;
  }

  /** Whether {@link Pool.close} was called. */
  get isClosed(): boolean {
    return this.slots.isClosed;
  }

  /**
   * Takes an idle item, or makes one; waits in line while `maxSize` items are lent.
   *
   * **Cancel safety**: a request that is dropped loses its place in line. An item that is being made or validated for it is dropped.
   *
   * @throws PoolClosedError if the pool is closed, before or while waiting; what `create` or `validate` throws
   * @throws NoRuntimeError outside a runtime
   */
  get(): Future<PoolGuard<T>> {
    return get(this as Pool<unknown>) as Future<PoolGuard<T>>;
  }

  /**
   * Runs `body` with an item, and gives that back when `body` is done, throws or is cancelled.
   *
   * **Cancel safety**: dropped while waiting, it loses its place in line and `body` never runs; dropped later, `body` is cancelled, and the item given back after its
   * cleanup.
   *
   * @param body - gets the item, and its guard, to `discard()` one that is broken; a `function*`, a function that returns a future, or a plain synchronous function
   * @throws PoolClosedError if the pool is closed, before or while waiting; what `create`, `validate` or `body` throws
   *
   * @example
   * ```ts
   * import { main, sleep } from "toki";
   * import { Pool } from "toki/util";
   *
   * const pool = new Pool({ maxSize: 1, create: () => ["a connection"] });
   * await main(function* () {
   *   const used = yield* pool.use(function* (connection) {
   *     yield* sleep(1);
   *     return connection[0];
   *   });
   *   console.log(used, pool.idle); // a connection 1
   * });
   * ```
   */
  use<R>(body: (item: T, guard: PoolGuard<T>) => MaybeFuture<R>): Future<R> {
    return use(this as Pool<unknown>, body as never) as Future<R>;
  }

  /** Ends the pool: whoever waits fails, idle items are destroyed, and each lent one is when it comes back. */
  close(): void {
    if (this.isClosed) return;
    this.slots.close();
    const items = this.unused.splice(0);
    try {
      this.destroyAll(items);
    } finally {
      this.changed.notifyWaiters();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Waits until the pool is closed and all its items are destroyed.
   *
   * **Cancel safety**: safe.
   */
  closed(): Future<void> {
    return closed(this as Pool<unknown>, this.changed);
  }

  /** An item is about to be lent. @internal */
  begin(): void {
    this.lent++;
    this.dropOld();
  }

  /** @internal */
  takeBack(pooled: Pooled<T>, permit: SemaphorePermit, isGood: boolean): void {
    const now = Instant.now().ms;
    const isKept = isGood && !this.isClosed && now - pooled.madeAt < this.rules.lifetimeMs;
    if (isKept) {
      pooled.idleSince = now;
      this.unused.push(pooled);
    }
    this.free(permit);
    if (!isKept) this.rules.destroy(pooled.item);
    this.dropOld();
  }

  /** What was lent is so no more. @internal */
  free(permit: SemaphorePermit): void {
    this.lent--;
    permit.release();
    if (this.lent === 0) this.changed.notifyWaiters();
  }

  private dropOld(): void {
    const { idleMs, lifetimeMs } = this.rules;
    if (this.unused.length === 0 || (idleMs === Number.POSITIVE_INFINITY && lifetimeMs === Number.POSITIVE_INFINITY))
      return;
    const now = Instant.now().ms;
    const isOld = ({ idleSince, madeAt }: Pooled<T>) => now - idleSince >= idleMs || now - madeAt >= lifetimeMs;
    // Taken out before any is destroyed: that calls the program.
    const [old, young]: [Pooled<T>[], Pooled<T>[]] = [[], []];
    for (const pooled of this.unused.splice(0)) (isOld(pooled) ? old : young).push(pooled);
    this.unused.push(...young);
    this.destroyAll(old);
  }

  /** Each of them, also if the program's `destroy` throws: the first error is thrown at the end. */
  private destroyAll(items: readonly Pooled<T>[]): void {
    const errors: unknown[] = [];
    for (const { item } of items) {
      try {
        this.rules.destroy(item);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
