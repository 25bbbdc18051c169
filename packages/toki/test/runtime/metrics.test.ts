import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { describe, test } from "node:test";
import { threadId } from "node:worker_threads";
import { type Context, Future, Pending, type Poll, pending, Runtime, ready, sleep, spawn, yieldNow } from "toki";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

for (const flavor of flavors) {
  describe(`RuntimeMetrics [${flavor.name}]`, () => {
    test("the thread that made the runtime is worker 0 on one thread, and none of the workers with many", async () => {
      const rt = new Runtime(flavor.options);
      const metrics = rt.metrics();
      const { numWorkers } = metrics;
      if (rt.handle.flavor === "currentThread") assert.equal(numWorkers, 1);
      else assert.equal(numWorkers, flavor.options.workerThreads ?? availableParallelism());
      await rt.run(function* () {
        for (let i = 0; i < 7; i++) yield* spawn(yieldNow());
      });
      assert.equal(metrics.workerPollCount("main"), 14);
      assert.equal(metrics.workerPollCount(0), rt.handle.flavor === "currentThread" ? 14 : 0);
      assert.equal(metrics.workerThreadId("main"), threadId);
      assert.equal(metrics.workerThreadId(0), rt.handle.flavor === "currentThread" ? threadId : undefined);
      assert.equal(metrics.workerMeanPollTime("main"), 0);
      await rt.shutdown();
    });

    test("numAliveTasks goes up with spawn and down with the end, whatever the end; the body does not count", async () => {
      const rt = new Runtime({ ...flavor.options, onUnhandledFailure: () => {} });
      const metrics = rt.metrics();
      assert.equal(metrics.numAliveTasks, 0);
      await rt.run(function* () {
        assert.equal(metrics.numAliveTasks, 0);
        const gate = new Gate();
        const value = spawn(gate);
        const thrown = spawn(function* () {
          yield* yieldNow();
          throw new Error("x");
        });
        const aborted = spawn(pending());
        assert.equal(metrics.numAliveTasks, 3);
        while (!thrown.isFinished()) yield* yieldNow();
        assert.equal(metrics.numAliveTasks, 2);
        aborted.abort();
        assert.equal(metrics.numAliveTasks, 2, "it is over once it was reaped");
        while (!aborted.isFinished()) yield* yieldNow();
        assert.equal(metrics.numAliveTasks, 1);
        gate.open();
        yield* value;
        assert.equal(metrics.numAliveTasks, 0);
      });
      assert.equal(metrics.spawnedTasksCount, 3);
      await rt.shutdown();
      assert.equal(metrics.numAliveTasks, 0);
    });

    test("it is a live view, and one of the handle is the same", async () => {
      const rt = new Runtime(flavor.options);
      const early = rt.metrics();
      const other = rt.handle.metrics();
      await rt.run(spawnIn(rt));
      assert.equal(early.spawnedTasksCount, 1);
      assert.equal(other.spawnedTasksCount, 1);
    });

    test("globalQueueDepth holds what was spawned or woken from outside and did not have its turn yet", async () => {
      const rt = new Runtime(flavor.options);
      const metrics = rt.metrics();
      for (let i = 0; i < 5; i++) rt.spawn(yieldNow());
      assert.equal(metrics.globalQueueDepth, 5);
      assert.equal(metrics.workerLocalQueueDepth("main"), 0);
      await rt.run(yieldNow());
      assert.equal(metrics.globalQueueDepth, 0);
      rt.shutdownBackground();
    });

    test("workerLocalQueueDepth holds what tasks spawned and woke, without the LIFO slot", async () => {
      const rt = new Runtime(flavor.options);
      await rt.run(function* () {
        for (let i = 0; i < 5; i++) spawn(ready(1));
        const inSlot = flavor.options.lifoSlot === true ? 1 : 0;
        assert.equal(rt.metrics().workerLocalQueueDepth("main"), 5 - inSlot);
        yield* yieldNow();
        assert.equal(rt.metrics().workerLocalQueueDepth("main"), 0);
      });
    });

    test("schedules from tasks are local, those from outside remote", async () => {
      const rt = new Runtime(flavor.options);
      const metrics = rt.metrics();
      const gate = new Gate();
      const running = rt.run(gate);
      await turn();
      const remote = metrics.remoteScheduleCount;
      const local = metrics.workerLocalScheduleCount("main");
      rt.spawn(function* () {
        spawn(ready(1));
        spawn(ready(2));
      });
      await turn();
      assert.equal(metrics.remoteScheduleCount - remote, 1);
      assert.equal(metrics.workerLocalScheduleCount("main") - local, 2);
      gate.open();
      await running;
    });

    test("workerPollCount counts the polls of tasks, and not those of the body", async () => {
      const rt = new Runtime(flavor.options);
      const metrics = rt.metrics();
      await rt.run(function* () {
        for (let i = 0; i < 10; i++) yield* yieldNow();
      });
      assert.equal(metrics.workerPollCount("main"), 0);
      await rt.run(function* () {
        yield* spawn(function* () {
          for (let i = 0; i < 3; i++) yield* yieldNow();
        });
      });
      assert.equal(metrics.workerPollCount("main"), 4);
    });

    test("workerParkCount counts one for each time it went idle", async () => {
      const rt = new Runtime(flavor.options);
      const metrics = rt.metrics();
      await rt.run(ready(1));
      const before = metrics.workerParkCount("main");
      const gate = new Gate();
      const running = rt.run(gate);
      await turn();
      await turn();
      assert.equal(metrics.workerParkCount("main") - before, 1);
      gate.wake();
      await turn();
      assert.equal(metrics.workerParkCount("main") - before, 2);
      gate.open();
      await running;
    });

    test("workerNoopCount counts the times it was woken and found nothing", async () => {
      const rt = new Runtime({ ...flavor.options, startPaused: false });
      const metrics = rt.metrics();
      const before = metrics.workerNoopCount("main");
      await rt.run(function* () {
        // The host timer of the first sleep stays armed when that is dropped, and fires for nothing.
        const short = sleep(1);
        const poll = pollOnce(short);
        yield* poll;
        const task = spawn(sleep(20));
        yield* yieldNow();
        short[Symbol.dispose]();
        yield* task;
      });
      assert(metrics.workerNoopCount("main") >= before);
    });

    test("workerTotalBusyDuration grows while tasks run, and only then", async () => {
      const rt = new Runtime({ ...flavor.options, startPaused: false });
      const metrics = rt.metrics();
      assert.equal(metrics.workerTotalBusyDuration("main"), 0);
      await rt.run(function* () {
        yield* spawn(function* () {
          const until = performance.now() + 5;
          while (performance.now() < until);
        });
      });
      const busy = metrics.workerTotalBusyDuration("main");
      assert(busy >= 5, `${busy} ms`);
      await new Promise((resolve) => setTimeout(resolve, 10));
      assert.equal(metrics.workerTotalBusyDuration("main"), busy);
      const started = performance.now();
      await rt.run(function* () {
        yield* sleep(30);
      });
      const elapsed = performance.now() - started;
      assert(metrics.workerTotalBusyDuration("main") - busy < elapsed, "sleeping is not busy");
    });

    test("nothing is stolen and nothing overflows on one thread", async () => {
      const rt = new Runtime(flavor.options);
      const metrics = rt.metrics();
      for (let i = 0; i < 1000; i++) rt.spawn(ready(i));
      await rt.run(yieldNow());
      assert.equal(metrics.workerStealCount("main"), 0);
      assert.equal(metrics.workerStealOperations("main"), 0);
      assert.equal(metrics.workerOverflowCount("main"), 0);
    });

    test("a worker that does not exist throws", () => {
      const metrics = new Runtime(flavor.options).metrics();
      const perWorker = [
        "workerLocalQueueDepth",
        "workerTotalBusyDuration",
        "workerParkCount",
        "workerNoopCount",
        "workerPollCount",
        "workerLocalScheduleCount",
        "workerStealCount",
        "workerStealOperations",
        "workerOverflowCount",
        "workerParkUnparkCount",
        "workerMeanPollTime",
        "workerThreadId",
      ] as const;
      const end = metrics.numWorkers;
      for (const name of perWorker) {
        for (const index of [end, -1, 0.5, Number.NaN, "0" as never]) {
          assert.throws(() => metrics[name](index), {
            code: "TOKI_INVALID_ARGUMENT",
            argument: "worker",
            message: new RegExp(`^RuntimeMetrics\\.${name}: worker must be `),
          });
        }
      }
    });
  });
}

function spawnIn(rt: Runtime) {
  return function* () {
    yield* rt.spawn(ready(1));
  };
}

/** Polls a future once with the task's waker, and is done. */
function pollOnce(future: Future<unknown>): Future<void> {
  return new (class PollOnce extends Future<void> {
    poll(cx: Context): Poll<void> {
      assert.equal(future.poll(cx), Pending);
    }
  })();
}
