import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, InvalidArgumentError, MisuseError, pending, ready, sleep, spawn, yieldNow } from "toki";
import { DisposedError } from "toki/sync";
import { assertErr, assertPending, assertReady, assertReadyErr, type Spawn, testTask, test as toki } from "toki/test";
import { Pool, PoolClosedError, type PoolGuard, type PoolOptions } from "toki/util";
import { Gate } from "../../support/gate.js";
import fc from "../../support/property.js";
import { drops, now, stillWaiting, waiting, woken } from "../../sync/support.js";

const virtual = { startPaused: true };

interface Item {
  readonly id: number;
}

/** A pool that counts what it makes and notes what it destroys. */
function counted(options: Partial<PoolOptions<Item>> = {}) {
  const destroyed: number[] = [];
  let made = 0;
  const pool = new Pool<Item>({
    maxSize: 2,
    create: () => ({ id: ++made }),
    destroy: ({ id }) => destroyed.push(id),
    ...options,
  });
  return { pool, destroyed, made: () => made };
}

const counts = (pool: Pool<unknown>) => [pool.size, pool.idle];

describe("Pool.get", () => {
  test("makes an item when it is asked for and none is idle", () => {
    const { pool, made } = counted();
    const get = pool.get();
    assert.equal(made(), 0);
    const a = now(get);
    assert.deepEqual([a.value.id, made(), ...counts(pool)], [1, 1, 1, 0]);
    a.release();
    assert.deepEqual(counts(pool), [1, 1]);
    const again = now(pool.get());
    assert.deepEqual([again.value.id, made()], [1, 1]);
  });

  test("lends the item given back last", () => {
    const { pool } = counted({ maxSize: 3 });
    const guards = [now(pool.get()), now(pool.get()), now(pool.get())];
    for (const guard of guards) guard.release();
    assert.deepEqual([now(pool.get()).value.id, now(pool.get()).value.id], [3, 2]);
  });

  test("waits in line for what is given back", () => {
    const { pool, made } = counted();
    const a = now(pool.get());
    now(pool.get());
    const [first, second] = [waiting(pool.get()), waiting(pool.get())];
    a.release();
    stillWaiting(second);
    assert.equal(woken(first).value.id, 1);
    stillWaiting(second);
    assert.equal(made(), 2);
  });

  for (const { name, drop } of drops) {
    test(`who waits and is ${name} passes on what it was handed`, () => {
      const { pool } = counted({ maxSize: 1 });
      const a = now(pool.get());
      const [first, second] = [waiting(pool.get()), waiting(pool.get())];
      a.release();
      drop(first);
      assert.equal(woken(second).value.id, 1);
    });

    test(`${name} while its item is being made, the slot goes to the next`, () => {
      const gate = new Gate();
      let calls = 0;
      const { pool } = counted({
        maxSize: 1,
        create: fn(function* create() {
          if (++calls === 1) yield* gate;
          return { id: calls };
        }),
      });
      const first = waiting(pool.get());
      assert.deepEqual(counts(pool), [1, 0]);
      const second = waiting(pool.get());
      drop(first);
      assert.equal(woken(second).value.id, 2);
    });

    test(`${name} while its item is being validated, the item is destroyed and the slot goes on`, () => {
      let isFirst = true;
      const { pool, destroyed } = counted({
        maxSize: 1,
        validate: () => {
          if (!isFirst) return true;
          isFirst = false;
          return pending() as never;
        },
      });
      now(pool.get()).release();
      const first = waiting(pool.get());
      drop(first);
      assert.deepEqual([destroyed, ...counts(pool)], [[1], 0, 0]);
      assert.equal(now(pool.get()).value.id, 2);
    });
  }

  test("an error of create goes to who asked, and the slot to the next", () => {
    let calls = 0;
    const { pool } = counted({
      maxSize: 1,
      create: () => {
        if (++calls === 1) throw new Error("no route");
        return { id: calls };
      },
    });
    assert.match(String(assertReadyErr(() => testTask(pool.get()).poll())), /no route/);
    assert.equal(now(pool.get()).value.id, 2);
  });

  test("items that are not valid any more are destroyed, and another is looked for", () => {
    const bad = new Set([3, 2]);
    const { pool, destroyed } = counted({ maxSize: 3, validate: ({ id }) => !bad.has(id) });
    for (const guard of [now(pool.get()), now(pool.get()), now(pool.get())]) guard.release();
    assert.equal(now(pool.get()).value.id, 1);
    assert.deepEqual(destroyed, [3, 2]);
    assert.deepEqual(counts(pool), [1, 0]);
  });

  test("an error of validate destroys the item and goes to who asked", () => {
    const { pool, destroyed } = counted({
      validate: () => {
        throw new Error("cannot ask");
      },
    });
    now(pool.get()).release();
    assert.match(String(assertReadyErr(() => testTask(pool.get()).poll())), /cannot ask/);
    assert.deepEqual([destroyed, ...counts(pool)], [[1], 0, 0]);
  });

  test("a create that returns a promise is refused", () => {
    const { pool } = counted({ create: () => Promise.resolve({ id: 1 }) as never });
    const error = assertReadyErr(() => testTask(pool.get()).poll());
    assert.ok(error instanceof MisuseError);
    assert.match(error.message, /options\.create/);
  });
});

describe("PoolGuard", () => {
  test("gives back once", () => {
    const { pool } = counted();
    const guard = now(pool.get());
    guard.release();
    guard.release();
    guard.discard();
    guard[Symbol.dispose]();
    assert.deepEqual(counts(pool), [1, 1]);
    assert.ok(assertErr(() => guard.value) instanceof DisposedError);
  });

  test("discard destroys the item and makes room", () => {
    const { pool, destroyed } = counted({ maxSize: 1 });
    const guard = now(pool.get());
    const next = waiting(pool.get());
    guard.discard();
    assert.deepEqual(destroyed, [1]);
    assert.equal(woken(next).value.id, 2);
  });

  test("items with a Symbol.dispose are disposed unless there is a destroy", () => {
    let disposed = 0;
    const pool = new Pool({ maxSize: 1, create: () => ({ [Symbol.dispose]: () => void disposed++ }) });
    now(pool.get()).discard();
    assert.equal(disposed, 1);
    const plain = new Pool({ maxSize: 1, create: () => 1 });
    now(plain.get()).discard();
  });
});

describe("Pool.use", () => {
  test(
    "gives back when the body is done, throws, or is cancelled after its cleanup",
    toki(function* () {
      const { pool } = counted({ maxSize: 1 });
      assert.equal(yield* pool.use(({ id }) => id), 1);
      try {
        yield* pool.use(function* () {
          yield* sleep(1);
          throw new Error("midway");
        });
      } catch (error) {
        assert.equal((error as Error).message, "midway");
      }
      assert.deepEqual(counts(pool), [1, 1]);
      const task = spawn(
        pool.use(function* () {
          try {
            yield* pending();
          } finally {
            yield* sleep(10);
          }
        }),
      );
      yield* yieldNow();
      task.abort();
      yield* sleep(5);
      assert.deepEqual(counts(pool), [1, 0]);
      yield* sleep(6);
      assert.deepEqual(counts(pool), [1, 1]);
    }, virtual),
  );

  test("the guard is there to discard with", () => {
    const { pool, destroyed } = counted();
    now(pool.use((_item, guard) => guard.discard()));
    assert.deepEqual([destroyed, ...counts(pool)], [[1], 0, 0]);
  });
});

describe("Pool: age", () => {
  test(
    "items that lay idle too long are destroyed",
    toki(function* () {
      const { pool, destroyed } = counted({ maxSize: 3, idleTimeout: 100 });
      const [a, b] = [yield* pool.get(), yield* pool.get()];
      a.release();
      yield* sleep(60);
      b.release();
      yield* sleep(50);
      assert.equal((yield* pool.get()).value.id, 2);
      assert.deepEqual(destroyed, [1]);
    }, virtual),
  );

  test(
    "items that are too old are destroyed, lent ones when they come back",
    toki(function* () {
      const { pool, destroyed } = counted({ maxLifetime: { milliseconds: 100 } });
      const [a, b] = [yield* pool.get(), yield* pool.get()];
      b.release();
      yield* sleep(100);
      a.release();
      assert.deepEqual(destroyed, [1, 2]);
      assert.deepEqual(counts(pool), [0, 0]);
    }, virtual),
  );
});

test(
  "a destroy that throws while somebody asks goes to who asked, and the slot to the next",
  toki(function* () {
    let broken = true;
    const { pool } = counted({
      maxSize: 1,
      idleTimeout: 10,
      destroy: () => {
        if (broken) throw new Error("stuck");
      },
    });
    (yield* pool.get()).release();
    yield* sleep(20);
    try {
      yield* pool.get();
      assert.fail("it was to fail");
    } catch (error) {
      assert.equal((error as Error).message, "stuck");
    }
    assert.deepEqual(counts(pool), [0, 0]);
    broken = false;
    assert.equal((yield* pool.get()).value.id, 2);
  }, virtual),
);

describe("Pool.close", () => {
  test("destroys what is idle, and what is lent when it comes back", () => {
    const { pool, destroyed } = counted();
    const [a, b] = [now(pool.get()), now(pool.get())];
    b.release();
    const closed = waiting(pool.closed());
    pool.close();
    pool.close();
    assert.deepEqual([pool.isClosed, destroyed], [true, [2]]);
    assertPending(closed.poll());
    assert.ok(assertReadyErr(() => testTask(pool.get()).poll()) instanceof PoolClosedError);
    a.release();
    assert.deepEqual(destroyed, [2, 1]);
    assertReady(closed.poll());
    assertReady(testTask(pool.closed()).poll());
  });

  test("who waits in line fails", () => {
    const { pool } = counted({ maxSize: 1 });
    now(pool.get());
    const waiter = waiting(pool.get());
    pool[Symbol.dispose]();
    assert.ok(waiter.isWoken);
    assert.ok(assertReadyErr(() => waiter.poll()) instanceof PoolClosedError);
  });

  test("an item that was being made is destroyed", () => {
    const gate = new Gate();
    const { pool, destroyed } = counted({
      create: fn(function* create() {
        yield* gate;
        return { id: 7 };
      }),
    });
    const task = waiting(pool.get());
    pool.close();
    gate.open();
    assert.ok(assertReadyErr(() => task.poll()) instanceof PoolClosedError);
    assert.deepEqual([destroyed, ...counts(pool)], [[7], 0, 0]);
  });

  test("a destroy that throws leaves nothing half done", () => {
    const { pool } = counted({
      destroy: () => {
        throw new Error("stuck");
      },
    });
    const [a, b] = [now(pool.get()), now(pool.get())];
    assert.match(String(assertErr(() => a.discard())), /stuck/);
    b.release();
    assert.deepEqual(counts(pool), [1, 1]);
    assert.match(String(assertErr(() => pool.close())), /stuck/);
    assert.deepEqual(counts(pool), [0, 0]);
    now(pool.closed());
  });
});

test("new Pool refuses bad input", () => {
  const create = () => 1;
  const bad: [unknown, string][] = [
    [undefined, "options"],
    [{ create, maxSize: 0 }, "options.maxSize"],
    [{ maxSize: 1 }, "options.create"],
    [{ create, maxSize: 1, validate: 1 }, "options.validate"],
    [{ create, maxSize: 1, destroy: 1 }, "options.destroy"],
    [{ create, maxSize: 1, idleTimeout: -1 }, "options.idleTimeout"],
    [{ create, maxSize: 1, maxLifetime: "1" }, "options.maxLifetime"],
  ];
  for (const [options, argument] of bad) {
    const error = assertErr(() => new Pool(options as PoolOptions<number>));
    assert.ok(error instanceof InvalidArgumentError && error.argument === argument, String(error));
  }
});

test("under any order of requests, drops, returns and discards, no item is lost, made too often, or lent twice", () => {
  const step = fc.record({
    do: fc.constantFrom("get", "poll", "drop", "release", "discard", "open" as const),
    which: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 60 }), (maxSize, steps) => {
      const alive = new Set<number>();
      const lent = new Set<number>();
      let made = 0;
      let gate = new Gate();
      const pool = new Pool<Item>({
        maxSize,
        create: fn(function* create() {
          yield* gate;
          const item = { id: ++made };
          alive.add(item.id);
          assert.ok(alive.size <= maxSize, "too many");
          return item;
        }),
        destroy: ({ id }) => {
          assert.ok(alive.delete(id), "destroyed twice");
        },
      });
      const waits: Spawn<PoolGuard<Item>>[] = [];
      const guards: PoolGuard<Item>[] = [];
      const poll = (task: Spawn<PoolGuard<Item>>) => {
        const guard = task.poll();
        if (typeof guard === "symbol" || !(guard instanceof Object) || !("value" in guard)) return;
        waits.splice(waits.indexOf(task), 1);
        assert.ok(!lent.has(guard.value.id), "lent twice");
        lent.add(guard.value.id);
        guards.push(guard);
      };
      for (const { do: action, which } of steps) {
        const task = waits[which % Math.max(1, waits.length)];
        const guard = guards[which % Math.max(1, guards.length)];
        if (action === "get") {
          const fresh = testTask(pool.get());
          waits.push(fresh);
          poll(fresh);
        } else if (action === "poll" && task !== undefined) poll(task);
        else if (action === "drop" && task !== undefined) {
          task[Symbol.dispose]();
          waits.splice(waits.indexOf(task), 1);
        } else if (action === "open") {
          gate.open();
          if (which < 3) gate = new Gate();
        } else if ((action === "release" || action === "discard") && guard !== undefined) {
          lent.delete(guard.value.id);
          guards.splice(guards.indexOf(guard), 1);
          guard[action]();
        }
        assert.ok(pool.size <= maxSize && pool.idle <= pool.size);
        assert.equal(pool.idle + lent.size, alive.size);
      }
      // Everybody who still waits is served, one after the other.
      gate.open();
      for (const guard of guards.splice(0)) {
        lent.delete(guard.value.id);
        guard.release();
      }
      while (waits.length > 0) {
        const before = waits.length;
        for (const task of [...waits]) poll(task);
        assert.ok(waits.length < before, "somebody waits for ever");
        for (const guard of guards.splice(0)) {
          lent.delete(guard.value.id);
          guard.release();
        }
      }
      pool.close();
      now(pool.closed());
      assert.equal(alive.size, 0);
    }),
    { numRuns: 300 },
  );
});

test("plain values and futures are both good to create", () => {
  assert.equal(now(new Pool({ maxSize: 1, create: () => 5 }).get()).value, 5);
  assert.equal(now(new Pool({ maxSize: 1, create: () => ready(6) }).get()).value, 6);
});
