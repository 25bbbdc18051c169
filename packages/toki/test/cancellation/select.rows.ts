import { branch, type Future, fn, join, pending, pin, ready, select, sleep, spawn, yieldNow } from "toki";
import { Gate } from "../support/gate.js";
import { abortParked, outcomeOf, pause, type Row, settle } from "./scene.js";

/** Losing a `select`, and cancelling one. */
export const rows: readonly Row[] = [
  {
    name: "a loser is unwound before the outcome is there",
    *body(s) {
      const { key } = yield* select({ loser: s.park("loser", 1), winner: pause() });
      return key;
    },
    trace: ["loser0 cleanup", "loser1 cleanup"],
    outcome: "winner",
  },
  {
    name: "a loser's cleanup that awaits is waited for",
    *body(s) {
      const { key } = yield* select({ winner: pause(), loser: s.linger("loser", 1) }, { biased: true });
      s.log(`won: ${key}`);
      return key;
    },
    trace: [
      "loser0 cleanup begins",
      "loser0 cleanup ends",
      "loser1 cleanup begins",
      "loser1 cleanup ends",
      "won: winner",
    ],
    outcome: "winner",
  },
  {
    name: "a loser that was never polled does not start",
    *body(s) {
      const { value } = yield* select({ winner: ready(1), loser: s.park("loser") }, { biased: true });
      return String(value);
    },
    trace: [],
    outcome: "1",
  },
  {
    name: "several losers: their cleanup begins in the order they are written, and runs at the same time",
    *body(s) {
      const first = new Gate();
      const second = new Gate();
      const loser = fn(function* loser(name: string, gate: Gate) {
        try {
          yield* pending();
        } finally {
          s.log(`${name} begins`);
          yield* gate;
          s.log(`${name} ends`);
        }
      });
      const race = spawn(function* () {
        const { key } = yield* select({ a: loser("a", first), b: loser("b", second), winner: pause() });
        return key;
      });
      yield* settle();
      second.open();
      yield* settle();
      s.log(`decided: ${race.isFinished()}`);
      first.open();
      return yield* outcomeOf(race);
    },
    trace: ["a begins", "b begins", "b ends", "decided: false", "a ends"],
    outcome: "value winner",
  },
  {
    name: "a loser's cleanup throws: the select does, the winner's value is lost",
    *body(s) {
      return yield* outcomeOf(select({ loser: s.explode("loser"), winner: pause() }));
    },
    trace: ["loser cleanup"],
    outcome: "loser",
  },
  {
    name: "two losers' cleanups throw: both errors are kept, the others are unwound",
    *body(s) {
      return yield* outcomeOf(
        select({ a: s.explode("a"), b: s.explode("b"), c: s.linger("c"), winner: pause() }, { biased: true }),
      );
    },
    trace: ["a cleanup", "b cleanup", "c0 cleanup begins", "c0 cleanup ends"],
    outcome: "b suppresses (a)",
  },
  {
    name: "a branch throws: the others are unwound first, their cleanup waited for",
    *body(s) {
      const failing = fn(function* failing() {
        yield* pause();
        throw new Error("branch failed");
      });
      return yield* outcomeOf(select({ other: s.linger("other"), failing: failing() }));
    },
    trace: ["other0 cleanup begins", "other0 cleanup ends"],
    outcome: "branch failed",
  },
  {
    name: "a branch throws, and so does a loser's cleanup",
    *body(s) {
      const failing = fn(function* failing() {
        yield* pause();
        throw new Error("branch failed");
      });
      return yield* outcomeOf(select({ other: s.explode("other"), failing: failing() }));
    },
    trace: ["other cleanup"],
    outcome: "other suppresses (branch failed)",
  },
  {
    name: "a select loses to another: its branches are unwound with it",
    *body(s) {
      const inner = select({ a: s.linger("a"), b: s.park("b") }, { biased: true });
      const { key } = yield* select({ inner, winner: pause() }, { biased: true });
      s.log(`won: ${key}`);
      return key;
    },
    trace: ["a0 cleanup begins", "b0 cleanup", "a0 cleanup ends", "won: winner"],
    outcome: "winner",
  },
  {
    name: "a select in a call in a select: frames and branches unwind from the inside out",
    *body(s) {
      const inner = fn(function* inner() {
        try {
          yield* select({ a: s.linger("a"), never: pending() });
        } finally {
          s.log("inner cleanup");
        }
      });
      const { key } = yield* select({ inner: inner(), winner: pause() });
      return key;
    },
    trace: ["a0 cleanup begins", "a0 cleanup ends", "inner cleanup"],
    outcome: "winner",
  },
  {
    name: "aborted while it races: every branch is unwound, their cleanup runs at the same time",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* select({ a: s.linger("a"), b: s.linger("b") }, { biased: true });
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
    name: "aborted while a loser's cleanup runs: that cleanup is shielded, the outcome is lost",
    *body(s) {
      const gate = new Gate();
      const loser = fn(function* loser() {
        try {
          yield* pending();
        } finally {
          s.log("loser's cleanup begins");
          yield* gate;
          s.log("loser's cleanup ends");
        }
      });
      const task = spawn(function* () {
        try {
          const { key } = yield* select({ loser: loser(), winner: pause() });
          s.log(`won: ${key}`);
        } finally {
          s.log("outer cleanup");
        }
      });
      yield* settle();
      task.abort();
      yield* settle();
      s.log("open");
      gate.open();
      return yield* outcomeOf(task);
    },
    trace: ["loser's cleanup begins", "open", "loser's cleanup ends", "outer cleanup"],
    outcome: "cancelled",
  },
  {
    name: "a sleep that loses leaves the timer wheel",
    *body(s) {
      const { key } = yield* select({ slow: sleep(3_600_000), winner: pause() });
      s.log(`${s.timers} timers`);
      return key;
    },
    trace: ["0 timers"],
    outcome: "winner",
  },
  {
    name: "a JoinHandle that loses: the task goes on and can still be joined",
    *body(s) {
      const gate = new Gate<string>();
      const task = spawn(function* () {
        return yield* gate;
      });
      const { key } = yield* select({ task, winner: pause() });
      s.log(`won: ${key}, finished: ${task.isFinished()}`);
      gate.open("done");
      return yield* outcomeOf(task);
    },
    trace: ["won: winner, finished: false"],
    outcome: "value done",
  },
  {
    name: "a JoinHandle that loses again and again leaves no waker behind with the task",
    *body(s) {
      const gate = new Gate<string>();
      const task = spawn(function* () {
        return yield* gate;
      });
      // So many branches that each has a waker of its own.
      const others = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`never ${i}`, pending()]));
      for (let round = 0; round < 20; round++) yield* select({ task, tick: pause(), ...others });
      const { joiners } = (task as unknown as { task: { joiners: unknown } }).task;
      s.log(`wakers: ${joiners === null ? 0 : Array.isArray(joiners) ? joiners.length : 1}`);
      gate.open("done");
      return yield* outcomeOf(task);
    },
    trace: ["wakers: 0"],
    outcome: "value done",
  },
  {
    name: "a future lent with pin() is not dropped when it loses, and goes on where it stopped",
    *body(s) {
      const gate = new Gate<string>();
      const work = fn(function* work() {
        try {
          s.log("work begins");
          return yield* gate;
        } finally {
          s.log("work's finally");
        }
      })();
      for (let round = 0; round < 3; round++) {
        const { key } = yield* select({ work: pin(work), tick: pause() }, { biased: true });
        s.log(`round ${round}: ${key}`);
      }
      gate.open("done");
      return yield* outcomeOf(work);
    },
    trace: ["work begins", "round 0: tick", "round 1: tick", "round 2: tick", "work's finally"],
    outcome: "value done",
  },
  {
    name: "a lent future that is disposed: its cleanup begins at once, and goes on as a task of its own",
    *body(s) {
      const work = s.linger("work");
      yield* select({ work: pin(work), tick: pause() });
      work[Symbol.dispose]();
      s.log("disposed");
      yield* settle();
      return "went on";
    },
    trace: ["work0 cleanup begins", "disposed", "work0 cleanup ends"],
    outcome: "went on",
  },
  {
    name: "a task that is aborted with a future lent: the loan alone is dropped; its owner's finally drops the rest",
    *body(s) {
      const work = s.linger("work");
      const task = spawn(function* () {
        try {
          yield* select({ work: pin(work), never: pending() });
        } finally {
          s.log("owner's cleanup");
          work[Symbol.dispose]();
        }
      });
      const outcome = yield* abortParked(task);
      yield* settle();
      return outcome;
    },
    trace: ["owner's cleanup", "work0 cleanup begins", "work0 cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "a lent future with an error in its cleanup: thrown where it is disposed",
    *body(s) {
      const work = s.explode("work");
      yield* select({ work: pin(work), tick: pause() });
      try {
        work[Symbol.dispose]();
      } catch (error) {
        s.log(`dispose threw ${(error as Error).message}`);
      }
      yield* settle();
      return "went on";
    },
    trace: ["work cleanup", "dispose threw work"],
    outcome: "went on",
  },
  {
    name: "a branch whose value does not match is over; it is not dropped, the others race on",
    *body(s) {
      const gate = new Gate<number>();
      gate.open(3);
      const { key } = yield* select({
        even: branch(gate, { when: (n) => n % 2 === 0 }),
        other: s.park("other"),
        winner: sleep(1),
      });
      s.log(`drops: ${gate.drops}`);
      return key;
    },
    trace: ["other0 cleanup", "drops: 0"],
    outcome: "winner",
  },
  {
    name: "a disabled branch is never started nor dropped",
    *body(s) {
      const gate = new Gate();
      const { key } = yield* select({ off: branch(gate, { if: false }), no: undefined, winner: pause() });
      s.log(`polls: ${gate.polls}, drops: ${gate.drops}`);
      return key;
    },
    trace: ["polls: 0, drops: 0"],
    outcome: "winner",
  },
  {
    name: "each branch is dropped exactly once, the winner never",
    *body(s) {
      const gates = { a: new Gate(), b: new Gate(), c: new Gate() };
      const race = spawn(function* () {
        return (yield* select(gates)).key;
      });
      yield* settle();
      gates.b.open();
      const outcome = yield* outcomeOf(race);
      s.log(
        Object.values(gates)
          .map((gate) => gate.drops)
          .join(),
      );
      return outcome;
    },
    trace: ["1,0,1"],
    outcome: "value b",
  },
  {
    name: "a hundred losers with cleanup that awaits",
    *body(s) {
      const branches: Record<string, Future<unknown>> = { winner: pause() };
      for (let i = 0; i < 100; i++) branches[`loser ${i}`] = s.linger("loser", 1);
      const { key } = yield* select(branches);
      s.log(`${s.trace.splice(0).length} lines`);
      return key;
    },
    trace: ["400 lines"],
    outcome: "winner",
  },
  {
    name: "a task aborted with a hundred branches racing",
    *body(s) {
      const branches: Record<string, Future<unknown>> = {};
      for (let i = 0; i < 100; i++) branches[`branch ${i}`] = s.linger("branch", 1);
      const outcome = yield* abortParked(spawn(select(branches)));
      s.log(`${s.trace.splice(0).length} lines`);
      return outcome;
    },
    trace: ["400 lines"],
    outcome: "cancelled",
  },
  {
    name: "a join among the losers: all of its branches are unwound",
    *body(s) {
      const { key } = yield* select({ both: join(s.linger("a"), s.park("b")), winner: sleep(1) });
      return key;
    },
    trace: ["a0 cleanup begins", "b0 cleanup", "a0 cleanup ends"],
    outcome: "winner",
  },
  {
    name: "a select in a loop: each round's loser is unwound before the next round",
    *body(s) {
      for (let round = 0; round < 3; round++) {
        yield* select({ loser: s.linger(`round ${round} loser `), tick: pause() });
      }
      return "done";
    },
    trace: [0, 1, 2].flatMap((i) => [`round ${i} loser 0 cleanup begins`, `round ${i} loser 0 cleanup ends`]),
    outcome: "done",
  },
  {
    name: "what a loser did before it lost stays done; nothing after its await happens",
    *body(s) {
      const producer = fn(function* producer() {
        for (let n = 0; ; n++) {
          s.log(`produced ${n}`);
          yield* pending();
        }
      });
      yield* select({ producer: producer(), winner: pause() });
      yield* settle();
      return "done";
    },
    trace: ["produced 0"],
    outcome: "done",
  },
  {
    name: "losers that yield in their cleanup take turns",
    *body(s) {
      const polite = fn(function* polite(name: string) {
        try {
          yield* pending();
        } finally {
          for (let i = 0; i < 2; i++) {
            s.log(`${name} ${i}`);
            yield* yieldNow();
          }
        }
      });
      yield* select({ a: polite("a"), b: polite("b"), winner: pause() });
      return "done";
    },
    trace: ["a 0", "b 0", "a 1", "b 1"],
    outcome: "done",
  },
];
