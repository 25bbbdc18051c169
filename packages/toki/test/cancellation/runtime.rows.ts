import { getEventListeners } from "node:events";
import { fn, type JoinHandle, pending, pin, type RunOptions, Runtime, type Suspend, select, sleep, spawn } from "toki";
import { Gate } from "../support/gate.js";
import { describeError, outcomeOf, pause, type Row, type Scene, settle, settled } from "./scene.js";

/** Runs the scene's tasks until they are parked. */
async function start<T>(s: Scene, ...handles: JoinHandle<T>[]): Promise<JoinHandle<T>[]> {
  await s.rt.run(settle());
  return handles;
}

/** Cleanup that never ends, with synchronous cleanup inside of it. */
const stuck = fn(function* stuck(s: Scene, name: string) {
  try {
    yield* pending();
  } finally {
    s.log(`${name} begins`);
    try {
      yield* pending();
    } finally {
      s.log(`${name} cut`);
    }
  }
});

/** `run` with an AbortSignal. */
export const run: readonly Row[] = [
  {
    name: "aborting the signal unwinds the body; the promise rejects with the reason once cleanup has ended",
    async outside(s) {
      const controller = new AbortController();
      const running = s.rt.run(s.linger("body", 1), { signal: controller.signal });
      setImmediate(() => controller.abort(new Error("reason")));
      const outcome = await settled(running);
      s.log("rejected");
      return outcome;
    },
    trace: ["body0 cleanup begins", "body0 cleanup ends", "body1 cleanup begins", "body1 cleanup ends", "rejected"],
    outcome: "reason",
  },
  {
    name: "aborted without a reason: the signal's own AbortError",
    async outside(s) {
      const controller = new AbortController();
      const running = s.rt.run(s.park("body"), { signal: controller.signal });
      setImmediate(() => controller.abort());
      try {
        await running;
      } catch (error) {
        return (error as Error).name;
      }
      return "no error";
    },
    trace: ["body0 cleanup"],
    outcome: "AbortError",
  },
  {
    name: "a signal that is aborted already: the body never runs",
    async outside(s) {
      return await settled(s.rt.run(s.park("body"), { signal: AbortSignal.abort(new Error("too late")) }));
    },
    trace: [],
    outcome: "too late",
  },
  {
    name: "cleanup throws: the promise rejects with that",
    async outside(s) {
      const controller = new AbortController();
      const running = s.rt.run(s.explode("body"), { signal: controller.signal });
      setImmediate(() => controller.abort(new Error("reason")));
      return await settled(running);
    },
    trace: ["body cleanup"],
    outcome: "body",
  },
  {
    name: "the body returns without another await: the value wins",
    async outside(s) {
      const controller = new AbortController();
      const running = s.rt.run(
        function* () {
          controller.abort(new Error("reason"));
          return 42;
        },
        { signal: controller.signal },
      );
      return await settled(running);
    },
    trace: [],
    outcome: "value 42",
  },
  {
    name: "aborted after the end: nothing happens, no listener is left",
    async outside(s) {
      const controller = new AbortController();
      const options: RunOptions = { signal: controller.signal };
      const outcome = await settled(s.rt.run(pause(), options));
      s.log(`listeners: ${getEventListeners(controller.signal, "abort").length}`);
      controller.abort();
      return outcome;
    },
    trace: ["listeners: 0"],
    outcome: "value undefined",
  },
  {
    name: "tasks the body spawned are not aborted with it: they go on when something drives the runtime",
    async outside(s) {
      const controller = new AbortController();
      const gate = new Gate<string>();
      let child: JoinHandle<string> | undefined;
      const running = s.rt.run(
        function* () {
          child = spawn(function* () {
            return yield* gate;
          });
          yield* s.park("body");
        },
        { signal: controller.signal },
      );
      setImmediate(() => controller.abort(new Error("reason")));
      s.log(await settled(running));
      gate.open("child ends");
      return await settled(child as JoinHandle<string>);
    },
    trace: ["body0 cleanup", "reason"],
    outcome: "value child ends",
  },
];

/** The three ways to shut a runtime down. */
export const shutdown: readonly Row[] = [
  {
    name: "shutdown() cancels a parked task and resolves once its cleanup has ended",
    async outside(s) {
      const [task] = await start(s, s.rt.spawn(s.linger("a", 1)));
      await s.rt.shutdown();
      s.log(`shut down, finished: ${task?.isFinished()}`);
      return await settled(task as JoinHandle<void>);
    },
    trace: [
      "a0 cleanup begins",
      "a0 cleanup ends",
      "a1 cleanup begins",
      "a1 cleanup ends",
      "shut down, finished: true",
    ],
    outcome: "cancelled",
  },
  {
    name: "shutdown() of a task that was never polled: it never runs",
    async outside(s) {
      const task = s.rt.spawn(s.park("a"));
      await s.rt.shutdown();
      return await settled(task);
    },
    trace: [],
    outcome: "cancelled",
  },
  {
    name: "shutdown() of a hundred tasks waits for the cleanup of each",
    async outside(s) {
      const tasks = Array.from({ length: 100 }, () => s.rt.spawn(s.linger("a", 1)));
      await start(s);
      await s.rt.shutdown();
      const lines = s.trace.splice(0);
      s.log(`${lines.filter((line) => line.endsWith("ends")).length} ended`);
      return `${tasks.filter((task) => task.isFinished()).length} finished`;
    },
    trace: ["200 ended"],
    outcome: "100 finished",
  },
  {
    name: "shutdown() twice: both resolve at the end of the same cleanup, which runs once",
    async outside(s) {
      await start(s, s.rt.spawn(s.linger("a")));
      await Promise.all([s.rt.shutdown(), s.rt.shutdown()]);
      s.log("shut down");
      return "done";
    },
    trace: ["a0 cleanup begins", "a0 cleanup ends", "shut down"],
    outcome: "done",
  },
  {
    name: "shutdown() while a task is being cleaned up after an abort: waits for that",
    async outside(s) {
      const gate = new Gate();
      const [task] = await start(
        s,
        s.rt.spawn(function* () {
          try {
            yield* pending();
          } finally {
            s.log("cleanup begins");
            yield* gate;
            s.log("cleanup ends");
          }
        }),
      );
      task?.abort();
      await s.rt.run(settle());
      const down = s.rt.shutdown();
      gate.open();
      await down;
      s.log("shut down");
      return "done";
    },
    trace: ["cleanup begins", "cleanup ends", "shut down"],
    outcome: "done",
  },
  {
    name: "shutdown() while a run is under way: it rejects, once its cleanup has ended",
    async outside(s) {
      const running = s.rt.run(s.linger("body"));
      await new Promise((resolve) => setImmediate(resolve));
      void s.rt.shutdown();
      return await settled(running);
    },
    trace: ["body0 cleanup begins", "body0 cleanup ends"],
    outcome: "RuntimeShutdownError",
  },
  {
    name: "shutdown() by a task: that task is cancelled at its next await, its cleanup runs",
    async outside(s) {
      const task = s.rt.spawn(function* () {
        void s.rt.shutdown();
        s.log("still running");
        yield* s.linger("self");
      });
      return await settled(task);
    },
    trace: ["still running", "self0 cleanup begins", "self0 cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "cleanup that sleeps, during a shutdown",
    async outside(s) {
      await start(
        s,
        s.rt.spawn(function* () {
          try {
            yield* sleep(3_600_000);
          } finally {
            yield* sleep(1);
            s.log("slept");
          }
        }),
      );
      await s.rt.shutdown();
      s.log("shut down");
      return "done";
    },
    trace: ["slept", "shut down"],
    outcome: "done",
  },
  {
    name: "cleanup that joins another task which is being cancelled too",
    async outside(s) {
      const child = s.rt.spawn(s.linger("child"));
      await start(
        s,
        s.rt.spawn(function* () {
          try {
            yield* pending();
          } finally {
            s.log(`child: ${yield* outcomeOf(child)}`);
          }
        }),
      );
      await s.rt.shutdown();
      return "done";
    },
    trace: ["child0 cleanup begins", "child0 cleanup ends", "child: cancelled"],
    outcome: "done",
  },
  {
    name: "spawn in cleanup during a shutdown: a cancelled task, which never runs",
    async outside(s) {
      await start(
        s,
        s.rt.spawn(function* () {
          try {
            yield* pending();
          } finally {
            const late = spawn(s.park("late"));
            s.log(`late: ${yield* outcomeOf(late)}`);
          }
        }),
      );
      await s.rt.shutdown();
      return "done";
    },
    trace: ["late: cancelled"],
    outcome: "done",
  },
  {
    name: "cleanup that disposes a future it had lent, during a shutdown: that one's cleanup is not lost",
    async outside(s) {
      await start(
        s,
        s.rt.spawn(function* () {
          const work = s.park("work");
          try {
            yield* select({ work: pin(work), never: pending() });
          } finally {
            work[Symbol.dispose]();
            s.log("disposed");
          }
        }),
      );
      await s.rt.shutdown();
      return [...s.trace.splice(0)].sort().join(", ");
    },
    trace: [],
    outcome: "disposed, work0 cleanup",
  },
  {
    name: "cleanup throws during a shutdown: reported, the shutdown resolves",
    async outside(s) {
      await start(s, s.rt.spawn(s.explode("boom")));
      await s.rt.shutdown();
      return "done";
    },
    trace: ["boom cleanup"],
    outcome: "done",
    unhandled: ["boom"],
  },
  {
    name: "shutdownTimeout(): cleanup that ends in time is left alone",
    async outside(s) {
      await start(s, s.rt.spawn(s.linger("a", 1)));
      await s.rt.shutdownTimeout(60_000);
      s.log("shut down");
      return "done";
    },
    trace: ["a0 cleanup begins", "a0 cleanup ends", "a1 cleanup begins", "a1 cleanup ends", "shut down"],
    outcome: "done",
  },
  {
    name: "shutdownTimeout(): cleanup that never ends is cut, synchronous cleanup runs",
    async outside(s) {
      const [task] = await start(s, s.rt.spawn(stuck(s, "a")));
      await s.rt.shutdownTimeout(1);
      s.log("shut down");
      return await settled(task as JoinHandle<void>);
    },
    trace: ["a begins", "a cut", "shut down"],
    outcome: "cancelled",
  },
  {
    name: "shutdownTimeout(): one task stuck, one not",
    async outside(s) {
      await start(s, s.rt.spawn(s.linger("good")), s.rt.spawn(stuck(s, "bad")));
      await s.rt.shutdownTimeout(1);
      return [...s.trace.splice(0)].sort().join(", ");
    },
    trace: [],
    outcome: "bad begins, bad cut, good0 cleanup begins, good0 cleanup ends",
  },
  {
    name: "shutdownBackground(): synchronous cleanup has run when it returns; awaits in it do not wait",
    async outside(s) {
      const [task] = await start(s, s.rt.spawn(stuck(s, "a")));
      s.rt.shutdownBackground();
      s.log(`returned, finished: ${task?.isFinished()}`);
      return await settled(task as JoinHandle<void>);
    },
    trace: ["a begins", "a cut", "returned, finished: true"],
    outcome: "cancelled",
  },
  {
    name: "shutdownBackground() by a task: it and the others are cut at their awaits",
    async outside(s) {
      const other = s.rt.spawn(stuck(s, "other"));
      await start(s);
      const task = s.rt.spawn(function* () {
        s.rt.shutdownBackground();
        s.log("still running");
        yield* stuck(s, "self");
      });
      const outcomes = await Promise.all([settled(task), settled(other)]);
      s.trace.sort();
      return outcomes.join(", ");
    },
    trace: ["other begins", "other cut", "self begins", "self cut", "still running"],
    outcome: "cancelled, cancelled",
  },
  {
    name: "await using: the runtime is shut down at the end of the block",
    async outside(s) {
      {
        await using rt = new Runtime();
        rt.spawn(s.linger("a"));
        await rt.run(settle());
        s.log("block ends");
      }
      s.log("shut down");
      return "done";
    },
    trace: ["block ends", "a0 cleanup begins", "a0 cleanup ends", "shut down"],
    outcome: "done",
  },
  {
    name: "unhandledPanic shutdownRuntime: a failure cancels the others, with their cleanup",
    async outside(s) {
      const rt = new Runtime({ unhandledPanic: "shutdownRuntime", onUnhandledFailure: () => {} });
      const other = rt.spawn(s.linger("other"));
      await rt.run(settle());
      rt.spawn(function* () {
        throw new Error("boom");
      });
      const outcome = await settled(other);
      await rt.shutdown();
      return outcome;
    },
    trace: ["other0 cleanup begins", "other0 cleanup ends"],
    outcome: "cancelled",
  },
];

/** Runs `body` with `blockOn`, which meets a deadlock without the event loop; the printed report goes to nobody. */
function deadlock(s: Scene, body: () => Generator<Suspend, unknown, unknown>): string {
  const { write } = process.stderr;
  process.stderr.write = () => true;
  try {
    s.rt.blockOn(body);
    return "no error";
  } catch (error) {
    return describeError(error);
  } finally {
    process.stderr.write = write;
  }
}

/** Cancellation by the deadlock report. */
export const deadlocks: readonly Row[] = [
  {
    name: "every task is cancelled, its cleanup runs, then the driver fails",
    outside(s) {
      const outcome = deadlock(s, function* () {
        spawn(s.linger("task"));
        yield* s.linger("body");
      });
      s.trace.sort();
      return outcome;
    },
    trace: ["body0 cleanup begins", "body0 cleanup ends", "task0 cleanup begins", "task0 cleanup ends"],
    outcome: "DeadlockError",
  },
  {
    name: "cleanup may use timers and other tasks",
    outside(s) {
      return deadlock(s, function* () {
        try {
          yield* pending();
        } finally {
          yield* sleep(1);
          s.log(
            yield* spawn(function* () {
              yield* pause();
              return "helped";
            }),
          );
        }
      });
    },
    trace: ["helped"],
    outcome: "DeadlockError",
  },
  {
    name: "cleanup is stuck as well: it is cut, synchronous cleanup runs",
    outside(s) {
      return deadlock(s, function* () {
        yield* stuck(s, "body");
      });
    },
    trace: ["body begins", "body cut"],
    outcome: "DeadlockError",
  },
  {
    name: "no catch can swallow it",
    outside(s) {
      return deadlock(s, function* () {
        for (;;) {
          try {
            yield* pending();
          } catch {
            s.log("caught");
          }
        }
      });
    },
    trace: [],
    outcome: "DeadlockError",
  },
];
