import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, test } from "node:test";
import { fn, InvalidArgumentError, MisuseError, Pending, pending, ready, select, sleep, spawn, yieldNow } from "toki";
import * as shared from "toki/shared";
import { assertErr, assertPending, assertReady, assertReadyErr, type Spawn, testTask, test as toki } from "toki/test";
import * as util from "toki/util";
import { Gate } from "../support/gate.js";
import fc from "../support/property.js";
import { drops, now, stillWaiting, waiting, woken } from "../sync/support.js";

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

type CancellationToken = util.CancellationToken;

/** The tokens of one thread, and those that threads share, here used by one thread alone. */
const implementations = [
  { name: "toki/util", module: util, isShared: false },
  { name: "toki/shared", module: shared as unknown as typeof util, isShared: true },
];

for (const { name: implementation, module, isShared } of implementations) {
  const { CancellationToken, DropGuard } = module;
  /** A token of `toki/shared` listens all the time. */
  const assertListeners = (signal: AbortSignal, count: number) => {
    if (!isShared) assert.equal(listeners(signal), count);
  };

  describe(implementation, () => {
    describe("CancellationToken", () => {
      test("cancel is seen at once, and idempotent", () => {
        const token = new CancellationToken();
        assert.equal(token.isCancelled, false);
        token.cancel();
        token.cancel();
        assert.equal(token.isCancelled, true);
      });

      test("a clone is the same token", { skip: isShared && "a clone is another handle" }, () => {
        const token = new CancellationToken();
        assert.equal(token.clone(), token);
      });

      test(
        "stops a task",
        toki(
          function* () {
            const token = new CancellationToken();
            const worker = fn(function* (stop: CancellationToken) {
              for (let rounds = 0; ; rounds++) {
                const { key } = yield* select({ stop: stop.cancelled(), tick: sleep(10) }, { biased: true });
                if (key === "stop") return rounds;
              }
            });
            const task = spawn(worker(token.childToken()));
            yield* sleep(35);
            token.cancel();
            assert.equal(yield* task, 3);
          },
          { startPaused: true },
        ),
      );
    });

    describe("CancellationToken.cancelled", () => {
      test("waits, is woken, and ready for late callers", () => {
        const token = new CancellationToken();
        const [a, b] = [waiting(token.cancelled()), waiting(token.cancelled())];
        stillWaiting(a);
        token.cancel();
        woken(a);
        woken(b);
        now(token.cancelled());
      });

      test("can be awaited again", () => {
        const token = new CancellationToken();
        const cancelled = token.cancelled();
        waiting(cancelled).cancel();
        const again = waiting(cancelled);
        token.cancel();
        woken(again);
        assertReady(again.poll());
      });

      test("only the waker of the latest poll is called", () => {
        const token = new CancellationToken();
        const cancelled = token.cancelled();
        const [first, second] = [waiting(cancelled), waiting(cancelled)];
        token.cancel();
        assert.equal(first.isWoken, false);
        woken(second);
      });

      for (const { name, drop } of drops) {
        test(`${name} while waiting, or after the wake, is forgotten`, () => {
          const parent = new CancellationToken();
          const token = parent.childToken();
          const [a, b, c] = [waiting(token.cancelled()), waiting(token.cancelled()), waiting(token.cancelled())];
          drop(b);
          parent.cancel();
          assert.deepEqual([a.isWoken, b.isWoken, c.isWoken], [true, false, true]);
          drop(c);
          woken(a);
        });
      }
    });

    describe("CancellationToken.childToken", () => {
      test("a parent cancels all its descendants at once", () => {
        const parent = new CancellationToken();
        const child = parent.childToken();
        const grandchild = child.childToken();
        const [a, b] = [waiting(child.cancelled()), waiting(grandchild.cancelled())];
        parent.cancel();
        assert.deepEqual([child.isCancelled, grandchild.isCancelled], [true, true]);
        woken(a);
        woken(b);
      });

      test("a child cancels neither its parent nor its siblings", () => {
        const parent = new CancellationToken();
        const [a, b] = [parent.childToken(), parent.childToken()];
        const waits = [waiting(parent.cancelled()), waiting(b.cancelled())];
        a.cancel();
        assert.deepEqual([parent.isCancelled, a.isCancelled, b.isCancelled], [false, true, false]);
        for (const wait of waits) stillWaiting(wait);
        parent.cancel();
        for (const wait of waits) woken(wait);
      });

      test("a cancelled parent gives cancelled children", () => {
        const parent = new CancellationToken();
        const early = parent.childToken();
        parent.cancel();
        assert.equal(parent.childToken().isCancelled, true);
        now(early.childToken().cancelled());
      });

      test("a disposed child hears nothing from above, and works by itself", {
        skip: isShared && "disposing gives up a handle",
      }, () => {
        const parent = new CancellationToken();
        const child = parent.childToken();
        const grandchild = child.childToken();
        const wait = waiting(grandchild.cancelled());
        {
          using _child = child;
        }
        parent.cancel();
        assert.deepEqual([child.isCancelled, grandchild.isCancelled], [false, false]);
        stillWaiting(wait);
        child.cancel();
        woken(wait);
      });

      test("disposing does not undo a cancellation", () => {
        const parent = new CancellationToken();
        const child = parent.childToken();
        parent.cancel();
        child[Symbol.dispose]();
        assert.equal(child.isCancelled, true);
      });

      test("disposing a parent cancels no child", { skip: isShared && "disposing gives up a handle" }, () => {
        const parent = new CancellationToken();
        const child = parent.childToken();
        parent[Symbol.dispose]();
        assert.equal(child.isCancelled, false);
        parent.cancel();
        assert.equal(child.isCancelled, true);
      });

      test("a chain 100,000 deep, and 100,000 children", () => {
        const root = new CancellationToken();
        let deepest = root;
        for (let i = 0; i < 100_000; i++) deepest = deepest.childToken();
        const wait = waiting(deepest.cancelled());
        const children = Array.from({ length: 100_000 }, () => waiting(root.childToken().cancelled()));
        root.cancel();
        woken(wait);
        assert.ok(children.every((child) => child.isWoken));
      });
    });

    describe("CancellationToken.signal", () => {
      test("aborts with the token, always the same signal", () => {
        const token = new CancellationToken();
        const { signal } = token;
        assert.equal(token.signal, signal);
        let aborted = 0;
        signal.addEventListener("abort", () => {
          aborted++;
          assert.equal(token.isCancelled, true);
        });
        token.cancel();
        token.cancel();
        assert.deepEqual([signal.aborted, aborted], [true, 1]);
        assert.equal((signal.reason as Error).name, "AbortError");
      });

      test("aborts with an ancestor, also when it was asked for late", () => {
        const parent = new CancellationToken();
        const child = parent.childToken();
        const late = parent.childToken();
        const { signal } = child;
        parent.cancel();
        assert.deepEqual([signal.aborted, late.signal.aborted], [true, true]);
      });

      test("listeners find every descendant cancelled and every waiter told", () => {
        const parent = new CancellationToken();
        const child = parent.childToken();
        const wait = waiting(child.cancelled());
        let seen: boolean[] = [];
        parent.signal.addEventListener("abort", () => {
          seen = [child.isCancelled, wait.isWoken];
        });
        parent.cancel();
        assert.deepEqual(seen, [true, true]);
      });

      test("a disposed child's signal is cut off from the parent", () => {
        const parent = new CancellationToken();
        const child = parent.childToken();
        const { signal } = child;
        child[Symbol.dispose]();
        parent.cancel();
        assert.equal(signal.aborted, false);
      });
    });

    describe("CancellationToken.fromSignal", () => {
      test("follows the signal, and passes its reason on", { skip: isShared && "reasons do not cross threads" }, () => {
        const controller = new AbortController();
        const token = CancellationToken.fromSignal(controller.signal);
        const child = token.childToken();
        const wait = waiting(child.cancelled());
        const { signal } = child;
        assert.equal(token.isCancelled, false);
        const reason = new Error("enough");
        controller.abort(reason);
        assert.deepEqual([token.isCancelled, child.isCancelled], [true, true]);
        woken(wait);
        assert.equal(signal.reason, reason);
        assert.equal(token.signal.reason, reason);
        assert.equal(token.childToken().signal.reason, reason);
      });

      test("of a signal that aborted before", () => {
        const token = CancellationToken.fromSignal(AbortSignal.abort("reason"));
        assert.equal(token.isCancelled, true);
        now(token.cancelled());
        assert.equal(token.signal.reason, "reason");
      });

      test("cancelling the token leaves the signal alone, and leaves no listener", () => {
        const { signal } = new AbortController();
        const token = CancellationToken.fromSignal(signal);
        waiting(token.cancelled());
        assert.equal(listeners(signal), 1);
        token.cancel();
        assert.deepEqual([signal.aborted, listeners(signal)], [false, 0]);
      });

      test("listens only while somebody waits", { skip: isShared && "it listens until it is disposed" }, () => {
        const { signal } = new AbortController();
        const token = CancellationToken.fromSignal(signal);
        assert.equal(listeners(signal), 0);
        const [a, b] = [waiting(token.cancelled()), waiting(token.childToken().cancelled())];
        assert.equal(listeners(signal), 1);
        a.cancel();
        assert.equal(listeners(signal), 1);
        b.cancel();
        assert.equal(listeners(signal), 0);
        waiting(token.cancelled());
        assert.equal(listeners(signal), 1);
      });

      test("disposing removes the listener", () => {
        const controller = new AbortController();
        const token = CancellationToken.fromSignal(controller.signal);
        const wait = waiting(token.cancelled());
        token.signal.addEventListener("abort", () => assert.fail("aborted"));
        token[Symbol.dispose]();
        assert.equal(listeners(controller.signal), 0);
        controller.abort();
        stillWaiting(wait);
      });

      test("refuses what is no signal", () => {
        for (const bad of [undefined, null, {}, new AbortController()]) {
          assert.ok(assertErr(() => CancellationToken.fromSignal(bad as AbortSignal)) instanceof InvalidArgumentError);
        }
      });
    });

    describe("CancellationToken.dropGuard", () => {
      test("cancels at the end of its scope", () => {
        const token = new CancellationToken();
        {
          using guard = token.dropGuard();
          assert.ok(guard instanceof DropGuard);
          assert.equal(guard.token, token);
          assert.equal(token.isCancelled, false);
        }
        assert.equal(token.isCancelled, true);
      });

      test("disarmed, it gives the token back and cancels nothing", () => {
        const guard = new CancellationToken().dropGuard();
        const token = guard.disarm();
        guard[Symbol.dispose]();
        assert.equal(token.isCancelled, false);
      });
    });

    describe("CancellationToken.runUntilCancelled", () => {
      test("gives what the future gives", () => {
        const token = new CancellationToken();
        assert.equal(now(token.runUntilCancelled(ready(42))), 42);
        const gate = new Gate<string>();
        const task = waiting(token.runUntilCancelled(gate));
        gate.open("done");
        assert.equal(woken(task), "done");
      });

      test("cancelled before, the future is never polled", () => {
        const token = new CancellationToken();
        const gate = new Gate();
        const run = token.runUntilCancelled(gate);
        token.cancel();
        assert.equal(now(run), undefined);
        assert.deepEqual([gate.polls, gate.drops], [0, 1]);
      });

      test("undefined when the token is cancelled first; the future is dropped", () => {
        const token = new CancellationToken();
        const gate = new Gate();
        const task = waiting(token.runUntilCancelled(gate));
        token.cancel();
        assert.equal(woken(task), undefined);
        assert.equal(gate.drops, 1);
      });

      test("finished work wins ties", () => {
        const token = new CancellationToken();
        const gate = new Gate<string>();
        const task = waiting(token.runUntilCancelled(gate));
        token.cancel();
        gate.open("finished");
        assert.equal(woken(task), "finished");
      });

      test("a future that cancels the token and finishes in one poll has finished", () => {
        const token = new CancellationToken();
        const run = token.runUntilCancelled(function* () {
          token.cancel();
          return "finished";
        });
        assert.equal(now(run), "finished");
      });

      test("the dropped future's cleanup is awaited", () => {
        const token = new CancellationToken();
        const gate = new Gate();
        const log: string[] = [];
        const task = waiting(
          token.runUntilCancelled(function* () {
            try {
              yield* pending();
            } finally {
              log.push("cleaning");
              yield* gate;
              log.push("clean");
            }
          }),
        );
        token.cancel();
        assertPending(task.poll());
        assert.deepEqual(log, ["cleaning"]);
        gate.open();
        assert.equal(woken(task), undefined);
        assert.deepEqual(log, ["cleaning", "clean"]);
      });

      test("what the cleanup throws is thrown", () => {
        const token = new CancellationToken();
        const task = waiting(
          token.runUntilCancelled(function* () {
            try {
              yield* pending();
            } finally {
              throw new Error("in cleanup");
            }
          }),
        );
        token.cancel();
        assert.match((assertReadyErr(() => task.poll()) as Error).message, /in cleanup/);
      });

      test("what the future throws is thrown, and the token is left", () => {
        const { signal } = new AbortController();
        const token = CancellationToken.fromSignal(signal);
        const gate = new Gate();
        const task = waiting(token.runUntilCancelled(gate));
        assertListeners(signal, 1);
        gate.fail(new Error("broken"));
        assert.match((assertReadyErr(() => task.poll()) as Error).message, /broken/);
        assertListeners(signal, 0);
      });

      test("finishing leaves the token", () => {
        const { signal } = new AbortController();
        const token = CancellationToken.fromSignal(signal);
        const gate = new Gate();
        const task = waiting(token.runUntilCancelled(gate));
        gate.open();
        woken(task);
        assertListeners(signal, 0);
      });

      test("cancelled itself, it awaits the future's cleanup and leaves the token", () => {
        const { signal } = new AbortController();
        const token = CancellationToken.fromSignal(signal);
        const gate = new Gate();
        const task = waiting(
          token.runUntilCancelled(function* () {
            try {
              yield* pending();
            } finally {
              yield* gate;
            }
          }),
        );
        assertPending(task.cancel());
        assertListeners(signal, 0);
        gate.open();
        assert.equal(task.isWoken, true);
        assert.equal(task.cancel(), undefined);
      });

      test("disposed, it drops the future and leaves the token", () => {
        const { signal } = new AbortController();
        const token = CancellationToken.fromSignal(signal);
        const gate = new Gate();
        const task = waiting(token.runUntilCancelled(gate));
        task[Symbol.dispose]();
        assert.equal(gate.drops, 1);
        assertListeners(signal, 0);
      });

      test("takes bodies, and refuses what is no future", () => {
        const token = new CancellationToken();
        assert.equal(
          now(
            token.runUntilCancelled(function* () {
              return yield* ready(1);
            }),
          ),
          1,
        );
        assert.ok(assertErr(() => token.runUntilCancelled(Promise.resolve() as never)) instanceof MisuseError);
      });

      test("polled after completion throws", () => {
        const task = testTask(new CancellationToken().runUntilCancelled(ready(1)));
        assertReady(task.poll());
        assert.ok(assertReadyErr(() => task.poll()) instanceof MisuseError);
      });

      test(
        "inside a task, cleanup ends before it returns",
        toki(function* () {
          const token = new CancellationToken();
          const log: string[] = [];
          const task = spawn(function* () {
            const outcome = yield* token.runUntilCancelled(function* () {
              try {
                yield* pending();
              } finally {
                yield* yieldNow();
                log.push("cleanup");
              }
            });
            log.push(`after: ${outcome}`);
          });
          yield* yieldNow();
          token.cancel();
          yield* task;
          assert.deepEqual(log, ["cleanup", "after: undefined"]);
        }),
      );
    });

    describe("a tree of tokens against its model", () => {
      /** Tokens by index: the parent's index, and whether each was cancelled by itself. */
      const step = fc.record({
        do: fc.constantFrom(
          "child",
          "child",
          "wait",
          "wait",
          "wait",
          "cancel",
          "drop",
          "drop",
          isShared ? "drop" : "dispose",
          "signal",
        ),
        which: fc.nat(30),
      });

      test("any order of children, waits, drops, disposals and cancellations", () => {
        fc.assert(
          fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
            const tokens = [new CancellationToken()];
            const parents: (number | undefined)[] = [undefined];
            const cancelled: boolean[] = [false];
            const waits: { task: Spawn<void>; on: number }[] = [];
            const signals = new Map<number, AbortSignal>();
            const isCancelled = (i: number | undefined): boolean =>
              i !== undefined && (cancelled[i] || isCancelled(parents[i]));
            for (const s of steps) {
              const i = s.which % tokens.length;
              const token = tokens[i] as CancellationToken;
              if (s.do === "child") {
                tokens.push(token.childToken());
                parents.push(i);
                cancelled.push(false);
              } else if (s.do === "wait") {
                const task = testTask(token.cancelled());
                assert.equal(task.poll() === Pending, !isCancelled(i));
                if (!isCancelled(i)) waits.push({ task, on: i });
              } else if (s.do === "cancel") {
                token.cancel();
                cancelled[i] = true;
              } else if (s.do === "drop") {
                waits.splice(s.which % Math.max(1, waits.length), 1)[0]?.task.cancel();
              } else if (s.do === "dispose") {
                if (!isCancelled(i)) parents[i] = undefined;
                token[Symbol.dispose]();
              } else signals.set(i, token.signal);
              tokens.forEach((each, j) => {
                assert.equal(each.isCancelled, isCancelled(j));
              });
              for (const wait of waits) assert.equal(wait.task.isWoken, isCancelled(wait.on));
              for (const [j, signal] of signals) assert.equal(signal.aborted, isCancelled(j));
            }
          }),
          { numRuns: 500 },
        );
      });
    });
  });
}
