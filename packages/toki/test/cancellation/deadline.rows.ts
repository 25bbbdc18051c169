import {
  type AbortOptions,
  Future,
  fn,
  type JoinHandle,
  join,
  pending,
  type Suspend,
  select,
  sleep,
  spawn,
} from "toki";
import { Gate } from "../support/gate.js";
import { outcomeOf, pause, type Row, settle } from "./scene.js";

/** Aborts a task that has had the time to park, with a limit to its cleanup, and waits for it. */
const abortWithin = fn(function* abortWithin(handle: JoinHandle<unknown>, options: AbortOptions) {
  yield* settle();
  handle.abort(options);
  return yield* outcomeOf(handle);
});

/** Cleanup with a deadline: `abort({ cleanupTimeout })`. */
export const rows: readonly Row[] = [
  {
    name: "cleanup that ends in time is left alone",
    *body(s) {
      return yield* abortWithin(spawn(s.linger("a", 2)), { cleanupTimeout: 3_600_000 });
    },
    trace: [0, 1, 2].flatMap((i) => [`a${i} cleanup begins`, `a${i} cleanup ends`]),
    outcome: "cancelled",
  },
  {
    name: "cleanup that sleeps, but not too long, is left alone",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          yield* sleep(1);
          s.log("cleanup ends");
        }
      });
      return yield* abortWithin(task, { cleanupTimeout: 3_600_000 });
    },
    trace: ["cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "cleanup that never ends is cut at its await; what follows in that block does not run",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          s.log("cleanup begins");
          yield* pending();
          s.log("not reached");
        }
      });
      return yield* abortWithin(task, { cleanupTimeout: 1 });
    },
    trace: ["cleanup begins"],
    outcome: "cancelled",
  },
  {
    name: "after the cut, synchronous cleanup further out runs",
    *body(s) {
      const inner = fn(function* inner() {
        try {
          yield* pending();
        } finally {
          try {
            s.log("inner begins");
            yield* pending();
            s.log("not reached");
          } finally {
            s.log("inner's own finally");
          }
        }
      });
      const task = spawn(function* () {
        using _guard = s.guard("guard");
        try {
          yield* inner();
        } catch {
          s.log("caught");
        } finally {
          s.log("outer");
        }
      });
      return yield* abortWithin(task, { cleanupTimeout: 1 });
    },
    trace: ["inner begins", "inner's own finally", "outer", "guard disposed"],
    outcome: "cancelled",
  },
  {
    name: "after the cut, awaits in cleanup further out do not wait",
    *body(s) {
      const inner = fn(function* inner() {
        try {
          yield* pending();
        } finally {
          yield* pending();
        }
      });
      const task = spawn(function* () {
        try {
          yield* inner();
        } finally {
          s.log("outer begins");
          yield* pending();
          s.log("not reached");
        }
      });
      return yield* abortWithin(task, { cleanupTimeout: 1 });
    },
    trace: ["outer begins"],
    outcome: "cancelled",
  },
  {
    name: "after the cut, an await that is ready still gives its value",
    *body(s) {
      const open = new Gate<string>();
      open.open("ready");
      const inner = fn(function* inner() {
        try {
          yield* pending();
        } finally {
          yield* pending();
        }
      });
      const task = spawn(function* () {
        try {
          yield* inner();
        } finally {
          s.log(yield* open);
        }
      });
      return yield* abortWithin(task, { cleanupTimeout: 1 });
    },
    trace: ["ready"],
    outcome: "cancelled",
  },
  {
    name: "a cut through functions that cleanup has called: their finally blocks run too",
    *body(s) {
      const goodbye = fn(function* goodbye() {
        try {
          yield* s.park("goodbye", 1);
        } finally {
          s.log("goodbye's finally");
        }
      });
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          try {
            yield* goodbye();
            s.log("not reached");
          } finally {
            s.log("outer");
          }
        }
      });
      return yield* abortWithin(task, { cleanupTimeout: 1 });
    },
    trace: ["goodbye0 cleanup", "goodbye1 cleanup", "goodbye's finally", "outer"],
    outcome: "cancelled",
  },
  {
    name: "40 calls deep, each with cleanup that never ends: each is cut, each one's synchronous cleanup runs",
    *body(s) {
      let begun = 0;
      let released = 0;
      const dive = fn(function* (depth: number): Generator<Suspend, void, unknown> {
        try {
          if (depth > 0) yield* dive(depth - 1);
          else yield* pending();
        } finally {
          begun++;
          try {
            yield* pending();
          } finally {
            released++;
          }
        }
      });
      const outcome = yield* abortWithin(spawn(dive(39)), { cleanupTimeout: 1 });
      s.log(`${begun} begun, ${released} released`);
      return outcome;
    },
    trace: ["40 begun, 40 released"],
    outcome: "cancelled",
  },
  {
    name: "one cleanup with ten awaits in finally blocks within finally blocks: all are cut",
    *body(s) {
      const nest = function* (levels: number): Generator<Suspend, void, unknown> {
        try {
          yield* pending();
        } finally {
          s.log(`level ${levels}`);
          if (levels > 0) yield* Future.from(nest(levels - 1));
        }
      };
      return yield* abortWithin(spawn(Future.from(nest(9))), { cleanupTimeout: 1 });
    },
    trace: Array.from({ length: 10 }, (_, i) => `level ${9 - i}`),
    outcome: "cancelled",
  },
  {
    name: "a finally that goes back to its loop and waits again, for ever, is given up",
    *body(s) {
      let rounds = 0;
      const task = spawn(function* () {
        for (;;) {
          try {
            yield* pending();
          } finally {
            if (++rounds > 0) continue;
          }
          return;
        }
      });
      const outcome = yield* abortWithin(task, { cleanupTimeout: 1 });
      s.log(`more than one round: ${rounds > 1}`);
      return outcome;
    },
    trace: ["more than one round: true"],
    outcome: "cancelled",
  },
  {
    name: "a finally that goes back to its loop: cleanup from then on, not cancelled again without a deadline",
    *body(s) {
      const gate = new Gate();
      const task = spawn(function* () {
        for (let round = 0; round < 2; round++) {
          try {
            yield* gate;
            s.log(`round ${round} got through`);
          } finally {
            s.log(`round ${round} cleanup`);
            if (round === 0) continue;
          }
          s.log("the end");
        }
        return "a value";
      });
      yield* settle();
      task.abort();
      yield* settle();
      task.abort();
      yield* settle();
      gate.open();
      return yield* outcomeOf(task);
    },
    trace: ["round 0 cleanup", "round 1 got through", "round 1 cleanup", "the end"],
    outcome: "cancelled",
  },
  {
    name: "a deadline of 0: an await in cleanup that is not ready is cut",
    *body(s) {
      const stuck = fn(function* stuck(depth: number): Generator<Suspend, void, unknown> {
        try {
          if (depth > 0) yield* stuck(depth - 1);
          else yield* pending();
        } finally {
          s.log(`cleanup ${depth}`);
          yield* pending();
          s.log("not reached");
        }
      });
      return yield* abortWithin(spawn(stuck(1)), { cleanupTimeout: 0 });
    },
    trace: ["cleanup 0", "cleanup 1"],
    outcome: "cancelled",
  },
  {
    name: "a deadline given by a second abort, while cleanup is under way",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          s.log("cleanup begins");
          yield* pending();
        }
      });
      yield* settle();
      task.abort();
      yield* settle();
      s.log(`finished: ${task.isFinished()}`);
      task.abortHandle().abort({ cleanupTimeout: 1 });
      return yield* outcomeOf(task);
    },
    trace: ["cleanup begins", "finished: false"],
    outcome: "cancelled",
  },
  {
    name: "of two deadlines the earlier one counts",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          yield* pending();
        }
      });
      yield* settle();
      task.abort({ cleanupTimeout: 3_600_000 });
      task.abort({ cleanupTimeout: 1 });
      const outcome = yield* outcomeOf(task);
      s.log(`${s.timers} timers`);
      return outcome;
    },
    trace: ["0 timers"],
    outcome: "cancelled",
  },
  {
    name: "on a task that is over: nothing happens, no timer is left",
    *body(s) {
      const task = spawn(function* () {
        return 42;
      });
      yield* settle();
      task.abort({ cleanupTimeout: 3_600_000 });
      s.log(`${s.timers} timers`);
      return yield* outcomeOf(task);
    },
    trace: ["0 timers"],
    outcome: "value 42",
  },
  {
    name: "on a task that was never polled",
    *body(s) {
      const task = spawn(s.park("a"));
      task.abort({ cleanupTimeout: 0 });
      return yield* outcomeOf(task);
    },
    trace: [],
    outcome: "cancelled",
  },
  {
    name: "by the task itself, running",
    *body(s) {
      const task = spawn(function* () {
        try {
          task.abort({ cleanupTimeout: 0 });
          s.log("still running");
          yield* pending();
        } finally {
          s.log("cleanup");
          yield* pending();
          s.log("not reached");
        }
      });
      return yield* outcomeOf(task);
    },
    trace: ["still running", "cleanup"],
    outcome: "cancelled",
  },
  {
    name: "cleanup that is cut and then throws: the task panicked",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          try {
            yield* pending();
          } finally {
            s.log("cut");
            throw new Error("after the cut");
          }
        }
      });
      return yield* abortWithin(task, { cleanupTimeout: 1 });
    },
    trace: ["cut"],
    outcome: "panic: after the cut",
  },
  {
    name: "an error from before the cut is kept",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* s.explode("boom");
        } finally {
          yield* pending();
        }
      });
      return yield* abortWithin(task, { cleanupTimeout: 1 });
    },
    trace: ["boom cleanup"],
    outcome: "panic: boom",
  },
  {
    name: "branches of a join, parked: the cleanup of each is cut",
    *body(s) {
      const stuck = fn(function* stuck(name: string) {
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
      const task = spawn(function* () {
        try {
          yield* join(stuck("a"), stuck("b"));
        } finally {
          s.log("outer");
        }
      });
      return yield* abortWithin(task, { cleanupTimeout: 1 });
    },
    trace: ["a begins", "b begins", "a cut", "b cut", "outer"],
    outcome: "cancelled",
  },
  {
    name: "a select in cleanup: its branches are cut",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          try {
            yield* select({ a: s.linger("a"), b: s.park("b") });
          } finally {
            s.log("outer");
          }
        }
      });
      return yield* abortWithin(task, { cleanupTimeout: 1 });
    },
    trace: ["a0 cleanup begins", "b0 cleanup", "outer"],
    outcome: "cancelled",
  },
  {
    name: "a select in cleanup, a branch of which throws when it is cut: unwinding goes on, the error is kept",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          try {
            yield* select({ a: s.explode("boom") });
          } finally {
            s.log("outer");
          }
        }
      });
      return yield* abortWithin(task, { cleanupTimeout: 1 });
    },
    trace: ["boom cleanup", "outer"],
    outcome: "panic: boom",
  },
  {
    name: "a task that only waits for a JoinHandle in cleanup: the other task goes on",
    *body(s) {
      const gate = new Gate();
      const other = spawn(function* () {
        yield* gate;
        return "other";
      });
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          yield* other;
        }
      });
      s.log(yield* abortWithin(task, { cleanupTimeout: 1 }));
      gate.open();
      return yield* outcomeOf(other);
    },
    trace: ["cancelled"],
    outcome: "value other",
  },
  {
    name: "a limit that is no duration is refused, and nothing is aborted",
    *body(s) {
      const gate = new Gate();
      const task = spawn(function* () {
        yield* gate;
        return "unharmed";
      });
      yield* settle();
      for (const bad of [Number.NaN, -1, "5"]) {
        try {
          task.abort({ cleanupTimeout: bad as number });
          s.log(`accepted ${bad}`);
        } catch (error) {
          s.log(`${(error as Error).name} for ${bad}`);
        }
      }
      yield* pause();
      gate.open();
      return yield* outcomeOf(task);
    },
    trace: ["InvalidArgumentError for NaN", "InvalidArgumentError for -1", "InvalidArgumentError for 5"],
    outcome: "value unharmed",
  },
];
