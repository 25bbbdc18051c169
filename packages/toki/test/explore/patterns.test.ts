/* The patterns of toki/util under many schedules. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, Instant, sleep, spawn, yieldNow } from "toki";
import { type ExploreTools, explore } from "toki/test";
import { batcher, mapConcurrent, Pool, rateLimiter } from "toki/util";
import { abortSome, RUNS, settle } from "./support.js";

describe("toki/util under many schedules", () => {
  test("Pool: never more items than there may be, none used by two, none lost, whoever is aborted", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      let made = 0;
      const alive = new Set<number>();
      const used = new Set<number>();
      const create = fn(function* create() {
        yield* yieldNow();
        alive.add(++made);
        assert.equal(alive.size <= 2, true);
        return { id: made };
      });
      const pool = new Pool<{ id: number }>({ maxSize: 2, create, destroy: ({ id }) => void alive.delete(id) });
      const use = fn(function* use() {
        using guard = yield* pool.get();
        const { id } = guard.value;
        assert.equal(used.has(id), false, "used by two");
        used.add(id);
        try {
          yield* yieldNow();
          if (choose(3) === 2) guard.discard();
        } finally {
          used.delete(id);
        }
      });
      const tasks = [spawn(use()), spawn(use()), spawn(use()), spawn(use())];
      yield* abortSome(tasks, choose);
      yield* settle(tasks);
      assert.deepEqual([pool.size, pool.idle], [alive.size, alive.size]);
      pool.close();
      yield* pool.closed();
      assert.equal(alive.size, 0);
    }, RUNS);
  });

  test("Pool: close() while items are asked for, made and lent", async () => {
    await explore(function* () {
      const alive = new Set<object>();
      const create = fn(function* create() {
        yield* sleep(1);
        const item = {};
        alive.add(item);
        return item;
      });
      const pool = new Pool<object>({ maxSize: 1, create, destroy: (item) => void alive.delete(item) });
      const use = fn(function* use() {
        try {
          using _ = yield* pool.get();
          yield* yieldNow();
        } catch (error) {
          assert.equal((error as Error).name, "PoolClosedError");
        }
      });
      const tasks = [spawn(use()), spawn(use())];
      const closer = spawn(function* () {
        yield* sleep(1);
        pool.close();
      });
      yield* pool.closed();
      assert.equal(alive.size, 0);
      for (const task of [...tasks, closer]) yield* task;
    }, RUNS);
  });

  test("batcher: each call gets its own result, and one that is aborted does not disturb the others", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const run = fn(function* run(items: readonly number[]) {
        yield* yieldNow();
        assert.equal(items.length <= 2, true);
        return items.map((item) => item * 10);
      });
      const calls = batcher(run, { maxSize: 2, maxWait: 1 });
      const call = fn(function* call(item: number) {
        assert.equal(yield* calls.call(item), item * 10);
      });
      const tasks = [spawn(call(1)), spawn(call(2)), spawn(call(3))];
      yield* abortSome(tasks, choose);
      yield* settle(tasks);
    }, RUNS);
  });

  test("rateLimiter: in the order of requests, never sooner than the rate allows, whoever is aborted", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const limiter = rateLimiter(100); // each 10 ms
      const start = Instant.now();
      const asked: number[] = [];
      const passed: number[] = [];
      const times: number[] = [];
      const pass = fn(function* pass(id: number) {
        asked.push(id);
        yield* limiter.acquire();
        passed.push(id);
        times.push(start.elapsed());
      });
      const tasks = [0, 1, 2, 3].map((id) => spawn(pass(id)));
      yield* abortSome(tasks, choose);
      const finished = yield* settle(tasks);
      assert.deepEqual(
        passed.filter((id) => finished[id]),
        asked.filter((id) => finished[id]),
      );
      for (const [i, time] of times.entries()) assert.equal(time >= i * 10, true, times.join());
    }, RUNS);
  });

  test("mapConcurrent: results in order, never more at once than allowed, nothing left after an abort", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      let running = 0;
      const square = fn(function* square(n: number) {
        assert.equal(++running <= 2, true);
        try {
          for (let i = choose(3); i > 0; i--) yield* yieldNow();
          return n * n;
        } finally {
          running--;
        }
      });
      const task = spawn(mapConcurrent([1, 2, 3, 4], 2, (n) => square(n)));
      yield* abortSome([task], choose);
      const [finished] = yield* settle([task]);
      assert.equal(running, 0);
      if (finished) assert.deepEqual(yield* task, [1, 4, 9, 16]);
    }, RUNS);
  });
});
