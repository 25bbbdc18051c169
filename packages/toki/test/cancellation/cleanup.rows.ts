import {
  consumeBudget,
  ElapsedError,
  fn,
  type JoinHandle,
  join,
  Pending,
  pending,
  pollFn,
  ready,
  type Suspend,
  select,
  sleep,
  spawn,
  timeout,
  type Waker,
} from "toki";
import { Gate } from "../support/gate.js";
import { abortParked, outcomeOf, pause, type Row, type Scene, settle } from "./scene.js";

/** Waits until it is cancelled, then runs `cleanup`. */
const finallyDo = fn(function* finallyDo(cleanup: () => Generator<Suspend, void, unknown>) {
  try {
    yield* pending();
  } finally {
    yield* cleanup();
  }
});

/** Runs `cleanup` as the cleanup of a task, in the body itself: what it awaits belongs to the task's own frame. */
function* abortWith(s: Scene, cleanup: (task: JoinHandle<void>) => Generator<Suspend, void, unknown>) {
  const task: JoinHandle<void> = spawn(finallyDo(() => cleanup(task)));
  const outcome = yield* abortParked(task);
  s.log("joined");
  return outcome;
}

/** What cleanup may do: everything that code may do otherwise. */
export const rows: readonly Row[] = [
  {
    name: "cleanup that awaits, at one depth: the rest of it runs, then the caller's",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* s.linger("a");
          s.log("not reached");
        } catch {
          s.log("not reached");
        } finally {
          s.log("outer cleanup");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["a0 cleanup begins", "a0 cleanup ends", "outer cleanup"],
    outcome: "cancelled",
  },
  {
    name: "cleanup that awaits, at each of four depths: one after the other, innermost first",
    *body(s) {
      return yield* abortParked(spawn(s.linger("a", 3)));
    },
    trace: [0, 1, 2, 3].flatMap((i) => [`a${i} cleanup begins`, `a${i} cleanup ends`]),
    outcome: "cancelled",
  },
  {
    name: "cleanup that awaits many times in a row",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          for (let i = 0; i < 3; i++) {
            yield* pause();
            s.log(`step ${i}`);
          }
        }
      });
      return yield* abortParked(task);
    },
    trace: ["step 0", "step 1", "step 2"],
    outcome: "cancelled",
  },
  {
    name: "several finally blocks of one body that await",
    *body(s) {
      const task = spawn(function* () {
        try {
          try {
            yield* pending();
          } finally {
            yield* pause();
            s.log("inner");
          }
          s.log("not reached");
        } finally {
          yield* pause();
          s.log("outer");
        }
        s.log("not reached");
      });
      return yield* abortParked(task);
    },
    trace: ["inner", "outer"],
    outcome: "cancelled",
  },
  {
    name: "other tasks run while cleanup awaits",
    *body(s) {
      const gate = new Gate();
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          s.log("cleanup waits");
          yield* gate;
          s.log("cleanup goes on");
        }
      });
      yield* settle();
      task.abort();
      yield* spawn(function* () {
        yield* settle();
        s.log("another task");
        gate.open();
      });
      return yield* outcomeOf(task);
    },
    trace: ["cleanup waits", "another task", "cleanup goes on"],
    outcome: "cancelled",
  },
  {
    name: "sleep in cleanup",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* sleep(3_600_000);
        } finally {
          yield* sleep(1);
          s.log(`slept, ${s.timers} timers`);
        }
      });
      return yield* abortParked(task);
    },
    trace: ["slept, 0 timers"],
    outcome: "cancelled",
  },
  {
    name: "an fn called in cleanup runs as ever, its own finally included",
    *body(s) {
      const disconnect = fn(function* disconnect() {
        try {
          yield* pause();
          s.log("sent goodbye");
          return "closed";
        } finally {
          yield* pause();
          s.log("socket freed");
        }
      });
      return yield* abortWith(s, function* () {
        s.log(`disconnected: ${yield* disconnect()}`);
      });
    },
    trace: ["sent goodbye", "socket freed", "disconnected: closed", "joined"],
    outcome: "cancelled",
  },
  {
    name: "an fn recursion 500 deep in cleanup, which awaits at the bottom",
    *body(s) {
      const dive = fn(function* (depth: number): Generator<Suspend, number, unknown> {
        if (depth === 0) {
          yield* pause();
          return 0;
        }
        return 1 + (yield* dive(depth - 1));
      });
      return yield* abortWith(s, function* () {
        s.log(`depth ${yield* dive(500)}`);
      });
    },
    trace: ["depth 500", "joined"],
    outcome: "cancelled",
  },
  {
    name: "an error that cleanup catches is its own affair: the task is cancelled",
    *body(s) {
      const failing = fn(function* failing() {
        yield* pause();
        throw new Error("disconnect failed");
      });
      return yield* abortWith(s, function* () {
        try {
          yield* failing();
          s.log("not reached");
        } catch (error) {
          s.log(`caught ${(error as Error).message}`);
        }
        yield* pause();
        s.log("cleanup ends");
      });
    },
    trace: ["caught disconnect failed", "cleanup ends", "joined"],
    outcome: "cancelled",
  },
  {
    name: "join in cleanup",
    *body(s) {
      return yield* abortWith(s, function* () {
        const values = yield* join(ready(1), function* () {
          yield* sleep(1);
          return 2;
        });
        s.log(`joined ${values.join()}`);
      });
    },
    trace: ["joined 1,2", "joined"],
    outcome: "cancelled",
  },
  {
    name: "select in cleanup, whose loser has cleanup that awaits",
    *body(s) {
      return yield* abortWith(s, function* () {
        const { key } = yield* select({ loser: s.linger("loser"), winner: pause() });
        s.log(`won: ${key}`);
      });
    },
    trace: ["loser0 cleanup begins", "loser0 cleanup ends", "won: winner", "joined"],
    outcome: "cancelled",
  },
  {
    name: "timeout in cleanup: elapses, and is caught there",
    *body(s) {
      return yield* abortWith(s, function* () {
        try {
          yield* timeout(1, s.linger("slow"));
        } catch (error) {
          s.log(`elapsed: ${error instanceof ElapsedError}`);
        }
      });
    },
    trace: ["slow0 cleanup begins", "slow0 cleanup ends", "elapsed: true", "joined"],
    outcome: "cancelled",
  },
  {
    name: "spawn in cleanup, and join",
    *body(s) {
      return yield* abortWith(s, function* () {
        const helper = spawn(function* () {
          yield* pause();
          return "helped";
        });
        s.log(yield* helper);
      });
    },
    trace: ["helped", "joined"],
    outcome: "cancelled",
  },
  {
    name: "spawn in cleanup, and detach: the new task is not part of the cleanup",
    *body(s) {
      const gate = new Gate();
      const outcome = yield* abortWith(s, function* () {
        spawn(function* () {
          yield* gate;
          s.log("detached task ends");
        });
      });
      gate.open();
      yield* settle();
      return outcome;
    },
    trace: ["joined", "detached task ends"],
    outcome: "cancelled",
  },
  {
    name: "cleanup that aborts another task and waits for its cleanup",
    *body(s) {
      const child = spawn(s.linger("child"));
      return yield* abortWith(s, function* () {
        child.abort();
        s.log(`child: ${yield* outcomeOf(child)}`);
      });
    },
    trace: ["child0 cleanup begins", "child0 cleanup ends", "child: cancelled", "joined"],
    outcome: "cancelled",
  },
  {
    name: "two tasks aborted at once, one's cleanup waiting for the other's",
    *body(s) {
      const child = spawn(s.linger("child", 1));
      const parent = spawn(
        finallyDo(function* () {
          s.log(`child: ${yield* outcomeOf(child)}`);
        }),
      );
      yield* settle();
      parent.abort();
      child.abort();
      return yield* outcomeOf(parent);
    },
    trace: [
      "child0 cleanup begins",
      "child0 cleanup ends",
      "child1 cleanup begins",
      "child1 cleanup ends",
      "child: cancelled",
    ],
    outcome: "cancelled",
  },
  {
    name: "cleanup longer than the cooperative budget",
    *body(s) {
      return yield* abortWith(s, function* () {
        for (let i = 0; i < 1000; i++) yield* consumeBudget();
        s.log("a thousand operations");
      });
    },
    trace: ["a thousand operations", "joined"],
    outcome: "cancelled",
  },
  {
    name: "cleanup that was awaiting sees wakes of what it no longer waits for, and is not confused",
    *body(s) {
      let stale: Waker | undefined;
      let polls = 0;
      const abandoned = pollFn<void>((cx) => {
        polls++;
        stale = cx.waker;
        return Pending;
      });
      const gate = new Gate();
      const task = spawn(function* () {
        try {
          yield* abandoned;
        } finally {
          yield* gate;
          s.log("cleanup ends");
        }
      });
      yield* settle();
      task.abort();
      for (let i = 0; i < 3; i++) {
        yield* settle();
        stale?.wake();
      }
      yield* settle();
      s.log(`polls: ${polls}, finished: ${task.isFinished()}`);
      gate.open();
      return yield* outcomeOf(task);
    },
    trace: ["polls: 1, finished: false", "cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "a promise's reaction wakes cleanup",
    *body(s) {
      const gate = new Gate();
      return yield* abortWith(s, function* () {
        void Promise.resolve().then(() => gate.open());
        yield* gate;
        s.log("woken");
      });
    },
    trace: ["woken", "joined"],
    outcome: "cancelled",
  },
];
