import { fn, pending, type Scope, scope, select, spawn, timeout } from "toki";
import { Gate } from "../support/gate.js";
import { abortParked, outcomeOf, pause, type Row, settle } from "./scene.js";

/** Structured concurrency: no task outlives its scope, whichever way the scope ends. */
export const rows: readonly Row[] = [
  {
    name: "the awaiting task is aborted: body and children are unwound, the scope ends after all of their cleanup",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* scope(function* (inside) {
            inside.spawn(s.linger("child"));
            yield* s.linger("body");
          });
        } finally {
          const ended = s.trace.splice(0).filter((line) => line.endsWith("ends"));
          s.log(`${ended.sort().join(", ")}, then the scope's owner`);
        }
      });
      return yield* abortParked(task);
    },
    trace: ["body0 cleanup ends, child0 cleanup ends, then the scope's owner"],
    outcome: "cancelled",
  },
  {
    name: "a child fails: body and siblings are unwound and waited for, then the error itself is thrown",
    *body(s) {
      const outcome = yield* outcomeOf(
        scope(function* (inside) {
          inside.spawn(s.linger("sibling"));
          inside.spawn(function* () {
            yield* pause();
            throw new Error("child failed");
          });
          yield* s.linger("body");
        }),
      );
      s.trace.sort();
      return outcome;
    },
    trace: ["body0 cleanup begins", "body0 cleanup ends", "sibling0 cleanup begins", "sibling0 cleanup ends"],
    outcome: "child failed",
  },
  {
    name: "the body fails: the children are unwound and waited for",
    *body(s) {
      return yield* outcomeOf(
        scope(function* (inside) {
          inside.spawn(s.linger("child", 1));
          yield* settle();
          throw new Error("body failed");
        }),
      );
    },
    trace: ["child0 cleanup begins", "child0 cleanup ends", "child1 cleanup begins", "child1 cleanup ends"],
    outcome: "body failed",
  },
  {
    name: "a child fails before a sibling's first poll: the sibling never starts",
    *body(s) {
      return yield* outcomeOf(
        scope(function* (inside) {
          inside.spawn(function* () {
            inside.spawn(s.park("late"));
            throw new Error("at once");
          });
          yield* pending();
        }),
      );
    },
    trace: [],
    outcome: "at once",
  },
  {
    name: "a second failure, in the cleanup of a sibling: the first is thrown, the second is reported",
    *body(s) {
      return yield* outcomeOf(
        scope(function* (inside) {
          inside.spawn(s.explode("second"));
          yield* settle();
          throw new Error("first");
        }),
      );
    },
    trace: ["second cleanup"],
    outcome: "first",
    unhandled: ["second"],
  },
  {
    name: "loses a select: ends before the outcome is there",
    *body(s) {
      const { key } = yield* select({
        work: scope(function* (inside) {
          inside.spawn(s.linger("child"));
          yield* pending();
        }),
        winner: settle(),
      });
      s.log(`won: ${key}`);
      return key;
    },
    trace: ["child0 cleanup begins", "child0 cleanup ends", "won: winner"],
    outcome: "winner",
  },
  {
    name: "elapses: ends before the error is there",
    *body(s) {
      return yield* outcomeOf(
        timeout(
          1,
          scope(function* (inside) {
            inside.spawn(s.linger("child"));
          }),
        ),
      );
    },
    trace: ["child0 cleanup begins", "child0 cleanup ends"],
    outcome: "elapsed",
  },
  {
    name: "aborted before its first poll: the body is not even called",
    *body(s) {
      const task = spawn(
        scope(function* () {
          s.log("called");
        }),
      );
      task.abort();
      return yield* outcomeOf(task);
    },
    trace: [],
    outcome: "cancelled",
  },
  {
    name: "aborted again during its cleanup: shielded",
    *body(s) {
      const gate = new Gate();
      const task = spawn(
        scope(function* (inside) {
          inside.spawn(function* () {
            try {
              yield* pending();
            } finally {
              s.log("cleanup begins");
              yield* gate;
              s.log("cleanup ends");
            }
          });
          yield* pending();
        }),
      );
      yield* settle();
      task.abort();
      yield* settle();
      task.abort();
      yield* settle();
      s.log(`finished: ${task.isFinished()}`);
      gate.open();
      return yield* outcomeOf(task);
    },
    trace: ["cleanup begins", "finished: false", "cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "a child that is aborted by hand is no failure of the scope",
    *body(s) {
      return yield* outcomeOf(
        scope(function* (inside) {
          const child = inside.spawn(s.linger("child"));
          s.log(yield* abortParked(child));
          return "went on";
        }),
      );
    },
    trace: ["child0 cleanup begins", "child0 cleanup ends", "cancelled"],
    outcome: "value went on",
  },
  {
    name: "a scope in a scope, the outer one fails: the inner one ends first",
    *body(s) {
      const nested = fn(function* nested(outer: Scope) {
        try {
          yield* scope(function* (inside) {
            inside.spawn(s.linger("grandchild"));
            yield* settle();
            outer.spawn(function* () {
              throw new Error("outer failed");
            });
            yield* pending();
          });
        } finally {
          s.log("inner scope over");
        }
      });
      return yield* outcomeOf(
        scope(function* (outer) {
          yield* nested(outer);
        }),
      );
    },
    trace: ["grandchild0 cleanup begins", "grandchild0 cleanup ends", "inner scope over"],
    outcome: "outer failed",
  },
  {
    name: "a task spawned in a child's cleanup is cancelled at once",
    *body(s) {
      const task = spawn(
        scope(function* (inside) {
          inside.spawn(function* () {
            try {
              yield* pending();
            } finally {
              const late = inside.spawn(s.park("late"));
              s.log(`late: ${yield* outcomeOf(late)}`);
            }
          });
          yield* pending();
        }),
      );
      return yield* abortParked(task);
    },
    trace: ["late: cancelled"],
    outcome: "cancelled",
  },
  {
    name: "cleanupTimeout: children whose cleanup never ends are cut, their synchronous cleanup runs",
    *body(s) {
      const outcome = yield* outcomeOf(
        scope(
          function* (inside) {
            inside.spawn(function* () {
              try {
                yield* pending();
              } finally {
                try {
                  yield* pending();
                } finally {
                  s.log("child cut");
                }
              }
            });
            yield* settle();
            throw new Error("body failed");
          },
          { cleanupTimeout: 1 },
        ),
      );
      return outcome;
    },
    trace: ["child cut"],
    outcome: "body failed",
  },
  {
    name: "the deadline of its owner's abort cuts the cleanup of its children",
    *body(s) {
      const task = spawn(
        scope(function* (inside) {
          inside.spawn(function* () {
            try {
              yield* pending();
            } finally {
              try {
                yield* pending();
              } finally {
                s.log("child cut");
              }
            }
          });
          yield* pending();
        }),
      );
      yield* settle();
      task.abort({ cleanupTimeout: 1 });
      const outcome = yield* outcomeOf(task);
      yield* settle();
      return outcome;
    },
    trace: ["child cut"],
    outcome: "cancelled",
  },
  {
    name: "cancel(): body and children are unwound, the scope throws the reason",
    *body(s) {
      return yield* outcomeOf(
        scope(function* (inside) {
          inside.spawn(s.linger("child"));
          yield* settle();
          inside.cancel(new Error("reason"));
          yield* s.park("body");
        }),
      );
    },
    trace: ["body0 cleanup", "child0 cleanup begins", "child0 cleanup ends"],
    outcome: "reason",
  },
];
