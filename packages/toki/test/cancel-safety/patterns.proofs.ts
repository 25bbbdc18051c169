import assert from "node:assert/strict";
import { fn, Handle, Instant, spawn } from "toki";
import { assertPending, assertReady, testTask } from "toki/test";
import { adaptiveLimit, batcher, fixed, mapConcurrent, Pool, rateLimiter, retry } from "toki/util";
import { Gate } from "../support/gate.js";
import { everyDrop, everyDropUnpolled, moveClock, settle } from "./drops.js";
import type { Proof } from "./proof.js";

/** Runs until it is cancelled; its cleanup awaits. */
const work = fn(function* work(log: string[]) {
  try {
    log.push("runs");
    yield* new Gate();
    log.push("went on");
  } finally {
    yield* settle();
    log.push("cleanup");
  }
});

const numbered = (log: string[] = []) => {
  let made = 0;
  return new Pool<number>({ maxSize: 1, create: () => ++made, destroy: (item) => log.push(`destroyed ${item}`) });
};

export const proofs: readonly Proof[] = [
  {
    operation: "`retry`",
    claim: "not safe: cancels the attempt under way, or the wait for the next",
    paused: true,
    proof: {
      ...everyDropUnpolled("retry", function* (drop) {
        const log: string[] = [];
        yield* drop(retry(fixed(1), () => work(log)));
        assert.deepEqual(log, []);
      }),
      ...everyDrop(
        "retry in an attempt",
        function* (drop) {
          const log: string[] = [];
          yield* drop(retry(fixed(1), () => work(log)));
          moveClock(100);
          yield* settle();
          assert.deepEqual(log, ["runs", "cleanup"]);
        },
        { cleanupAwaits: true },
      ),
      ...everyDrop("retry between attempts", function* (drop) {
        let attempts = 0;
        const failing = fn(function* failing() {
          attempts++;
          throw new Error("no");
        });
        yield* drop(retry(fixed(50), failing));
        moveClock(100);
        yield* settle();
        assert.equal(attempts, 1);
      }),
    },
  },
  {
    operation: "`limiter.acquire()`",
    claim: "loses its place; nothing is used up",
    paused: true,
    proof: {
      ...everyDropUnpolled("limiter.acquire()", function* (drop) {
        const limiter = rateLimiter(10);
        yield* drop(limiter.acquire());
        limiter.tryAcquire();
      }),
      ...everyDrop("limiter.acquire() that waits for its time", function* (drop) {
        const limiter = rateLimiter(10);
        limiter.tryAcquire();
        const start = Instant.now();
        const next = testTask(limiter.acquire(), { runtime: Handle.current() });
        yield* drop(limiter.acquire(), () => assertPending(next.poll()));
        moveClock(100);
        while (!next.isWoken) yield* settle();
        assertReady(next.poll());
        assert.equal(Math.round(start.elapsed()), 100);
      }),
    },
  },
  {
    operation: "`pool.get()`",
    claim: "loses its place; an item that is being made or validated for it is dropped",
    proof: {
      ...everyDropUnpolled("pool.get()", function* (drop) {
        const pool = numbered();
        yield* drop(pool.get());
        assert.equal(pool.size, 0);
      }),
      ...everyDrop("pool.get() that was handed an item", function* (drop) {
        const pool = numbered();
        const held = assertReady(testTask(pool.get()).poll());
        const next = testTask(pool.get());
        yield* drop(pool.get(), () => {
          assertPending(next.poll());
          held.release();
        });
        assert.equal(assertReady(next.poll()).value, 1);
      }),
      ...everyDrop("pool.get() whose item is being made", function* (drop) {
        const gate = new Gate<number>();
        const pool = new Pool<number>({ maxSize: 1, create: () => gate });
        yield* drop(pool.get());
        assert.deepEqual([pool.size, gate.drops], [0, 1]);
      }),
      ...everyDrop("pool.get() whose item is being validated", function* (drop) {
        const log: string[] = [];
        let made = 0;
        const pool = new Pool<number>({
          maxSize: 1,
          create: () => ++made,
          validate: () => new Gate<boolean>(),
          destroy: (item) => log.push(`destroyed ${item}`),
        });
        assertReady(testTask(pool.get()).poll()).release();
        yield* drop(pool.get());
        assert.deepEqual([log, pool.size], [["destroyed 1"], 0]);
      }),
    },
  },
  {
    operation: "`pool.use()`",
    claim: "loses its place while it waits; later its body is cancelled, and the item given back after the cleanup",
    proof: {
      ...everyDropUnpolled("pool.use()", function* (drop) {
        const pool = numbered();
        const log: string[] = [];
        yield* drop(pool.use(() => work(log)));
        assert.deepEqual([log, pool.size], [[], 0]);
      }),
      ...everyDrop("pool.use() that waits", function* (drop) {
        const pool = numbered();
        const log: string[] = [];
        const held = assertReady(testTask(pool.get()).poll());
        yield* drop(
          pool.use(() => work(log)),
          () => held.release(),
        );
        assert.deepEqual([log, pool.idle], [[], 1]);
      }),
      ...everyDrop(
        "pool.use() whose body runs",
        function* (drop) {
          const pool = numbered();
          const log: string[] = [];
          yield* drop(pool.use(() => work(log)));
          assert.deepEqual([log, pool.idle], [["runs", "cleanup"], 1]);
        },
        { cleanupAwaits: true },
      ),
    },
  },
  {
    operation: "`pool.closed()`",
    claim: "safe",
    proof: {
      ...everyDropUnpolled("pool.closed()", function* (drop) {
        const pool = numbered();
        yield* drop(pool.closed());
        pool.close();
        yield* pool.closed();
      }),
      ...everyDrop("pool.closed() that waits", function* (drop) {
        const pool = numbered();
        const held = assertReady(testTask(pool.get()).poll());
        pool.close();
        yield* drop(pool.closed(), () => held.release());
        yield* pool.closed();
      }),
    },
  },
  {
    operation: "`batcher.call()`",
    claim: "leaves its batch until that runs; then its result is lost",
    paused: true,
    proof: {
      ...everyDropUnpolled("batcher.call()", function* (drop) {
        const b = batcher<number, number>(() => new Gate<number[]>(), { maxSize: 2, maxWait: 10 });
        yield* drop(b.call(1));
        assert.equal(b.pending, 0);
      }),
      ...everyDrop("batcher.call() whose batch collects", function* (drop) {
        let runs = 0;
        const b = batcher<number, number>(
          () => {
            runs++;
            return new Gate<number[]>();
          },
          { maxSize: 2, maxWait: 10 },
        );
        yield* drop(b.call(1), () => assert.equal(b.pending, 1));
        assert.equal(b.pending, 0);
        moveClock(20);
        yield* settle();
        assert.equal(runs, 0);
      }),
      ...everyDrop("batcher.call() whose batch is full", function* (drop) {
        const gate = new Gate();
        const b = batcher<number, number>(
          function* (items) {
            yield* gate;
            return [...items];
          },
          { maxSize: 2, maxWait: 10 },
        );
        const other = spawn(b.call(2));
        yield* settle();
        yield* drop(b.call(1));
        gate.open();
        assert.equal(yield* other, 2);
      }),
      *"batcher.call() whose batch runs; its task is aborted"() {
        const gate = new Gate();
        let runs = 0;
        const b = batcher<number, number>(
          function* (items) {
            runs++;
            yield* gate;
            return [...items];
          },
          { maxSize: 2, maxWait: 10 },
        );
        const [first, other] = [spawn(b.call(1)), spawn(b.call(2))];
        yield* settle();
        assert.equal(runs, 1);
        first.abort();
        yield* settle();
        gate.open();
        assert.equal(yield* other, 2);
      },
    },
  },
  {
    operation: "`limit.acquire()`",
    claim: "loses its place",
    proof: {
      ...everyDropUnpolled("limit.acquire()", function* (drop) {
        const limit = adaptiveLimit({ targetLatency: 1000, max: 1 });
        yield* drop(limit.acquire());
        (yield* limit.acquire()).release();
      }),
      ...everyDrop("limit.acquire() that was handed a permit", function* (drop) {
        const limit = adaptiveLimit({ targetLatency: 1000, max: 1 });
        const held = yield* limit.acquire();
        yield* drop(limit.acquire(), () => held.release());
        assert.equal(limit.inFlight, 0);
        (yield* limit.acquire()).release();
      }),
    },
  },
  {
    operation: "`limit.run()`",
    claim: "loses its place while it waits; later its work is cancelled",
    proof: {
      ...everyDropUnpolled("limit.run()", function* (drop) {
        const limit = adaptiveLimit({ targetLatency: 1000 });
        const log: string[] = [];
        yield* drop(limit.run(() => work(log)));
        assert.deepEqual([log, limit.inFlight], [[], 0]);
      }),
      ...everyDrop("limit.run() that waits", function* (drop) {
        const limit = adaptiveLimit({ targetLatency: 1000, max: 1 });
        const log: string[] = [];
        const held = yield* limit.acquire();
        yield* drop(
          limit.run(() => work(log)),
          () => held.release(),
        );
        assert.deepEqual([log, limit.inFlight], [[], 0]);
      }),
      ...everyDrop(
        "limit.run() whose work is under way",
        function* (drop) {
          const limit = adaptiveLimit({ targetLatency: 1000, max: 1 });
          const log: string[] = [];
          yield* drop(limit.run(() => work(log)));
          assert.deepEqual([log, limit.inFlight], [["runs", "cleanup"], 0]);
        },
        { cleanupAwaits: true },
      ),
    },
  },
  {
    operation: "`mapConcurrent`",
    claim: "not safe: everything under way is cancelled, the results so far are lost",
    proof: {
      ...everyDropUnpolled("mapConcurrent", function* (drop) {
        const log: string[] = [];
        yield* drop(mapConcurrent([1, 2], 2, () => work(log)));
        assert.deepEqual(log, []);
      }),
      ...everyDrop(
        "mapConcurrent with work under way",
        function* (drop) {
          const log: string[] = [];
          const mapped = mapConcurrent([1, 2, 3], 2, () => work(log));
          yield* drop(mapped);
          for (let i = 0; i < 5; i++) yield* settle();
          assert.deepEqual([...log].sort(), log.length === 0 ? [] : ["cleanup", "cleanup", "runs", "runs"]);
        },
        { cleanupAwaits: true },
      ),
    },
  },
];
