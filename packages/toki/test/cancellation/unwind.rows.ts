import { Future, fn, pending, ready, type Suspend, spawn } from "toki";
import { abortParked, pause, type Row, type Scene } from "./scene.js";

/** What runs of a body that is unwound, and in which order. */
export const rows: readonly Row[] = [
  {
    name: "no catch sees a cancellation, at any depth, with or without a finally",
    *body(s) {
      const inner = fn(function* inner() {
        try {
          yield* pending();
        } catch {
          s.log("inner caught");
        }
        s.log("inner went on");
      });
      const task = spawn(function* () {
        try {
          yield* inner();
        } catch {
          s.log("outer caught");
        } finally {
          s.log("outer cleanup");
        }
        s.log("outer went on");
      });
      return yield* abortParked(task);
    },
    trace: ["outer cleanup"],
    outcome: "cancelled",
  },
  {
    name: "several finally blocks in one body: from the inside out",
    *body(s) {
      const task = spawn(function* () {
        try {
          try {
            try {
              yield* pending();
            } finally {
              s.log("one");
            }
          } finally {
            s.log("two");
          }
        } finally {
          s.log("three");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["one", "two", "three"],
    outcome: "cancelled",
  },
  {
    name: "a finally that was passed before does not run again",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pause();
        } finally {
          s.log("first");
        }
        try {
          yield* pending();
        } finally {
          s.log("second");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["first", "second"],
    outcome: "cancelled",
  },
  {
    name: "return in a finally does not bring the caller back",
    *body(s) {
      const inner = fn(function* inner() {
        try {
          yield* pending();
        } finally {
          return "override";
        }
      });
      const task = spawn(function* () {
        try {
          s.log(`went on with ${yield* inner()}`);
        } finally {
          s.log("outer cleanup");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["outer cleanup"],
    outcome: "cancelled",
  },
  {
    name: "return in a finally of the task's own body does not make it a value",
    *body() {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          return "override";
        }
      });
      return yield* abortParked(task);
    },
    trace: [],
    outcome: "cancelled",
  },
  {
    name: "return in a finally, after an await there: still cancelled",
    *body(s) {
      const inner = fn(function* inner() {
        try {
          yield* pending();
        } finally {
          yield* pause();
          return "override";
        }
      });
      const task = spawn(function* () {
        s.log(`went on with ${yield* inner()}`);
      });
      return yield* abortParked(task);
    },
    trace: [],
    outcome: "cancelled",
  },
  {
    name: "using: guards are disposed in reverse order, code after them does not run",
    *body(s) {
      const task = spawn(function* () {
        using _first = s.guard("first");
        using _second = s.guard("second");
        yield* pending();
        using _third = s.guard("third");
        s.log("not reached");
      });
      return yield* abortParked(task);
    },
    trace: ["second disposed", "first disposed"],
    outcome: "cancelled",
  },
  {
    name: "using at three depths, mixed with finally: strictly from the inside out",
    *body(s) {
      const inner = fn(function* inner() {
        using _guard = s.guard("inner");
        try {
          yield* pending();
        } finally {
          s.log("inner finally");
        }
      });
      const middle = fn(function* middle() {
        try {
          using _guard = s.guard("middle");
          yield* inner();
        } finally {
          s.log("middle finally");
        }
      });
      const task = spawn(function* () {
        using _guard = s.guard("outer");
        yield* middle();
      });
      return yield* abortParked(task);
    },
    trace: ["inner finally", "inner disposed", "middle disposed", "middle finally", "outer disposed"],
    outcome: "cancelled",
  },
  {
    name: "using around cleanup that awaits: the guard is held until the cleanup inside has ended",
    *body(s) {
      const task = spawn(function* () {
        using _guard = s.guard("outer");
        yield* s.linger("a");
      });
      return yield* abortParked(task);
    },
    trace: ["a0 cleanup begins", "a0 cleanup ends", "outer disposed"],
    outcome: "cancelled",
  },
  {
    name: "a stack of disposables, filled at several depths: emptied where it was opened, last in first out",
    *body(s) {
      const fill = fn(function* (stack: Stack, level: number): Generator<Suspend, void, unknown> {
        stack.use(s.guard(`level ${level}`));
        if (level > 0) yield* fill(stack, level - 1);
        else yield* s.park("a");
      });
      const task = spawn(function* () {
        using stack = new Stack();
        yield* fill(stack, 2);
      });
      return yield* abortParked(task);
    },
    trace: ["a0 cleanup", "level 0 disposed", "level 1 disposed", "level 2 disposed"],
    outcome: "cancelled",
  },
  {
    name: "a for-of loop around the await: its iterator is closed",
    *body(s) {
      const task = spawn(function* () {
        for (const n of numbers(s)) {
          s.log(`n = ${n}`);
          yield* pending();
        }
      });
      return yield* abortParked(task);
    },
    trace: ["n = 0", "iterator closed"],
    outcome: "cancelled",
  },
  {
    name: "in the middle of an expression: what was to be called with the value is not",
    *body(s) {
      const use = (...values: unknown[]) => s.log(`used ${values.join()}`);
      const task = spawn(function* () {
        use(yield* ready(1), yield* s.park("a"));
      });
      return yield* abortParked(task);
    },
    trace: ["a0 cleanup"],
    outcome: "cancelled",
  },
  {
    name: "a private generator method behind Future.from: its cleanup may await like that of any fn",
    *body(s) {
      class Client {
        *#call() {
          try {
            yield* pending();
          } finally {
            s.log("method cleanup begins");
            yield* pause();
            s.log("method cleanup ends");
          }
        }
        call() {
          return Future.from(this.#call());
        }
      }
      const task = spawn(function* () {
        try {
          yield* new Client().call();
          s.log("not reached");
        } finally {
          s.log("outer cleanup");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["method cleanup begins", "method cleanup ends", "outer cleanup"],
    outcome: "cancelled",
  },
  {
    name: "a finally that is awaiting in normal running: stops there, the finally blocks further out run",
    *body(s) {
      const task = spawn(function* () {
        try {
          try {
            s.log("work done");
          } finally {
            s.log("finally begins");
            yield* pending();
            s.log("not reached");
          }
        } finally {
          s.log("outer finally");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["work done", "finally begins", "outer finally"],
    outcome: "cancelled",
  },
  {
    name: "a finally reached by an error, awaiting: stops there, the error is gone",
    *body(s) {
      const task = spawn(function* () {
        try {
          try {
            throw new Error("work failed");
          } finally {
            yield* s.park("a");
            s.log("not reached");
          }
        } catch {
          s.log("caught");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["a0 cleanup"],
    outcome: "cancelled",
  },
  {
    name: "a catch block that is awaiting: stops there, its finally runs",
    *body(s) {
      const task = spawn(function* () {
        try {
          throw new Error("work failed");
        } catch {
          s.log("recovering");
          yield* pending();
          s.log("not reached");
        } finally {
          s.log("cleanup");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["recovering", "cleanup"],
    outcome: "cancelled",
  },
  {
    name: "100,000 calls deep: every cleanup runs, innermost first",
    *body(s) {
      let depthSeen = -1;
      let isInOrder = true;
      const dive = fn(function* (depth: number): Generator<Suspend, void, unknown> {
        try {
          if (depth === 0) yield* pending();
          else yield* dive(depth - 1);
        } finally {
          isInOrder &&= depth === depthSeen + 1;
          depthSeen = depth;
        }
      });
      const outcome = yield* abortParked(spawn(dive(100_000)));
      s.log(`in order: ${isInOrder}, last: ${depthSeen}`);
      return outcome;
    },
    trace: ["in order: true, last: 100000"],
    outcome: "cancelled",
  },
  {
    name: "20,000 calls deep, each with cleanup that awaits",
    *body(s) {
      let ended = 0;
      const dive = fn(function* (depth: number): Generator<Suspend, void, unknown> {
        try {
          if (depth === 0) yield* pending();
          else yield* dive(depth - 1);
        } finally {
          yield* pause();
          ended++;
        }
      });
      const outcome = yield* abortParked(spawn(dive(20_000)));
      s.log(`${ended} ended`);
      return outcome;
    },
    trace: ["20001 ended"],
    outcome: "cancelled",
  },
];

class Stack implements Disposable {
  readonly #guards: Disposable[] = [];

  use(guard: Disposable): void {
    this.#guards.push(guard);
  }

  [Symbol.dispose](): void {
    for (let guard = this.#guards.pop(); guard !== undefined; guard = this.#guards.pop()) guard[Symbol.dispose]();
  }
}

function* numbers(s: Scene): Generator<number> {
  try {
    for (let n = 0; ; n++) yield n;
  } finally {
    s.log("iterator closed");
  }
}
