import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  fn,
  fromPromise,
  Handle,
  hasBudgetRemaining,
  InvalidArgumentError,
  type JoinResult,
  LocalSet,
  MisuseError,
  NoRuntimeError,
  pending,
  Runtime,
  ready,
  select,
  sleep,
  spawn,
  yieldNow,
} from "toki";
import { assertPending, assertReady, test, testTask } from "toki/test";
import { JoinMap, type JoinMapEntry } from "toki/util";
import { add } from "../blocking/jobs.js";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import fc from "../support/property.js";
import { guarded, keepFailures, settle } from "../task/support.js";
import { addLater } from "../threads/functions.js";

/** Joins all there are. */
const drain = fn(function* drain<K, V>(map: JoinMap<K, V>) {
  const entries: JoinMapEntry<K, V>[] = [];
  for (;;) {
    const entry = yield* map.joinNext();
    if (entry === undefined) return entries;
    entries.push(entry);
  }
});

const valueIn = (result: JoinResult<unknown>) => result.ok && result.value;

for (const { name, options, canPause } of flavors) {
  describe(`JoinMap [${name}]`, () => {
    it(
      "joins with keys, in the order the tasks end",
      test(function* () {
        const gates = new Map(["a", "b", "c"].map((key) => [key, new Gate<number>()]));
        const map = new JoinMap<string, number>();
        for (const [key, gate] of gates) map.spawn(key, gate);
        yield* settle();
        for (const [i, key] of ["c", "a", "b"].entries()) {
          (gates.get(key) as Gate<number>).open(i);
          yield* settle();
        }
        assert.deepEqual([map.size, [...map.keys()]], [3, ["a", "b", "c"]]);
        for (const [i, key] of ["c", "a", "b"].entries()) {
          const [joined, result] = (yield* map.joinNext()) ?? [];
          assert.equal(joined, key);
          assert(result?.ok && result.value === i);
          assert.equal(map.containsKey(key), false);
        }
        assert.equal(yield* map.joinNext(), undefined);
        assert(map.isEmpty());
      }, options),
    );

    it(
      "undefined is a key like any other, and so are objects, by identity",
      test(function* () {
        const map = new JoinMap<unknown, number>();
        const [one, other] = [{}, {}];
        map.spawn(undefined, ready(1));
        map.spawn(one, ready(2));
        map.spawn(other, ready(3));
        const keys = (yield* drain(map)).map(([key]) => key);
        assert.deepEqual(new Set(keys), new Set([undefined, one, other]));
        assert.ok(keys.includes(one) && keys.includes(other));
      }, options),
    );

    it(
      "a task under a key that is taken displaces the other, whose result is dropped",
      test(function* () {
        const log: string[] = [];
        const map = new JoinMap<string, string>();
        const old = map.spawn("key", guarded(log, "old"));
        yield* settle();
        const task = map.spawn("key", ready("new"));
        assert.equal(map.size, 1);
        assert.deepEqual([map.containsTask(old.id), map.containsTask(task.id)], [false, true]);
        const [key, result] = (yield* map.joinNext()) ?? [];
        assert(key === "key" && result?.ok && result.value === "new");
        assert(map.isEmpty());
        assert.equal(yield* map.joinNext(), undefined);
        assert.deepEqual(log, ["old"], "an empty map waits for the cleanup of the displaced");
      }, options),
    );

    it(
      "displacing one that is over drops its result, and its failure",
      test(function* () {
        const kept = keepFailures({ ...options, startPaused: false });
        const rt = new Runtime(kept);
        const on = rt.handle;
        yield* rt.wrap(function* () {
          const map = new JoinMap<string, string>();
          map.spawn("done", ready("old"), { on });
          map.spawn(
            "failed",
            function* () {
              throw new Error("dropped");
            },
            { on },
          );
          yield* on.spawn(settle());
          map.spawn("done", ready("new"), { on });
          map.spawn("failed", ready("new"), { on });
          assert.equal(map.size, 2);
          for (let i = 0; i < 2; i++) {
            const entry = yield* map.joinNext();
            assert(entry?.[1].ok && entry[1].value === "new");
          }
          assert.equal(yield* map.joinNext(), undefined);
        });
        yield* fromPromise(() => rt.shutdown());
        assert.deepEqual(kept.failures, []);
      }, options),
    );

    it(
      "the same key many times: one comes out",
      test(function* () {
        const map = new JoinMap<number, number>();
        for (let i = 0; i < 10; i++) map.spawn(i % 2, ready(i));
        assert.equal(map.size, 2);
        const values = (yield* drain(map)).map(([key, result]) => `${key} ${valueIn(result)}`);
        assert.deepEqual(values.toSorted(), ["0 8", "1 9"]);
      }, options),
    );

    it(
      "a spawn that throws displaces nothing",
      test(function* () {
        const map = new JoinMap<string, number>();
        const task = map.spawn("key", pending());
        assert.throws(() => map.spawn("key", 7 as never), MisuseError);
        assert.throws(() => map.spawn("key", ready(1), { on: {} as never }), InvalidArgumentError);
        assert.throws(() => map.spawnLocal("key", ready(1), { on: {} as never }), InvalidArgumentError);
        yield* settle();
        assert.deepEqual([task.isFinished(), map.containsTask(task.id)], [false, true]);
        map[Symbol.dispose]();
      }, options),
    );

    it(
      "tasks that threw or were aborted are results, too",
      test(function* () {
        const map = new JoinMap<string, never>();
        map.spawn("thrower", function* () {
          throw new Error("boom");
        });
        const [key, thrown] = (yield* map.joinNext()) ?? [];
        assert(key === "thrower" && thrown?.ok === false && thrown.error.isPanic());
        map.spawn("waiter", pending());
        assert.equal(map.abort("waiter"), true);
        assert.equal(map.abort("nobody"), false);
        assert.equal(map.containsKey("waiter"), true, "it stays until it is joined");
        const [, aborted] = (yield* map.joinNext()) ?? [];
        assert(aborted?.ok === false && aborted.error.isCancelled());
      }, options),
    );

    it(
      "abortMatching aborts by key, abortAll all",
      test(function* () {
        const map = new JoinMap<number, never>();
        const tasks = Array.from({ length: 6 }, (_, i) => map.spawn(i, pending()));
        yield* settle();
        map.abortMatching((key) => key % 2 === 0);
        yield* settle();
        assert.deepEqual(
          tasks.map((task) => task.isFinished()),
          [true, false, true, false, true, false],
        );
        assert.equal(map.size, 6);
        map.abortAll();
        const joined = yield* drain(map);
        assert.equal(joined.length, 6);
        for (const [, result] of joined) assert(result.ok === false && result.error.isCancelled());
        assert.throws(
          () => map.abortMatching("even" as never),
          (error) => error instanceof InvalidArgumentError && error.argument === "predicate",
        );
      }, options),
    );

    it(
      "tryJoinNext: undefined while none is over; passes over the displaced",
      test(function* () {
        const map = new JoinMap<string, number>();
        assert.equal(map.tryJoinNext(), undefined);
        map.spawn("a", ready(1));
        assert.equal(map.tryJoinNext(), undefined);
        yield* settle();
        map.spawn("a", ready(2));
        assert.equal(map.tryJoinNext(), undefined, "the one that is over was displaced");
        yield* settle();
        const [key, result] = map.tryJoinNext() ?? [];
        assert(key === "a" && result?.ok && result.value === 2);
        assert.equal(map.tryJoinNext(), undefined);
      }, options),
    );

    it(
      "joinNext takes budget, tryJoinNext does not",
      test(function* () {
        const map = new JoinMap<number, number>();
        for (let i = 0; i < 300; i++) map.spawn(i, ready(i));
        yield* settle();
        yield* spawn(function* () {
          while (hasBudgetRemaining()) assert((yield* map.joinNext())?.[1].ok);
          assert.equal(map.size, 300 - 128);
          assert(map.tryJoinNext()?.[1].ok);
        });
        assert.equal(map.size, 300 - 129);
      }, options),
    );

    it(
      "joinNext is cancel safe, and one task at a time waits",
      test(function* () {
        const gate = new Gate<number>();
        const map = new JoinMap<string, number>();
        map.spawn("a", gate);
        for (let i = 0; i < 3; i++) {
          assert.equal((yield* select({ next: map.joinNext(), other: yieldNow() })).key, "other");
        }
        const lost = testTask(map.joinNext());
        assertPending(lost.poll());
        assert.throws(() => testTask(map.joinNext()).poll(), MisuseError);
        gate.open(1);
        yield* settle();
        assert(lost.isWoken);
        lost.cancel();
        assert.equal((yield* map.joinNext())?.[0], "a");
      }, options),
    );

    it(
      "shutdown aborts, awaits cleanup, that of the displaced too, and leaves the map empty and usable",
      test(function* () {
        const log: string[] = [];
        const map = new JoinMap<string, unknown>();
        map.spawn("a", guarded(log, "displaced"));
        yield* settle();
        map.spawn("a", guarded(log, "a"));
        map.spawn("b", function* () {
          throw new Error("swallowed");
        });
        yield* settle();
        yield* map.shutdown();
        assert.deepEqual(log.sort(), ["a", "displaced"]);
        assert(map.isEmpty());
        map.spawn("a", ready(1));
        assert.equal((yield* map.joinNext())?.[0], "a");
      }, options),
    );

    it(
      "shutdown aborts what cleanup spawns into the map, and awaits it",
      test(function* () {
        const log: string[] = [];
        const map = new JoinMap<string, unknown>();
        map.spawn("a", function* () {
          try {
            yield* pending();
          } finally {
            map.spawn("a", guarded(log, "never begins"));
            yield* yieldNow();
            log.push("spawner");
          }
        });
        yield* settle();
        yield* map.shutdown();
        assert.deepEqual([map.size, log], [0, ["spawner"]]);
      }, options),
    );

    it(
      "detachAll lets tasks go on, disposal aborts them; both leave it empty and wake who waits",
      test(function* () {
        for (const end of ["detach", "dispose"] as const) {
          const log: string[] = [];
          const map = new JoinMap<string, unknown>();
          const task = map.spawn("a", guarded(log, "cleanup"));
          yield* settle();
          const wait = testTask(map.joinNext());
          assertPending(wait.poll());
          if (end === "detach") map.detachAll();
          else map[Symbol.dispose]();
          assert.deepEqual([map.size, map.containsKey("a"), map.containsTask(task.id)], [0, false, false]);
          assert(wait.isWoken);
          assert.equal(assertReady(wait.poll()), undefined);
          yield* settle();
          assert.deepEqual(log, end === "detach" ? [] : ["cleanup"]);
          task.abort();
        }
      }, options),
    );

    it(
      "spawnLocal, spawnBlocking, on a LocalSet and on another runtime",
      test(function* () {
        const map = new JoinMap<string, number>();
        const set = new LocalSet();
        map.spawnLocal("local", ready(1));
        map.spawnLocal("set", ready(2), { on: set });
        map.spawnBlocking("job", add(1, 2));
        map.spawn("handle", ready(4), { on: Handle.current() });
        const found = (yield* set.runUntil(drain(map))).map(([key, result]) => [key, valueIn(result)]);
        assert.deepEqual(Object.fromEntries(found), { local: 1, set: 2, job: 3, handle: 4 });
      }, options),
    );

    it(
      "after the runtime's shutdown its tasks are joined as cancelled",
      test(function* () {
        const rt = new Runtime({ ...options, startPaused: false });
        const map = new JoinMap<string, unknown>();
        map.spawn("before", pending(), { on: rt.handle });
        yield* fromPromise(() => rt.shutdown());
        map.spawn("after", pending(), { on: rt.handle });
        for (const key of ["before", "after"]) {
          const entry = yield* map.joinNext();
          assert(entry?.[0] === key && entry[1].ok === false && entry[1].error.isCancelled());
        }
      }, options),
    );

    it("for await", async () => {
      const rt = new Runtime(options);
      const map = new JoinMap<string, number>();
      const log: string[] = [];
      for (const key of ["a", "b"]) map.spawn(key, ready(key.charCodeAt(0)), { on: rt.handle });
      for await (const [key, result] of map) log.push(`${key} ${result.ok && result.value}`);
      assert.deepEqual(log, ["a 97", "b 98"]);
      await rt.shutdown();
    });

    if (canPause)
      it(
        "sleeping tasks come by their deadlines",
        test(
          function* () {
            const map = new JoinMap<number, void>();
            for (let i = 0; i < 10; i++) map.spawn(i, sleep(10 * ((i * 7) % 10)));
            const keys = (yield* drain(map)).map(([key]) => (key * 7) % 10);
            assert.deepEqual(
              keys,
              keys.toSorted((a, b) => a - b),
            );
          },
          { ...options, startPaused: true },
        ),
      );
  });
}

describe("JoinMap", () => {
  it("throws outside of a runtime", () => {
    const map = new JoinMap<string, number>();
    assert.throws(() => map.spawn("a", ready(1)), NoRuntimeError);
    assert(map.isEmpty());
  });

  it(
    "tasks on workers",
    test(
      function* () {
        const map = new JoinMap<number, number>();
        for (let i = 0; i < 40; i++) map.spawn(i % 20, addLater(i, 100));
        const found = (yield* drain(map)).map(([key, result]) => [key, valueIn(result)] as const);
        assert.deepEqual(
          found.toSorted(([a], [b]) => a - b),
          Array.from({ length: 20 }, (_, i) => [i, i + 120]),
        );
      },
      { flavor: "multiThread", workerThreads: 2 },
    ),
  );

  it("agrees with a model, with joins dropped at any moment", async () => {
    const key = fc.nat(4);
    const command = fc.oneof(
      fc.record({ type: fc.constant("spawn" as const), key }),
      fc.record({ type: fc.constant("open" as const), at: fc.nat(30) }),
      fc.record({ type: fc.constant("abort" as const), key }),
      fc.record({ type: fc.constantFrom("join" as const, "tryJoin" as const, "drop" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 50 }), async (commands) => {
        await test(function* () {
          const map = new JoinMap<number, number>();
          interface Modelled {
            readonly key: number;
            readonly value: number;
            readonly gate: Gate<number>;
            state: "running" | "over";
            aborted: boolean;
          }
          const current = new Map<number, Modelled>();
          /** Ends, in order, of what is still under its key. */
          let ended: Modelled[] = [];
          const all: Modelled[] = [];
          const end = (one: Modelled) => {
            one.state = "over";
            if (current.get(one.key) === one) ended.push(one);
          };
          let next = 0;
          for (const step of commands) {
            switch (step.type) {
              case "spawn": {
                const one: Modelled = {
                  key: step.key,
                  value: next++,
                  gate: new Gate<number>(),
                  state: "running",
                  aborted: false,
                };
                const old = current.get(step.key);
                current.set(step.key, one);
                ended = ended.filter((entry) => entry !== old);
                all.push(one);
                map.spawn(step.key, one.gate);
                break;
              }
              case "open": {
                const one = all[step.at % Math.max(1, all.length)];
                if (one !== undefined && one.state === "running" && current.get(one.key) === one) {
                  one.gate.open(one.value);
                  end(one);
                }
                break;
              }
              case "abort": {
                const one = current.get(step.key);
                assert.equal(map.abort(step.key), one !== undefined);
                if (one !== undefined && one.state === "running") {
                  one.aborted = true;
                  end(one);
                }
                break;
              }
              default: {
                const dropped = step.type === "drop";
                const entry = dropped
                  ? yield* select.biased({ next: map.joinNext(), other: ready(undefined) })
                  : step.type === "tryJoin" || ended.length === 0
                    ? map.tryJoinNext()
                    : yield* map.joinNext();
                const taken = dropped
                  ? (entry as { key: string; value: any }).key === "next"
                    ? (entry as { value: any }).value
                    : undefined
                  : entry;
                const expected = ended.shift();
                if (expected === undefined) assert.equal(taken, undefined);
                else {
                  current.delete(expected.key);
                  assert.equal(taken[0], expected.key);
                  if (expected.aborted) assert(taken[1].ok === false && taken[1].error.isCancelled());
                  else assert.equal(taken[1].ok && taken[1].value, expected.value);
                }
              }
            }
            yield* settle();
            assert.equal(map.size, current.size);
            assert.deepEqual([...map.keys()].toSorted(), [...current.keys()].toSorted());
          }
          yield* map.shutdown();
        })();
      }),
      { numRuns: 60 },
    );
  });
});
