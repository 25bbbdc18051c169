import {
  cooperative,
  type Future,
  fn,
  join,
  pending,
  pin,
  ready,
  sleep,
  spawn,
  timeout,
  tryJoin,
  unconstrained,
} from "toki";
import { Gate } from "../support/gate.js";
import { abortParked, outcomeOf, pause, type Row, settle } from "./scene.js";

const failing = fn(function* failing(message: string) {
  yield* pause();
  throw new Error(message);
});

/** Dropping what `timeout`, `join`, `tryJoin` and the wrappers own. */
export const rows: readonly Row[] = [
  {
    name: "timeout: elapsed, the future is unwound before the error is there",
    *body(s) {
      return yield* outcomeOf(timeout(1, s.park("slow", 1)));
    },
    trace: ["slow0 cleanup", "slow1 cleanup"],
    outcome: "elapsed",
  },
  {
    name: "timeout: elapsed, cleanup that awaits is waited for, however long",
    *body(s) {
      const slow = fn(function* slow() {
        try {
          yield* pending();
        } finally {
          s.log("cleanup begins");
          yield* sleep(5);
          s.log("cleanup ends");
        }
      });
      return yield* outcomeOf(timeout(1, slow()));
    },
    trace: ["cleanup begins", "cleanup ends"],
    outcome: "elapsed",
  },
  {
    name: "timeout: elapsed, cleanup throws: that error in place of ElapsedError",
    *body(s) {
      return yield* outcomeOf(timeout(1, s.explode("slow")));
    },
    trace: ["slow cleanup"],
    outcome: "slow",
  },
  {
    name: "timeout: the future is done in time: nothing is dropped, the deadline leaves the wheel",
    *body(s) {
      const gate = new Gate<string>();
      gate.open("in time");
      const value = yield* timeout(3_600_000, gate);
      s.log(`drops: ${gate.drops}, ${s.timers} timers`);
      return value;
    },
    trace: ["drops: 0, 0 timers"],
    outcome: "in time",
  },
  {
    name: "timeout: the future throws in time: the deadline leaves the wheel",
    *body(s) {
      const outcome = yield* outcomeOf(timeout(3_600_000, failing("own")));
      s.log(`${s.timers} timers`);
      return outcome;
    },
    trace: ["0 timers"],
    outcome: "own",
  },
  {
    name: "timeout: aborted while it waits: the future is unwound, the deadline leaves the wheel",
    *body(s) {
      const task = spawn(timeout(3_600_000, s.linger("slow", 1)));
      const outcome = yield* abortParked(task);
      s.log(`${s.timers} timers`);
      return outcome;
    },
    trace: ["slow0 cleanup begins", "slow0 cleanup ends", "slow1 cleanup begins", "slow1 cleanup ends", "0 timers"],
    outcome: "cancelled",
  },
  {
    name: "timeout: aborted while the cleanup of an elapsed one runs: that is shielded, the task is cancelled",
    *body(s) {
      const gate = new Gate();
      const begun = new Gate();
      const slow = fn(function* slow() {
        try {
          yield* pending();
        } finally {
          s.log("cleanup begins");
          begun.open();
          yield* gate;
          s.log("cleanup ends");
        }
      });
      const task = spawn(function* () {
        try {
          yield* timeout(1, slow());
        } catch {
          s.log("caught");
        }
      });
      yield* begun;
      task.abort();
      yield* settle();
      s.log("open");
      gate.open();
      return yield* outcomeOf(task);
    },
    trace: ["cleanup begins", "open", "cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "timeout in a timeout: the inner one elapses, the outer one goes on",
    *body(s) {
      const work = fn(function* work() {
        const inner = yield* outcomeOf(timeout(1, s.linger("inner")));
        s.log(`inner ${inner}`);
        return "went on";
      });
      return yield* outcomeOf(timeout(3_600_000, work()));
    },
    trace: ["inner0 cleanup begins", "inner0 cleanup ends", "inner elapsed"],
    outcome: "value went on",
  },
  {
    name: "timeout in a timeout: the outer one elapses, and unwinds the inner one",
    *body(s) {
      const work = fn(function* work() {
        try {
          return yield* outcomeOf(timeout(3_600_000, s.linger("inner")));
        } finally {
          s.log(`work's finally, ${s.timers} timers`);
        }
      });
      return yield* outcomeOf(timeout(1, work()));
    },
    trace: ["inner0 cleanup begins", "inner0 cleanup ends", "work's finally, 0 timers"],
    outcome: "elapsed",
  },
  {
    name: "timeout around a JoinHandle: only the wait ends",
    *body(s) {
      const gate = new Gate<string>();
      const task = spawn(function* () {
        return yield* gate;
      });
      s.log(yield* outcomeOf(timeout(1, task)));
      gate.open("done");
      return yield* outcomeOf(task);
    },
    trace: ["elapsed"],
    outcome: "value done",
  },
  {
    name: "timeout around a future lent with pin(): elapsed, the future goes on later",
    *body(s) {
      const gate = new Gate<string>();
      const work = fn(function* work() {
        try {
          return yield* gate;
        } finally {
          s.log("work's finally");
        }
      })();
      s.log(yield* outcomeOf(timeout(1, pin(work))));
      gate.open("done");
      return yield* outcomeOf(work);
    },
    trace: ["elapsed", "work's finally"],
    outcome: "value done",
  },
  {
    name: "timeout of 0: the future gets its first poll, then it is unwound",
    *body(s) {
      const work = fn(function* work() {
        s.log("begins");
        yield* s.park("work");
      });
      return yield* outcomeOf(timeout(0, work()));
    },
    trace: ["begins", "work0 cleanup"],
    outcome: "elapsed",
  },
  {
    name: "timeout taken apart with intoInner(): the deadline leaves the wheel, the future is not dropped",
    *body(s) {
      const gate = new Gate<string>();
      const limited = timeout(3_600_000, gate);
      const task = spawn(function* () {
        return yield* pin(limited);
      });
      yield* settle();
      task.abort();
      yield* outcomeOf(task);
      const inner: Future<string> = limited.intoInner();
      s.log(`drops: ${gate.drops}, ${s.timers} timers`);
      gate.open("done");
      return yield* outcomeOf(inner);
    },
    trace: ["drops: 0, 0 timers"],
    outcome: "value done",
  },
  {
    name: "join: a branch throws, the others are unwound and waited for before the error is there",
    *body(s) {
      return yield* outcomeOf(join(s.linger("a", 1), failing("b failed"), s.park("c")));
    },
    trace: ["a0 cleanup begins", "c0 cleanup", "a0 cleanup ends", "a1 cleanup begins", "a1 cleanup ends"],
    outcome: "b failed",
  },
  {
    name: "join: a branch throws, and a cleanup too: both errors are kept",
    *body(s) {
      return yield* outcomeOf(join(s.explode("a"), failing("b failed")));
    },
    trace: ["a cleanup"],
    outcome: "a suppresses (b failed)",
  },
  {
    name: "join: a branch throws at its first poll: branches after it never start",
    *body(s) {
      const now = fn(function* now() {
        throw new Error("at once");
      });
      return yield* outcomeOf(join.biased(s.park("a"), now(), s.park("c")));
    },
    trace: ["a0 cleanup"],
    outcome: "at once",
  },
  {
    name: "join: branches that are done when another throws are left alone",
    *body(s) {
      const gate = new Gate();
      gate.open();
      const outcome = yield* outcomeOf(join(gate, failing("late")));
      s.log(`drops: ${gate.drops}`);
      return outcome;
    },
    trace: ["drops: 0"],
    outcome: "late",
  },
  {
    name: "join: aborted, every unfinished branch is unwound, their cleanup runs at the same time",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* join(s.linger("a"), ready(1), s.linger("b"));
        } finally {
          s.log("outer cleanup");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["a0 cleanup begins", "b0 cleanup begins", "a0 cleanup ends", "b0 cleanup ends", "outer cleanup"],
    outcome: "cancelled",
  },
  {
    name: "join in join in join: aborted, all of it unwinds",
    *body(s) {
      const outcome = yield* abortParked(spawn(join(s.linger("a"), join(s.linger("b"), join(s.linger("c"))))));
      s.trace.sort();
      return outcome;
    },
    trace: ["a", "b", "c"].flatMap((name) => [`${name}0 cleanup begins`, `${name}0 cleanup ends`]),
    outcome: "cancelled",
  },
  {
    name: "tryJoin: stops at the first error, unwinds the others, waits for their cleanup",
    *body(s) {
      return yield* outcomeOf(tryJoin(s.linger("a"), failing("first"), s.linger("b")));
    },
    trace: ["a0 cleanup begins", "b0 cleanup begins", "a0 cleanup ends", "b0 cleanup ends"],
    outcome: "first",
  },
  {
    name: "tryJoin: aborted while the losers of a failure are cleaned up: shielded, cancelled",
    *body(s) {
      const gate = new Gate();
      const slow = fn(function* slow() {
        try {
          yield* pending();
        } finally {
          s.log("cleanup begins");
          yield* gate;
          s.log("cleanup ends");
        }
      });
      const task = spawn(function* () {
        try {
          yield* tryJoin(slow(), failing("lost"));
        } catch {
          s.log("caught");
        }
      });
      yield* settle();
      task.abort();
      yield* settle();
      s.log("open");
      gate.open();
      return yield* outcomeOf(task);
    },
    trace: ["cleanup begins", "open", "cleanup ends"],
    // The failure was on its way when the task was aborted, and nobody can catch it any more: it is the outcome.
    outcome: "panic: lost",
  },
  {
    name: "join of a hundred branches, one of which throws",
    *body(s) {
      const branches = Array.from({ length: 99 }, () => s.linger("branch"));
      const outcome = yield* outcomeOf(join(...branches, failing("one failed")));
      s.log(`${s.trace.splice(0).length} lines`);
      return outcome;
    },
    trace: ["198 lines"],
    outcome: "one failed",
  },
  {
    name: "unconstrained and cooperative pass a cancellation on",
    *body(s) {
      yield* abortParked(spawn(unconstrained(s.linger("a"))));
      return yield* abortParked(spawn(cooperative(s.linger("b"))));
    },
    trace: ["a0 cleanup begins", "a0 cleanup ends", "b0 cleanup begins", "b0 cleanup ends"],
    outcome: "cancelled",
  },
];
