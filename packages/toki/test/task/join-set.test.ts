import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Future,
  fn,
  Handle,
  hasBudgetRemaining,
  JoinError,
  JoinSet,
  MisuseError,
  NoRuntimeError,
  pending,
  Runtime,
  ready,
  type Suspend,
  select,
  sleep,
  spawn,
  yieldNow,
} from "toki";
import { assertPending, assertReady, test, testTask } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { outcomeOf, settle } from "./support.js";

const failing = fn(function* failing(message: string): Generator<Suspend, never, unknown> {
  yield* yieldNow();
  throw new Error(message);
});

/** Ends with `value` once the gate opens, and logs that its cleanup has run. */
const guarded = fn(function* guarded<T>(gate: Future<T>, log: string[] = [], name = "guarded") {
  try {
    return yield* gate;
  } finally {
    yield* yieldNow();
    log.push(name);
  }
});

for (const { name, options, canPause } of flavors) {
  describe(`JoinSet [${name}]`, () => {
    it(
      "joins in the order the tasks end, with their ids",
      test(function* () {
        const gates = [new Gate<string>(), new Gate<string>(), new Gate<string>()] as const;
        const set = new JoinSet<string>();
        const ids = gates.map((gate) => set.spawn(gate).id);
        yield* settle();
        for (const i of [2, 0, 1]) {
          (gates[i] as Gate<string>).open(`task ${i}`);
          yield* settle();
        }
        assert.equal(set.size, 3);
        assert.deepEqual(yield* set.joinNext(), { ok: true, id: ids[2], value: "task 2" });
        assert.deepEqual(yield* set.joinNext(), { ok: true, id: ids[0], value: "task 0" });
        assert.deepEqual(yield* set.joinNext(), { ok: true, id: ids[1], value: "task 1" });
        assert.equal(yield* set.joinNext(), undefined);
        assert(set.isEmpty());
      }, options),
    );

    it(
      "starts tasks when they are spawned, joined or not, and not before the next await",
      test(function* () {
        const log: string[] = [];
        const set = new JoinSet<void>();
        set.spawn(function* () {
          log.push("ran");
        });
        assert.deepEqual(log, []);
        yield* yieldNow();
        assert.deepEqual(log, ["ran"]);
        assert.equal(set.size, 1, "a task that is over stays in the set until it is joined");
        yield* set.joinNext();
        assert.equal(set.size, 0);
      }, options),
    );

    it(
      "gives a task that threw, or was aborted, as a result with its JoinError",
      test(function* () {
        const set = new JoinSet<never>();
        const thrower = set.spawn(failing("boom"));
        const thrown = yield* set.joinNext();
        assert(thrown !== undefined && !thrown.ok);
        assert(thrown.error instanceof JoinError && thrown.error.isPanic());
        assert.equal(thrown.id, thrower.id);
        assert.equal(thrown.error.taskId, thrower.id);
        assert.equal((thrown.error.cause as Error).message, "boom");
        const waiter = set.spawn(pending());
        waiter.abort();
        const cancelled = yield* set.joinNext();
        assert(cancelled !== undefined && !cancelled.ok && cancelled.error.isCancelled());
        assert.equal(cancelled.id, waiter.id);
        assert(waiter.isFinished());
      }, options),
    );

    it(
      "a parked joinNext is woken by the first end",
      test(function* () {
        const gates = [new Gate<number>(), new Gate<number>()] as const;
        const set = new JoinSet<number>(gates);
        const task = testTask(set.joinNext());
        assertPending(task.poll());
        yield* settle();
        assert(!task.isWoken);
        gates[1].open(1);
        yield* settle();
        assert(task.isWoken);
        gates[0].open(0);
        yield* settle();
        const first = assertReady(task.poll());
        assert(first?.ok && first.value === 1);
        const second = set.tryJoinNext();
        assert(second?.ok && second.value === 0);
      }, options),
    );

    it(
      "joinNext of a set that is emptied under it is ready with undefined",
      test(function* () {
        for (const empty of ["detachAll", "dispose"] as const) {
          const set = new JoinSet<never>([pending()]);
          const task = testTask(set.joinNext());
          assertPending(task.poll());
          if (empty === "detachAll") set.detachAll();
          else set[Symbol.dispose]();
          assert(task.isWoken);
          assert.equal(assertReady(task.poll()), undefined);
        }
      }, options),
    );

    it(
      "joinNext is cancel safe: losing a select takes nothing out of the set",
      test(function* () {
        const gate = new Gate<string>();
        const set = new JoinSet([gate]);
        for (let i = 0; i < 3; i++) {
          const { key } = yield* select({ next: set.joinNext(), other: yieldNow() });
          assert.equal(key, "other");
          assert.equal(set.size, 1);
        }
        const lost = testTask(set.joinNext());
        assertPending(lost.poll());
        gate.open("kept");
        yield* settle();
        assert(lost.isWoken, "the task has ended, and the waiter knows");
        lost.cancel();
        const result = yield* set.joinNext();
        assert(result?.ok && result.value === "kept");
      }, options),
    );

    it(
      "a dropped joinNext leaves no waker behind",
      test(function* () {
        const gate = new Gate();
        const set = new JoinSet([gate]);
        const dropped = testTask(set.joinNext());
        assertPending(dropped.poll());
        dropped[Symbol.dispose]();
        gate.open();
        yield* settle();
        assert(!dropped.isWoken);
        assert(set.tryJoinNext()?.ok);
      }, options),
    );

    it(
      "one task at a time waits on a set: a second one is told so",
      test(function* () {
        const set = new JoinSet<never>([pending()]);
        const first = testTask(set.joinNext());
        assertPending(first.poll());
        const isInUse = (error: unknown) => error instanceof MisuseError && error.code === "TOKI_FUTURE_IN_USE";
        assert.throws(() => testTask(set.joinNext()).poll(), isInUse);
        assert.throws(() => first.enter(() => testTask(set.joinNext()).enter((cx) => set.pollJoinNext(cx))), isInUse);
        first.cancel();
        assertPending(testTask(set.joinNext()).poll());
        set[Symbol.dispose]();
      }, options),
    );

    it(
      "a joinNext shared by two tasks is refused to the second",
      test(function* () {
        const set = new JoinSet<never>([pending()]);
        const next = set.joinNext();
        const first = spawn(next);
        yield* settle();
        const second = yield* outcomeOf(spawn(next));
        assert.match(second, /another task or await is already driving it/);
        first.abort();
        set[Symbol.dispose]();
      }, options),
    );

    it(
      "tryJoinNext: undefined for an empty set, and while no task is over",
      test(function* () {
        const set = new JoinSet<number>();
        assert.equal(set.tryJoinNext(), undefined);
        set.spawn(ready(1));
        assert.equal(set.tryJoinNext(), undefined);
        yield* settle();
        const result = set.tryJoinNext();
        assert(result?.ok && result.value === 1);
        assert.equal(set.tryJoinNext(), undefined);
      }, options),
    );

    it(
      "joinNext takes budget, tryJoinNext does not",
      test(function* () {
        const set = new JoinSet(Array.from({ length: 300 }, (_, i) => ready(i)));
        yield* settle();
        yield* spawn(function* () {
          while (hasBudgetRemaining()) assert((yield* set.joinNext())?.ok);
          assert.equal(set.size, 300 - 128);
          assert(set.tryJoinNext()?.ok);
          assert.equal(set.size, 300 - 129);
        });
        const task = testTask(set.joinNext());
        task.enter((cx) => {
          for (let i = 0; i < 128; i++) assert(assertReady(set.pollJoinNext(cx))?.ok);
          assertPending(set.pollJoinNext(cx), "a task is over, but the budget is gone");
        });
        assert(task.isWoken);
        assert(assertReady(task.poll())?.ok);
      }, options),
    );

    it(
      "pollJoinNext: a result, undefined when empty, or Pending with a wake to come",
      test(function* () {
        const gate = new Gate<number>();
        const set = new JoinSet([gate]);
        const harness = testTask(pending());
        harness.enter((cx) => assertPending(set.pollJoinNext(cx)));
        yield* settle();
        gate.open(7);
        yield* settle();
        assert(harness.isWoken);
        harness.enter((cx) => {
          const result = assertReady(set.pollJoinNext(cx));
          assert(result?.ok && result.value === 7);
          assert.equal(assertReady(set.pollJoinNext(cx)), undefined);
        });
      }, options),
    );

    it(
      "joinAll: the values in the order the tasks ended",
      test(function* () {
        const [a, b, c] = [new Gate<string>(), new Gate<string>(), new Gate<string>()];
        const set = new JoinSet([a, b, c]);
        const all = spawn(set.joinAll());
        yield* settle();
        c.open("c");
        yield* settle();
        a.open("a");
        yield* settle();
        b.open("b");
        assert.deepEqual(yield* all, ["c", "a", "b"]);
        assert(set.isEmpty());
        assert.deepEqual(yield* new JoinSet<number>().joinAll(), []);
      }, options),
    );

    it(
      "joinAll: the first throw is rethrown itself, once the others have been cancelled and cleaned up",
      test(function* () {
        const log: string[] = [];
        const error = new Error("first");
        const set = new JoinSet<unknown>();
        set.spawn(guarded(pending(), log, "a"));
        set.spawn(guarded(pending(), log, "b"));
        set.spawn(function* () {
          yield* yieldNow();
          throw error;
        });
        try {
          yield* set.joinAll();
          assert.fail();
        } catch (thrown) {
          assert.equal(thrown, error);
        }
        assert.deepEqual(log.sort(), ["a", "b"]);
        assert(set.isEmpty());
      }, options),
    );

    it(
      "joinAll: an aborted task ends it with its JoinError",
      test(function* () {
        const set = new JoinSet<never>([pending(), pending()]);
        const aborted = set.spawn(pending());
        aborted.abort();
        try {
          yield* set.joinAll();
          assert.fail();
        } catch (error) {
          assert(error instanceof JoinError && error.isCancelled() && error.taskId === aborted.id);
        }
      }, options),
    );

    it(
      "joinAll: dropped before its first poll it does nothing, later it aborts the tasks and awaits their cleanup",
      test(function* () {
        const log: string[] = [];
        const set = new JoinSet<unknown>([guarded(pending(), log, "a"), guarded(pending(), log, "b")]);
        set.joinAll()[Symbol.dispose]();
        yield* settle();
        assert.deepEqual([set.size, log], [2, []]);
        const { key } = yield* select.biased({ all: set.joinAll(), other: yieldNow() });
        assert.equal(key, "other");
        assert.deepEqual(log.sort(), ["a", "b"]);
        assert(set.isEmpty());
      }, options),
    );

    it(
      "abortAll: tasks stay in the set and are joined as cancelled, those that are over with their value",
      test(function* () {
        const set = new JoinSet<number>();
        const done = set.spawn(ready(1));
        yield* settle();
        const waiting = set.spawn(pending());
        yield* settle();
        set.abortAll();
        set.abortAll();
        assert.equal(set.size, 2);
        assert(!waiting.isFinished(), "an abort is a request");
        const first = yield* set.joinNext();
        assert(first?.ok && first.id === done.id);
        const second = yield* set.joinNext();
        assert(second?.ok === false && second.error.isCancelled());
        assert(set.isEmpty());
      }, options),
    );

    it(
      "abortAll: a task that returns without another await keeps its value",
      test(function* () {
        const set = new JoinSet<string>();
        set.spawn(function* () {
          set.abortAll();
          return "went on";
        });
        const result = yield* set.joinNext();
        assert(result?.ok && result.value === "went on");
      }, options),
    );

    it(
      "shutdown: aborts, awaits cleanup, swallows what is thrown, leaves the set empty and usable",
      test(function* () {
        const log: string[] = [];
        const set = new JoinSet<unknown>();
        set.spawn(guarded(pending(), log, "a"));
        set.spawn(function* () {
          try {
            yield* pending();
          } finally {
            throw new Error("swallowed");
          }
        });
        set.spawn(failing("swallowed too"));
        yield* settle();
        yield* set.shutdown();
        assert.deepEqual(log, ["a"]);
        assert(set.isEmpty());
        set.spawn(ready("again"));
        assert.deepEqual(yield* set.joinAll(), ["again"]);
      }, options),
    );

    it(
      "shutdown and a joinAll that has failed abort what cleanup spawns into the set, and await it",
      test(function* () {
        for (const end of ["shutdown", "joinAll"] as const) {
          const log: string[] = [];
          const set = new JoinSet<unknown>();
          set.spawn(function* () {
            try {
              yield* pending();
            } finally {
              yield* yieldNow();
              set.spawn(guarded(pending(), log));
              yield* yieldNow();
              log.push("spawner");
            }
          });
          if (end === "joinAll") set.spawn(failing("first"));
          yield* settle();
          if (end === "shutdown") yield* set.shutdown();
          else assert.equal(yield* outcomeOf(set.joinAll()), "threw first");
          assert.deepEqual(log, ["spawner"], "it was aborted before it began");
          assert(set.isEmpty());
          set.spawn(ready("again"));
          assert.deepEqual(yield* set.joinAll(), ["again"], "a set that was shut down is not closed");
        }
      }, options),
    );

    it(
      "shutdown is lazy, and cancel safe: what is left stays in the set, aborted",
      test(function* () {
        const release = new Gate();
        const set = new JoinSet<void>();
        set.spawn(function* () {
          try {
            yield* pending();
          } finally {
            yield* release;
          }
        });
        yield* settle();
        set.shutdown();
        yield* settle();
        assert(!release.isWaitedFor);
        const { key } = yield* select.biased({ end: set.shutdown(), other: settle() });
        assert.equal(key, "other");
        assert(release.isWaitedFor);
        assert.equal(set.size, 1);
        release.open();
        const result = yield* set.joinNext();
        assert(result?.ok === false && result.error.isCancelled());
      }, options),
    );

    if (canPause)
      it(
        "shutdown with a cleanup limit cuts cleanup short",
        test(
          function* () {
            const log: string[] = [];
            const set = new JoinSet<void>();
            set.spawn(function* () {
              try {
                yield* pending();
              } finally {
                try {
                  yield* sleep(60_000);
                  log.push("never");
                } finally {
                  log.push("synchronous cleanup");
                }
              }
            });
            yield* settle();
            yield* set.shutdown({ cleanupTimeout: 5 });
            assert.deepEqual(log, ["synchronous cleanup"]);
          },
          { ...options, startPaused: true },
        ),
      );

    it(
      "detachAll: tasks go on, the set forgets them",
      test(function* () {
        const gate = new Gate();
        const log: string[] = [];
        const set = new JoinSet<void>();
        const task = set.spawn(guarded(gate, log, "went on"));
        set.spawn(ready(undefined));
        yield* settle();
        set.detachAll();
        assert.deepEqual([set.size, set.isEmpty(), yield* set.joinNext()], [0, true, undefined]);
        assert(!task.isFinished());
        gate.open();
        yield* settle();
        assert.deepEqual(log, ["went on"]);
        assert(task.isFinished());
        assert.equal(set.size, 0);
      }, options),
    );

    it(
      "dispose aborts everything still inside, whose cleanup runs",
      test(function* () {
        const log: string[] = [];
        {
          using set = new JoinSet<unknown>();
          set.spawn(guarded(pending(), log, "a"));
          set.spawn(guarded(pending(), log, "b"));
          set.spawn(ready(1));
          yield* settle();
        }
        assert.deepEqual(log, []);
        yield* settle();
        assert.deepEqual(log.sort(), ["a", "b"]);
      }, options),
    );

    it(
      "program 61: the first error returns, and dropping the set aborts the rest",
      test(function* () {
        const log: string[] = [];
        const fetchAll = fn(function* fetchAll() {
          using set = new JoinSet<unknown>();
          set.spawn(guarded(pending(), log, "slow"));
          set.spawn(ready("fast"));
          set.spawn(failing("no such user"));
          const users: unknown[] = [];
          for (;;) {
            const result = yield* set.joinNext();
            if (result === undefined) return users;
            if (!result.ok) throw result.error;
            users.push(result.value);
          }
        });
        assert.match(yield* outcomeOf(fetchAll()), /no such user/);
        yield* settle();
        assert.deepEqual(log, ["slow"]);
      }, options),
    );

    it(
      "takes an iterable, at construction and with extend",
      test(function* () {
        const set = new JoinSet([ready(1), ready(2)]);
        set.extend(
          (function* () {
            yield ready(3);
            yield function* () {
              return 4;
            };
          })(),
        );
        assert.equal(set.size, 4);
        assert.deepEqual((yield* set.joinAll()).sort(), [1, 2, 3, 4]);
      }, options),
    );

    it(
      "tasks of a set may spawn into it, also while it is being joined",
      test(function* () {
        const set = new JoinSet<number>();
        const tree = fn(function* (depth: number): Generator<Suspend, number, unknown> {
          yield* yieldNow();
          if (depth > 0) for (let i = 0; i < 2; i++) set.spawn(tree(depth - 1));
          return depth;
        });
        set.spawn(tree(4));
        assert.equal((yield* set.joinAll()).length, 31);
      }, options),
    );

    it(
      "names its tasks, and shows in an await tree",
      test(function* () {
        const set = new JoinSet<never>();
        set.spawn(pending(), { name: "worker" });
        const waiter = spawn(set.joinNext(), { name: "waiter" });
        yield* settle();
        const dump = String(Handle.current().dump());
        assert.match(dump, /task \d+ "worker" \(parked\)/);
        assert.match(dump, /task \d+ "waiter" \(parked\)\n└─ joinNext of JoinSet \(1 task\)/);
        waiter.abort();
        set[Symbol.dispose]();
      }, options),
    );
  });
}

describe("JoinSet outside of a runtime", () => {
  it("may be made and asked, but not spawned into", () => {
    const set = new JoinSet<number>();
    assert.equal(set.size, 0);
    assert.equal(set.tryJoinNext(), undefined);
    assert.throws(() => set.spawn(ready(1)), NoRuntimeError);
    assert.throws(() => new JoinSet([ready(1)]), NoRuntimeError);
    assert(set.isEmpty());
  });

  it("spawns on the runtime whose handle is given", async () => {
    await using rt = new Runtime();
    const set = new JoinSet<number>();
    set.spawn(ready(1), { on: rt.handle });
    set.spawn(sleepThen(2), { on: rt.handle, name: "second" });
    assert.deepEqual(await rt.run(set.joinAll()), [1, 2]);
  });

  it("tells what is wrong with an argument", async () => {
    await using rt = new Runtime();
    using _guard = rt.enter();
    const set = new JoinSet<unknown>();
    assert.throws(() => set.spawn(5 as never), /JoinSet\.spawn: expected a future, got the number 5/);
    assert.throws(() => set.spawn(Promise.resolve(1) as never), /fromPromise/);
    assert.throws(() => set.spawn(ready(1), { on: rt as never, name: 5 as never }), /options\.name must be a string/);
    assert.throws(() => set.spawn(ready(1), { on: 5 as never }), /JoinSet\.spawn: options\.on must be a Handle/);
    assert.throws(() => new JoinSet(5 as never), /JoinSet: futures must be an iterable of futures, got the number 5/);
    assert.throws(() => set.extend(ready(1) as never), /JoinSet\.extend: futures must be an iterable of futures/);
    assert(set.isEmpty());
  });

  it("a task spawned after the shutdown is in the set, cancelled", async () => {
    const rt = new Runtime();
    await rt.shutdown();
    const set = new JoinSet<number>();
    const task = set.spawn(ready(1), { on: rt.handle });
    assert(task.isFinished());
    assert.equal(set.size, 1);
    const result = set.tryJoinNext();
    assert(result?.ok === false && result.error.isCancelled());
  });

  it("a shutdown of the runtime ends its tasks: they are joined as cancelled", async () => {
    const rt = new Runtime();
    const set = new JoinSet<never>();
    set.spawn(pending(), { on: rt.handle });
    set.spawn(pending(), { on: rt.handle });
    await rt.shutdown();
    for (let i = 0; i < 2; i++) {
      const result = set.tryJoinNext();
      assert(result?.ok === false && result.error.isCancelled());
    }
    assert(set.isEmpty());
  });
});

describe("for await over a JoinSet", () => {
  it("gives the results in the order the tasks end, drives the runtime, and ends when the set is empty", async () => {
    await using rt = new Runtime({ startPaused: true });
    const set = new JoinSet<number>();
    for (const ms of [20, 1, 10]) set.spawn(sleepThen(ms), { on: rt.handle });
    const values: number[] = [];
    for await (const result of set) if (result.ok) values.push(result.value);
    assert.deepEqual(values, [1, 10, 20]);
  });

  it("leaving the loop aborts nothing and loses nothing", async () => {
    await using rt = new Runtime({ startPaused: true });
    const set = new JoinSet<number>();
    for (const ms of [1, 5, 10]) set.spawn(sleepThen(ms), { on: rt.handle });
    for await (const result of set) {
      assert(result.ok && result.value === 1);
      break;
    }
    assert.equal(set.size, 2);
    assert.deepEqual(await rt.run(set.joinAll()), [5, 10]);
  });

  it("of an empty set does nothing, also without a runtime", async () => {
    for await (const _ of new JoinSet<number>()) assert.fail();
  });

  it("a failed task is an item", async () => {
    await using rt = new Runtime();
    const set = new JoinSet<never>();
    set.spawn(failing("item"), { on: rt.handle });
    for await (const result of set) assert.match(String(!result.ok && result.error.cause), /item/);
  });
});

const sleepThen = fn(function* sleepThen(ms: number) {
  yield* sleep(ms);
  return ms;
});
