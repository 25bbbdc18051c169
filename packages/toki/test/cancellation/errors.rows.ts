import { type Context, Future, fn, JoinError, Pending, type Poll, pending, type Suspend, spawn, timeout } from "toki";
import { abortParked, outcomeOf, pause, type Row, settle } from "./scene.js";

/** Cleanup that throws: the task then panicked, and nothing of what was thrown gets lost. */
export const rows: readonly Row[] = [
  {
    name: "cleanup throws: the task panicked with that error",
    *body(s) {
      const task = spawn(s.explode("boom"));
      yield* abortParked(task);
      try {
        yield* task;
        return "no error";
      } catch (error) {
        if (!(error instanceof JoinError)) throw error;
        s.log(`isPanic ${error.isPanic()}, isCancelled ${error.isCancelled()}, ${error.code}`);
        return (error.intoPanic() as Error).message;
      }
    },
    trace: ["boom cleanup", "isPanic true, isCancelled false, TOKI_TASK_PANICKED"],
    outcome: "boom",
  },
  {
    name: "cleanup throws one call down: the caller's catch does not see it, its finally runs",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* s.explode("boom");
          s.log("not reached");
        } catch {
          s.log("caught");
        } finally {
          s.log("outer cleanup");
        }
        s.log("not reached");
      });
      return yield* abortParked(task);
    },
    trace: ["boom cleanup", "outer cleanup"],
    outcome: "panic: boom",
  },
  {
    name: "cleanup throws five calls down: every cleanup further out runs",
    *body(s) {
      const outer = fn(function* (depth: number): Generator<Suspend, void, unknown> {
        try {
          if (depth > 0) yield* outer(depth - 1);
          else yield* s.explode("boom");
        } finally {
          s.log(`cleanup ${depth}`);
          yield* pause();
        }
      });
      return yield* abortParked(spawn(outer(4)));
    },
    trace: ["boom cleanup", "cleanup 0", "cleanup 1", "cleanup 2", "cleanup 3", "cleanup 4"],
    outcome: "panic: boom",
  },
  {
    name: "cleanup throws after it awaited",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          yield* pause();
          s.log("cleanup");
          throw new Error("late");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["cleanup"],
    outcome: "panic: late",
  },
  {
    name: "an fn called in cleanup throws, not caught there",
    *body(s) {
      const disconnect = fn(function* disconnect() {
        yield* pause();
        throw new Error("disconnect failed");
      });
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          yield* disconnect();
          s.log("not reached");
        }
      });
      return yield* abortParked(task);
    },
    trace: [],
    outcome: "panic: disconnect failed",
  },
  {
    name: "two cleanups throw: the outer error suppresses the inner one",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* s.explode("inner");
        } finally {
          s.log("outer cleanup");
          throw new Error("outer");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["inner cleanup", "outer cleanup"],
    outcome: "panic: outer suppresses (inner)",
  },
  {
    name: "three cleanups throw, some after an await: all three errors are kept",
    *body(s) {
      const middle = fn(function* middle() {
        try {
          yield* s.explode("one");
        } finally {
          yield* pause();
          throw new Error("two");
        }
      });
      const task = spawn(function* () {
        try {
          yield* middle();
        } finally {
          throw new Error("three");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["one cleanup"],
    outcome: "panic: three suppresses (two suppresses (one))",
  },
  {
    name: "two finally blocks of one body throw: the language keeps the later one",
    *body() {
      const task = spawn(function* () {
        try {
          try {
            yield* pending();
          } finally {
            throw new Error("inner");
          }
        } finally {
          throw new Error("outer");
        }
      });
      return yield* abortParked(task);
    },
    trace: [],
    outcome: "panic: outer",
  },
  {
    name: "a guard of `using` throws: the other guards are disposed",
    *body(s) {
      const task = spawn(function* () {
        using _first = s.guard("first");
        using _second = s.guard("second", new Error("second"));
        yield* pending();
      });
      return yield* abortParked(task);
    },
    trace: ["second disposed", "first disposed"],
    outcome: "panic: second",
  },
  {
    name: "two guards of `using` throw, and a cleanup further out",
    *body(s) {
      const inner = fn(function* inner() {
        using _first = s.guard("first", new Error("first"));
        using _second = s.guard("second", new Error("second"));
        yield* pending();
      });
      const task = spawn(function* () {
        try {
          yield* inner();
        } finally {
          throw new Error("outer");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["second disposed", "first disposed"],
    outcome: "panic: outer suppresses (first suppresses (second))",
  },
  {
    name: "cleanup throws what is no error",
    *body() {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          throw "a string";
        }
      });
      return yield* abortParked(task);
    },
    trace: [],
    outcome: "panic: thrown a string",
  },
  {
    name: "cleanup throws undefined: a panic all the same",
    *body() {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          throw undefined;
        }
      });
      return yield* abortParked(task);
    },
    trace: [],
    outcome: "panic: thrown undefined",
  },
  {
    name: "the leaf's own release throws: every frame is unwound, the error is kept",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* new BadLeaf();
        } finally {
          s.log("cleanup begins");
          yield* pause();
          s.log("cleanup ends");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["cleanup begins", "cleanup ends"],
    outcome: "panic: release failed",
  },
  {
    name: "the leaf's release throws, and so does a cleanup",
    *body() {
      const task = spawn(function* () {
        try {
          yield* new BadLeaf();
        } finally {
          throw new Error("cleanup");
        }
      });
      return yield* abortParked(task);
    },
    trace: [],
    outcome: "panic: cleanup suppresses (release failed)",
  },
  {
    name: "a task that is a hand-written future, whose release throws",
    *body() {
      return yield* abortParked(spawn(new BadLeaf()));
    },
    trace: [],
    outcome: "panic: release failed",
  },
  {
    name: "aborted again after its cleanup threw: the panic stays",
    *body(s) {
      const task = spawn(s.explode("boom"));
      yield* abortParked(task);
      task.abort();
      yield* settle();
      return yield* outcomeOf(task);
    },
    trace: ["boom cleanup"],
    outcome: "panic: boom",
  },
  {
    name: "nobody joins a task whose cleanup threw: reported once",
    *body(s) {
      const handle = spawn(s.explode("boom")).abortHandle();
      yield* settle();
      handle.abort();
      yield* settle();
      return `finished: ${handle.isFinished()}`;
    },
    trace: ["boom cleanup"],
    outcome: "finished: true",
    unhandled: ["boom"],
  },
  {
    name: "nobody joins a task that was cancelled without an error: nothing is reported",
    *body(s) {
      const handle = spawn(s.linger("a")).abortHandle();
      yield* settle();
      handle.abort();
      yield* settle();
      return `finished: ${handle.isFinished()}`;
    },
    trace: ["a0 cleanup begins", "a0 cleanup ends"],
    outcome: "finished: true",
  },
  {
    name: "a sibling's cleanup that throws hurts nobody else",
    *body(s) {
      const bad = spawn(s.explode("boom"));
      const good = spawn(s.linger("good"));
      s.log(`bad: ${yield* abortParked(bad)}`);
      s.log(`good finished: ${good.isFinished()}`);
      return yield* abortParked(good);
    },
    trace: ["boom cleanup", "bad: panic: boom", "good finished: false", "good0 cleanup begins", "good0 cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "an error that is on its way when the task is aborted in a finally is replaced by what cleanup throws",
    *body(s) {
      const task = spawn(function* () {
        try {
          throw new Error("work failed");
        } finally {
          yield* s.explode("cleanup");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["cleanup cleanup"],
    outcome: "panic: cleanup",
  },
  {
    name: "a bare yield in cleanup: the mistake is thrown at it",
    *body(s) {
      const task = spawn(function* (): Generator<Suspend, void, unknown> {
        try {
          yield* pending();
        } finally {
          try {
            yield pending() as never;
          } finally {
            s.log("rejected");
          }
        }
      });
      return yield* abortParked(task);
    },
    trace: ["rejected"],
    outcome: "panic: TOKI_BARE_YIELD",
  },
  {
    name: "a promise yielded in cleanup: the mistake can be caught there",
    *body(s) {
      const task = spawn(function* (): Generator<Suspend, void, unknown> {
        try {
          yield* pending();
        } finally {
          try {
            yield Promise.resolve(1) as never;
          } catch (error) {
            s.log((error as Error).message.slice(0, 35));
          }
          yield* pause();
          s.log("cleanup ends");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["Cannot yield an instance of Promise", "cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "cleanup awaits a future that is done: polled after completion",
    *body() {
      const step = fn(function* step() {});
      const task = spawn(function* () {
        const once = step();
        yield* once;
        try {
          yield* pending();
        } finally {
          yield* once;
        }
      });
      return yield* abortParked(task);
    },
    trace: [],
    outcome: "panic: TOKI_POLLED_AFTER_COMPLETION",
  },
  {
    name: "cleanup awaits the very call that is being unwound: it is gone",
    *body(s) {
      const task = spawn(function* () {
        const call = s.park("call");
        try {
          yield* call;
        } finally {
          yield* call;
        }
      });
      return yield* abortParked(task);
    },
    trace: ["call0 cleanup"],
    outcome: "panic: TOKI_POLLED_AFTER_COMPLETION",
  },
  {
    name: "cleanup starts a runtime in the runtime: refused",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          s.rt.blockOn(pause());
        }
      });
      return yield* abortParked(task);
    },
    trace: [],
    outcome: "panic: NestedRuntimeError",
  },
  {
    name: "a timeout inside a task that is aborted: its error is never seen",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* timeout(3_600_000, s.explode("boom"));
        } catch {
          s.log("caught");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["boom cleanup"],
    outcome: "panic: boom",
  },
];

/** Never ready; releasing it fails. */
class BadLeaf extends Future<void> {
  poll(_cx: Context): Poll<void> {
    return Pending;
  }

  override [Symbol.dispose](): void {
    throw new Error("release failed");
  }
}
