/* Trackers, maps and queues of tasks, and the delay queue under many schedules. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, Instant, select, sleep, spawn, yieldNow } from "toki";
import { type ExploreTools, explore } from "toki/test";
import { AbortOnDropHandle, DelayQueue, JoinMap, JoinQueue, LocalSet, TaskTracker } from "toki/util";
import { abortSome, RUNS, settle } from "./support.js";

/** Ends after some steps, with two more of cleanup; `count` says how many of them there are. */
const working = fn(function* working(count: { now: number }, steps: number) {
  count.now++;
  try {
    for (let i = 0; i < steps; i++) yield* yieldNow();
    return steps;
  } finally {
    try {
      yield* yieldNow();
    } finally {
      count.now--;
    }
  }
});

describe("toki/util under many schedules: tasks", () => {
  test("TaskTracker: wait() is ready when it is closed and every task is over, also for several", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const tracker = new TaskTracker();
      const count = { now: 0 };
      const tasks = [1, 2, 3].map((steps) => tracker.spawn(working(count, steps)));
      const waiters = [1, 2].map(() =>
        spawn(
          fn(function* wait() {
            yield* tracker.wait();
            assert.deepEqual([tracker.isClosed, count.now, tracker.length], [true, 0, 0]);
          })(),
        ),
      );
      yield* abortSome(tasks, choose);
      const late = spawn(function* () {
        yield* tracker.track(working(count, 1));
      });
      yield* late;
      tracker.close();
      for (const waiter of waiters) yield* waiter;
    }, RUNS);
  });

  test("JoinMap: each key is joined once, with the result of its latest task", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const map = new JoinMap<string, number>();
      const count = { now: 0 };
      map.spawn("a", working(count, 1));
      map.spawn("b", working(count, 2));
      const changer = spawn(function* () {
        for (let i = choose(3); i > 0; i--) yield* yieldNow();
        map.spawn("a", working(count, 3)); // displaces the first, or follows it
        map.abort("b");
      });
      yield* changer;
      const joined: [string, number | undefined][] = [];
      for (let entry = yield* map.joinNext(); entry !== undefined; entry = yield* map.joinNext()) {
        const [key, result] = entry;
        joined.push([key, result.ok ? result.value : undefined]);
      }
      assert.deepEqual(joined.map(([key]) => key).toSorted(), ["a", "b"]);
      assert.equal(joined.find(([key]) => key === "a")?.[1], 3);
      assert.equal(map.isEmpty(), true);
      while (count.now > 0) yield* yieldNow(); // the displaced one cleans up
    }, RUNS);
  });

  test("JoinQueue: results in the order of the spawns, none lost to a joinNext that loses a select", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const queue = new JoinQueue<number>();
      const count = { now: 0 };
      const handles = [3, 1, 2].map((steps) => queue.spawn(working(count, steps)));
      const aborter = spawn(function* () {
        for (let i = choose(3); i > 0; i--) yield* yieldNow();
        handles[choose(4)]?.abort();
      });
      const ids: number[] = [];
      while (!queue.isEmpty()) {
        const { key, value } = yield* select({ joined: queue.joinNext(), other: yieldNow() });
        if (key === "joined" && value !== undefined) ids.push(value.id);
      }
      assert.deepEqual(
        ids,
        handles.map((handle) => handle.id),
      );
      assert.equal(count.now, 0);
      yield* aborter;
    }, RUNS);
  });

  test("AbortOnDropHandle: what it holds ends with its holder, however that ends", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const count = { now: 0 };
      let isBegun = false;
      const holder = spawn(
        fn(function* hold() {
          using inner = new AbortOnDropHandle(spawn(working(count, 50)));
          isBegun = true;
          for (let i = choose(3); i > 0; i--) yield* yieldNow();
          return inner.isFinished();
        })(),
      );
      yield* abortSome([holder], choose);
      yield* settle([holder]);
      if (isBegun) for (let i = 0; i < 10; i++) yield* yieldNow();
      while (count.now > 0) yield* yieldNow();
    }, RUNS);
  });

  test("LocalSet: its tasks run while it is driven, and are over when the wait for it is", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const set = new LocalSet();
      const count = { now: 0 };
      const handles = [1, 2].map((steps) => set.spawnLocal(working(count, steps)));
      const value = yield* set.runUntil(function* () {
        for (let i = choose(3); i > 0; i--) yield* yieldNow();
        return "value";
      });
      assert.equal(value, "value");
      const standing = count.now;
      yield* yieldNow();
      yield* yieldNow();
      assert.equal(count.now, standing, "moved while nobody drove it");
      handles[choose(3)]?.abort();
      yield* set;
      assert.equal(count.now, 0);
      yield* settle(handles);
    }, RUNS);
  });
});

describe("toki/util under many schedules: DelayQueue", () => {
  test("each value at its time, in order, none lost or doubled, whatever is removed and reset meanwhile", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const queue = new DelayQueue<string>();
      const start = Instant.now();
      const keys = [queue.insert("a", 10), queue.insert("b", 20), queue.insert("c", 20)];
      const changer = spawn(function* () {
        yield* sleep(10);
        const key = keys[choose(3)]!;
        if (choose(2) === 1) {
          const removed = queue.tryRemove(key);
          if (removed !== undefined) values.push(`removed ${removed.value}`);
        } else queue.insert("late", choose(2) * 5);
      });
      const values: string[] = [];
      let last = 0;
      for (;;) {
        const { key, value } = yield* select({ expired: queue.next(), tick: sleep(15) });
        if (key === "tick") {
          if (queue.isEmpty() && changer.isFinished()) break;
          continue;
        }
        if (value === undefined) {
          if (changer.isFinished()) break;
          yield* sleep(5);
          continue;
        }
        values.push(value.value);
        const now = start.elapsed();
        assert.equal(now >= last, true);
        last = now;
        if (value.value === "a") assert.equal(now >= 10, true);
        if (value.value === "b" || value.value === "c") assert.equal(now >= 20, true);
      }
      yield* changer;
      const names = values.map((value) => value.replace("removed ", "")).toSorted();
      assert.deepEqual(
        names.filter((name) => name !== "late"),
        ["a", "b", "c"],
      );
      assert.equal(names.filter((name) => name === "late").length <= 1, true);
    }, RUNS);
  });
});
