import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Handle,
  Instant,
  pending,
  Runtime,
  type RuntimeOptions,
  ready,
  sleep,
  spawn,
  type TaskMeta,
  taskId,
  tryTaskId,
  yieldNow,
} from "toki";
import { since } from "../support/elapsed.js";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";

/** Options whose hooks write to `log`, and the log. */
function observed(log: string[]): RuntimeOptions {
  return {
    onTaskSpawn: (meta) => log.push(`spawn ${meta.name}`),
    onTaskTerminate: (meta) => log.push(`terminate ${meta.name}`),
    onBeforeTaskPoll: (meta) => log.push(`before ${meta.name}`),
    onAfterTaskPoll: (meta) => log.push(`after ${meta.name}`),
  };
}

for (const flavor of flavors) {
  describe(`task hooks [${flavor.name}]`, () => {
    test("a task that yields three times is polled between four pairs", async () => {
      const log: string[] = [];
      const rt = new Runtime({ ...flavor.options, ...observed(log) });
      await rt.run(function* () {
        yield* spawn(
          function* () {
            for (let i = 0; i < 3; i++) {
              yield* yieldNow();
              log.push("body");
            }
          },
          { name: "a" },
        );
      });
      assert.deepEqual(log, [
        "spawn a",
        "before a",
        "after a",
        "before a",
        "body",
        "after a",
        "before a",
        "body",
        "after a",
        "before a",
        "body",
        "terminate a",
        "after a",
      ]);
    });

    test("onTaskSpawn runs synchronously inside spawn, before the task is queued", async () => {
      const log: string[] = [];
      const rt: Runtime = new Runtime({
        ...flavor.options,
        onTaskSpawn: (meta) => {
          const metrics = rt.metrics();
          log.push(`hook ${meta.id}`, `queued ${metrics.workerLocalQueueDepth("main") + metrics.globalQueueDepth}`);
        },
      });
      const handle = rt.spawn(ready(1));
      log.push("spawn returned");
      assert.deepEqual(log, [`hook ${handle.id}`, "queued 0", "spawn returned"]);
      assert.equal(await handle, 1);
    });

    test("onTaskTerminate runs exactly once for a value, a throw, an abort and an abort before the first poll", async () => {
      const ended = new Map<string | undefined, number>();
      const rt = new Runtime({
        ...flavor.options,
        onTaskTerminate: ({ name }) => ended.set(name, (ended.get(name) ?? 0) + 1),
      });
      await rt.run(function* () {
        const value = spawn(ready(1), { name: "value" });
        const thrown = spawn(
          function* () {
            throw new Error("boom");
          },
          { name: "thrown" },
        );
        const aborted = spawn(pending(), { name: "aborted" });
        yield* value;
        yield* yieldNow();
        aborted.abort();
        const unstarted = spawn(ready(1), { name: "unstarted" });
        unstarted.abort();
        for (const handle of [thrown, aborted, unstarted]) {
          try {
            yield* handle;
          } catch {}
        }
        value.abort();
      });
      assert.deepEqual(Object.fromEntries(ended), { value: 1, thrown: 1, aborted: 1, unstarted: 1 });
      await rt.shutdown();
      assert.equal(ended.size, 4);
    });

    test("tasks that a shutdown cancels terminate too, after their cleanup", async () => {
      const log: string[] = [];
      const rt = new Runtime({ ...flavor.options, onTaskTerminate: ({ name }) => log.push(`terminate ${name}`) });
      await rt.run(function* () {
        spawn(
          function* () {
            try {
              yield* pending();
            } finally {
              yield* yieldNow();
              log.push("cleanup");
            }
          },
          { name: "a" },
        );
        yield* yieldNow();
      });
      assert.deepEqual(log, []);
      await rt.shutdown();
      assert.deepEqual(log, ["cleanup", "terminate a"]);
    });

    test("the body of run() and blockOn() is no task: no hook sees it", async () => {
      const log: string[] = [];
      const rt = new Runtime({ ...flavor.options, ...observed(log) });
      await rt.run(function* () {
        yield* yieldNow();
      });
      rt.blockOn(function* () {
        yield* yieldNow();
      });
      assert.deepEqual(log, []);
    });

    test("a task that is spawned after the shutdown is seen by no hook", async () => {
      const log: string[] = [];
      const rt = new Runtime({ ...flavor.options, ...observed(log) });
      await rt.shutdown();
      assert.equal(rt.spawn(ready(1)).isFinished(), true);
      assert.deepEqual(log, []);
    });

    if (flavor.canPause)
      test("the meta tells id, name and the moment of the spawn on the runtime's clock", async () => {
        const metas: TaskMeta[] = [];
        const rt = new Runtime({ ...flavor.options, startPaused: true, onTaskSpawn: (meta) => metas.push(meta) });
        const [first, second, gap] = await rt.run(function* () {
          const start = Instant.now();
          const a = spawn(ready(1), { name: "named" });
          yield* sleep(25);
          const b = spawn(ready(2));
          return [a.id, b.id, since(start)];
        });
        assert.deepEqual(
          metas.map(({ id, name }) => ({ id, name })),
          [
            { id: first, name: "named" },
            { id: second, name: undefined },
          ],
        );
        assert.equal(Math.round((metas[1] as TaskMeta).spawnedAt - (metas[0] as TaskMeta).spawnedAt), gap);
      });

    test("the poll hooks run outside the task, the body inside it", async () => {
      const log: unknown[] = [];
      const rt = new Runtime({
        ...flavor.options,
        onBeforeTaskPoll: () => log.push(tryTaskId()),
        onAfterTaskPoll: () => log.push(tryTaskId()),
      });
      const handle = rt.spawn(function* () {
        log.push(taskId());
      });
      await handle;
      assert.deepEqual(log, [undefined, handle.id, undefined]);
    });

    test("an onTaskSpawn that throws fails the spawn, and leaves no half of a task behind", async () => {
      let fail = true;
      const rt = new Runtime({
        ...flavor.options,
        onTaskSpawn: () => {
          if (fail) throw new Error("in the hook");
        },
      });
      await rt.run(function* () {
        assert.throws(() => spawn(ready(1)), /in the hook/);
        fail = false;
        assert.equal(yield* spawn(ready(2)), 2);
      });
      assert.equal(rt.metrics().numAliveTasks, 0);
      assert.deepEqual(rt.dump().tasks, []);
      await rt.shutdown();
    });

    test("the polls of a cancellation count as polls", async () => {
      const log: string[] = [];
      const rt = new Runtime({ ...flavor.options, ...observed(log) });
      await rt.run(function* () {
        const handle = spawn(pending(), { name: "a" });
        yield* yieldNow();
        log.length = 0;
        handle.abort();
        yield* yieldNow();
      });
      assert.deepEqual(log, ["before a", "terminate a", "after a"]);
    });
  });
}

describe("thread hooks", () => {
  test("start comes with the first drive and stop with the end: once each", async () => {
    const log: string[] = [];
    const rt = new Runtime({ onThreadStart: () => log.push("start"), onThreadStop: () => log.push("stop") });
    assert.deepEqual(log, []);
    await rt.run(ready(1));
    await rt.run(ready(1));
    rt.blockOn(ready(1));
    assert.deepEqual(log, ["start"]);
    await rt.shutdown();
    await rt.shutdown();
    rt.shutdownBackground();
    assert.deepEqual(log, ["start", "stop"]);
  });

  for (const [how, end] of [
    ["shutdown", (rt: Runtime) => rt.shutdown()],
    ["shutdownTimeout", (rt: Runtime) => rt.shutdownTimeout(5)],
    ["shutdownBackground", async (rt: Runtime) => rt.shutdownBackground()],
  ] as const) {
    test(`starts and stops match for a runtime that was never run, with ${how}`, async () => {
      let started = 0;
      let stopped = 0;
      const rt = new Runtime({ onThreadStart: () => started++, onThreadStop: () => stopped++ });
      rt.spawn(pending());
      await end(rt);
      assert.equal(started, stopped);
    });
  }

  test("park and unpark come in pairs, each park before its unpark", async () => {
    const log: string[] = [];
    const rt = new Runtime({ onThreadPark: () => log.push("park"), onThreadUnpark: () => log.push("unpark") });
    await rt.run(function* () {
      for (let i = 0; i < 3; i++) yield* sleep(1);
    });
    await rt.shutdown();
    assert(log.length >= 6);
    log.forEach((entry, i) => {
      assert.equal(entry, i % 2 === 0 ? "park" : "unpark");
    });
    assert.equal(log.length % 2, 0, "every park was followed by an unpark");
  });

  test("park hooks run in the runtime's context", async () => {
    const ids = new Set<number | undefined>();
    const rt = new Runtime({
      onThreadPark: () => ids.add(Handle.tryCurrent()?.id),
      onThreadUnpark: () => ids.add(Handle.tryCurrent()?.id),
    });
    await rt.run(function* () {
      yield* sleep(1);
    });
    assert.deepEqual([...ids], [rt.handle.id]);
  });

  test("a park hook that spawns keeps the thread awake until the task has run", async () => {
    const gate = new Gate();
    let parks = 0;
    const rt = new Runtime({
      onThreadPark: () => {
        if (parks++ === 0) {
          spawn(function* () {
            gate.open();
          });
        }
      },
    });
    // Nothing but the spawned task can open the gate, and no timer or callback keeps the loop alive.
    await rt.run(gate);
    assert.equal(parks, 1);
  });

  test("a park hook that always spawns starves neither timers nor the event loop", async () => {
    let parks = 0;
    let loop = false;
    const rt = new Runtime({
      onThreadPark: () => {
        if (++parks < 20_000) spawn(ready(undefined));
      },
    });
    await rt.run(function* () {
      yield* sleep(1);
      const gate = new Gate();
      setImmediate(() => {
        loop = true;
        gate.open();
      });
      yield* gate;
    });
    assert(loop);
    assert(parks < 20_000, "the loop got its turn only when the hook had stopped spawning");
  });

  test("blockOn parks and unparks as run() does", () => {
    const log: string[] = [];
    const rt = new Runtime({ onThreadPark: () => log.push("park"), onThreadUnpark: () => log.push("unpark") });
    rt.blockOn(function* () {
      yield* sleep(1);
    });
    assert.deepEqual(log.slice(0, 2), ["park", "unpark"]);
    assert.equal(log.length % 2, 0);
  });
});

for (const flavor of flavors) {
  describe(`a shutdown in a hook [${flavor.name}]`, () => {
    for (const hook of ["onThreadStart", "onTaskSpawn"] as const)
      for (const how of ["shutdown", "shutdownBackground"] as const)
        for (const others of [0, 1])
          test(`${how}() in ${hook}, with ${others} other tasks: who waits for a run or a task is told`, async () => {
            let ended: Promise<void> | undefined;
            let isArmed = others === 0;
            const rt = new Runtime({
              ...flavor.options,
              [hook]: () => {
                if (isArmed) ended ??= Promise.resolve(rt[how]());
              },
            });
            const tasks = Array.from({ length: others }, () => rt.spawn(pending()));
            isArmed = true;
            tasks.push(rt.spawn(pending()));
            const ends = await Promise.allSettled([...tasks, ...(ended === undefined ? [rt.run(pending())] : [])]);
            for (const end of ends)
              assert.match((end as PromiseRejectedResult).reason.message, /was cancelled|shut down/);
            await ended;
            await rt.shutdown();
            assert.equal(rt.metrics().numAliveTasks, 0);
          });
  });
}
