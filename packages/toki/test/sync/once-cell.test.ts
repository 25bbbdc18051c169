import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Future, fn, join, MisuseError, pin, ready, select, sleep, spawn, yieldNow } from "toki";
import type { OnceCell } from "toki/sync";
import { assertErr, assertPending, assertReady, assertReadyErr, testTask, test as toki } from "toki/test";
import { Gate } from "../support/gate.js";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { DisposedError, OnceCell, SetError, TryLockError } = module;

  describe(implementation, () => {
    /** An initializer that waits until it is let go. */
    class Slow {
      readonly gate = new Gate();
      started = 0;
      readonly log: string[] = [];

      constructor(readonly value: unknown) {}

      readonly run = () =>
        Future.from(
          function* (this: Slow) {
            this.started++;
            try {
              yield* this.gate;
              if (this.value instanceof Error) throw this.value;
              return this.value as number;
            } finally {
              this.log.push("done");
            }
          }.bind(this)(),
        );
    }

    /** Somebody whose initializer runs, and fails when it is let go. */
    const failing = (cell: OnceCell<number>) => {
      const slow = new Slow(new Error("fails"));
      const first = waiting(cell.getOrInit(slow.run));
      return () => {
        slow.gate.open();
        assertReadyErr(() => first.poll());
      };
    };

    const setErrorOf = (cell: OnceCell<number>, value: number) => {
      const error = assertErr(() => cell.set(value));
      assert.ok(error instanceof SetError, String(error));
      assert.equal(error.value, value);
      return error;
    };

    describe("OnceCell.getOrInit", () => {
      test("the first initializer's value is everybody's", () => {
        const cell = new OnceCell<number>();
        assert.equal(now(cell.getOrInit(() => ready(1))), 1);
        assert.equal(now(cell.getOrInit(() => assert.fail("called again"))), 1);
        assert.deepEqual([cell.get(), cell.initialized], [1, true]);
      });

      test("takes a future, a function* body, and a function that returns either", () => {
        const body = fn(function* () {
          yield* ready(0);
          return 5;
        });
        const initializers = [
          ready(5),
          body(),
          body,
          function* () {
            return yield* body();
          },
          () => body(),
          () =>
            function* () {
              return 5;
            },
        ];
        for (const initializer of initializers) assert.equal(now(new OnceCell<number>().getOrInit(initializer)), 5);
      });

      test("is lazy", () => {
        const cell = new OnceCell<number>();
        let calls = 0;
        cell.getOrInit(() => ready(++calls));
        assert.deepEqual([calls, cell.initialized], [0, false]);
      });

      test("one initializer runs at a time, the others wait for its value", () => {
        const cell = new OnceCell<number>();
        const [slow, other] = [new Slow(1), new Slow(2)];
        const [first, second, third] = [slow, other, other].map((each) => waiting(cell.getOrInit(each.run))) as [
          any,
          any,
          any,
        ];
        assert.deepEqual([slow.started, other.started, cell.initialized, cell.get()], [1, 0, false, undefined]);
        slow.gate.open();
        assert.equal(woken(first), 1);
        assert.deepEqual([woken(second), woken(third), other.started], [1, 1, 0]);
      });

      test("a value may be undefined", () => {
        const cell = new OnceCell<number | undefined>();
        now(cell.getOrInit(() => ready(undefined)));
        assert.deepEqual([cell.initialized, cell.get()], [true, undefined]);
        assert.equal(now(cell.getOrInit(() => ready(1))), undefined);
      });

      test("an initializer that throws leaves the cell empty: the next in line runs its own", () => {
        const cell = new OnceCell<number>();
        const failure = new Error("no connection");
        const [failing, second, third] = [new Slow(failure), new Slow(2), new Slow(3)];
        const tasks = [failing, second, third].map((each) => waiting(cell.getOrInit(each.run))) as [any, any, any];
        failing.gate.open();
        assert.equal(tasks[0].isWoken, true);
        assert.equal(
          assertReadyErr(() => tasks[0].poll()),
          failure,
        );
        assert.deepEqual([tasks[1].isWoken, tasks[2].isWoken, cell.initialized], [true, false, false]);
        assertPending(tasks[1].poll());
        assert.deepEqual([second.started, third.started], [1, 0]);
        second.gate.open();
        assert.deepEqual([woken(tasks[1]), woken(tasks[2]), third.started], [2, 2, 0]);
      });

      test("a function that throws, or returns no future, fails like an initializer", () => {
        const cell = new OnceCell<number>();
        const failure = new Error("made none");
        const throwing = testTask(
          cell.getOrInit(() => {
            throw failure;
          }),
        );
        assert.equal(
          assertReadyErr(() => throwing.poll()),
          failure,
        );
        const error = assertReadyErr(() => testTask(cell.getOrInit((() => 5) as never)).poll());
        assert.ok(error instanceof MisuseError && error.code === "TOKI_NOT_A_FUTURE", String(error));
        assert.equal(now(cell.getOrInit(() => ready(3))), 3);
      });

      test("what cannot be awaited is refused at the call", () => {
        const cell = new OnceCell<number>();
        for (const bad of [undefined, 5, Promise.resolve(5)]) {
          const error = assertErr(() => cell.getOrInit(bad as never));
          assert.ok(error instanceof MisuseError && error.code === "TOKI_NOT_A_FUTURE", String(error));
          assert.match(error.message, /OnceCell\.getOrInit/);
        }
      });

      test("a future that is not needed is dropped", () => {
        const cell = new OnceCell(1);
        let disposed = 0;
        class Watched extends Future<number> {
          poll(): never {
            assert.fail("polled");
          }
          override [Symbol.dispose](): void {
            disposed++;
          }
        }
        assert.equal(now(cell.getOrInit(new Watched())), 1);
        assert.equal(disposed, 1);
        testTask(new OnceCell<number>().getOrInit(new Watched()))[Symbol.dispose]();
        assert.equal(disposed, 2);
      });

      test("asking the same cell inside its initializer waits for itself", () => {
        const cell = new OnceCell<number>();
        waiting(cell.getOrInit(() => cell.getOrInit(() => ready(1))));
        setErrorOf(cell, 1);
      });

      test("takes a unit of budget to get its turn, none for a value that is there", () => {
        const filled = new OnceCell(1);
        let rounds = 0;
        const reading = testTask(
          fn(function* () {
            for (; rounds < 200; rounds++) yield* filled.getOrInit(() => ready(2));
          })(),
        );
        assertReady(reading.poll());
        rounds = 0;
        const making = testTask(
          fn(function* () {
            for (; rounds < 200; rounds++) yield* new OnceCell<number>().getOrInit(() => ready(1));
          })(),
        );
        assertPending(making.poll());
        assert.equal(rounds, 128);
      });

      test("polled after completion throws", () => {
        const task = testTask(new OnceCell(1).getOrInit(() => ready(2)));
        assertReady(task.poll());
        assert.ok(assertReadyErr(() => task.poll()) instanceof MisuseError);
      });
    });

    describe("OnceCell.getOrTryInit", () => {
      test("a failure is not kept", () => {
        const cell = new OnceCell<number>();
        const failure = new Error("first");
        const task = testTask(
          cell.getOrTryInit(function* () {
            yield* ready(0);
            throw failure;
          }),
        );
        assert.equal(
          assertReadyErr(() => task.poll()),
          failure,
        );
        assert.equal(now(cell.getOrTryInit(() => ready(2))), 2);
        assert.equal(cell.get(), 2);
      });
    });

    describe("OnceCell.set", () => {
      test("fills an empty cell, once", () => {
        const cell = new OnceCell<number>();
        assert.equal(cell.get(), undefined);
        cell.set(1);
        assert.equal(cell.get(), 1);
        const error = setErrorOf(cell, 2);
        assert.deepEqual(
          [error.kind, error.code, error.message],
          ["alreadyInitialized", "TOKI_ALREADY_INITIALIZED", "already initialized"],
        );
        assert.equal(cell.get(), 1);
      });

      test("while an initializer runs: initializing, with the value", () => {
        const cell = new OnceCell<number>();
        const slow = new Slow(1);
        const task = waiting(cell.getOrInit(slow.run));
        const error = setErrorOf(cell, 2);
        assert.deepEqual([error.kind, error.code], ["initializing", "TOKI_INITIALIZING"]);
        slow.gate.open();
        assert.equal(woken(task), 1);
        assert.equal(setErrorOf(cell, 2).kind, "alreadyInitialized");
      });

      test("while the turn is promised to somebody who waits: initializing", () => {
        const cell = new OnceCell<number>();
        const fail = failing(cell);
        const second = waiting(cell.getOrInit(() => ready(2)));
        fail();
        assert.equal(setErrorOf(cell, 3).kind, "initializing");
        assert.equal(woken(second), 2);
      });
    });

    describe("new OnceCell", () => {
      test("may start filled; undefined is empty", () => {
        assert.deepEqual([new OnceCell(1).get(), new OnceCell(1).initialized], [1, true]);
        assert.deepEqual([new OnceCell().get(), new OnceCell(undefined).initialized], [undefined, false]);
      });
    });

    describe("OnceCell.take", () => {
      test("empties the cell for a new value", () => {
        const cell = new OnceCell(1);
        assert.equal(cell.take(), 1);
        assert.deepEqual([cell.initialized, cell.get(), cell.take()], [false, undefined, undefined]);
        cell.set(2);
        assert.equal(cell.take(), 2);
        assert.equal(now(cell.getOrInit(() => ready(3))), 3);
      });

      test("does nothing while an initializer runs", () => {
        const cell = new OnceCell<number>();
        const slow = new Slow(1);
        const task = waiting(cell.getOrInit(slow.run));
        assert.equal(cell.take(), undefined);
        slow.gate.open();
        assert.equal(woken(task), 1);
        assert.equal(cell.take(), 1);
      });

      test("those who were told of the value that was taken initialize anew, one at a time", () => {
        const cell = new OnceCell<number>();
        const slow = new Slow(1);
        const first = waiting(cell.getOrInit(slow.run));
        const [second, third] = [waiting(cell.getOrInit(() => ready(2))), waiting(cell.getOrInit(() => ready(3)))];
        slow.gate.open();
        assert.equal(woken(first), 1);
        assert.equal(cell.take(), 1);
        assert.equal(woken(third), 3);
        assert.equal(woken(second), 3);
      });
    });

    describe("OnceCell.intoInner", () => {
      test("gives the value and ends the cell", () => {
        const cell = new OnceCell({ n: 1 });
        assert.deepEqual(cell.intoInner(), { n: 1 });
        for (const call of [
          () => cell.get(),
          () => cell.set({ n: 2 }),
          () => cell.take(),
          () => cell.intoInner(),
          () => testTask(cell.getOrInit(() => ready({ n: 3 }))).poll(),
        ]) {
          assert.ok(assertErr(call) instanceof DisposedError, String(call));
        }
        assert.equal(cell.initialized, false);
        assert.equal(new OnceCell().intoInner(), undefined);
      });

      test("not while an initializer runs", () => {
        const cell = new OnceCell<number>();
        const slow = new Slow(1);
        const task = waiting(cell.getOrInit(slow.run));
        assert.ok(assertErr(() => cell.intoInner()) instanceof TryLockError);
        slow.gate.open();
        assert.equal(woken(task), 1);
        assert.equal(cell.intoInner(), 1);
      });

      test("those who were told and have not looked fail", () => {
        const cell = new OnceCell<number>();
        const slow = new Slow(1);
        const first = waiting(cell.getOrInit(slow.run));
        const second = waiting(cell.getOrInit(() => ready(2)));
        slow.gate.open();
        woken(first);
        cell.intoInner();
        assert.ok(assertReadyErr(() => second.poll()) instanceof DisposedError);
      });
    });

    describe("cancel safety of getOrInit", () => {
      for (const { name, drop } of drops) {
        test(`${name} while in line, loses its place only`, () => {
          const cell = new OnceCell<number>();
          const fail = failing(cell);
          const [second, third] = [waiting(cell.getOrInit(() => ready(2))), waiting(cell.getOrInit(() => ready(3)))];
          drop(second);
          fail();
          assert.equal(second.isWoken, false);
          assert.equal(woken(third), 3);
        });

        test(`${name} when it is its turn, passes it on`, () => {
          const cell = new OnceCell<number>();
          const fail = failing(cell);
          const [second, third] = [waiting(cell.getOrInit(() => ready(2))), waiting(cell.getOrInit(() => ready(3)))];
          fail();
          assert.equal(third.isWoken, false);
          drop(second);
          assert.equal(woken(third), 3);
        });

        test(`${name} when it is its turn and nobody else waits: the cell is free`, () => {
          const cell = new OnceCell<number>();
          const fail = failing(cell);
          const second = waiting(cell.getOrInit(() => ready(2)));
          fail();
          drop(second);
          cell.set(5);
          assert.equal(cell.get(), 5);
        });

        test(`${name} while its initializer runs: that is cancelled, the next runs its own`, () => {
          const cell = new OnceCell<number>();
          const slow = new Slow(1);
          const first = waiting(cell.getOrInit(slow.run));
          const second = waiting(cell.getOrInit(() => ready(2)));
          drop(first);
          assert.deepEqual(slow.log, ["done"]);
          assert.equal(woken(second), 2);
        });

        test(`${name} told of a value, passes nothing on`, () => {
          const cell = new OnceCell<number>();
          const slow = new Slow(1);
          const first = waiting(cell.getOrInit(slow.run));
          const second = waiting(cell.getOrInit(() => ready(2)));
          slow.gate.open();
          woken(first);
          cell.take();
          drop(second);
          cell.set(4);
          assert.equal(cell.get(), 4);
        });
      }

      test("the next one's turn begins when the cleanup of the first has ended", () => {
        const cell = new OnceCell<number>();
        const [work, cleanup] = [new Gate(), new Gate()];
        const log: string[] = [];
        const first = waiting(
          cell.getOrInit(function* () {
            try {
              yield* work;
              return 1;
            } finally {
              yield* cleanup;
              log.push("cleaned up");
            }
          }),
        );
        const second = waiting(cell.getOrInit(() => ready(2)));
        assertPending(first.cancel());
        stillWaiting(second);
        assert.equal(setErrorOf(cell, 3).kind, "initializing");
        cleanup.open();
        assert.equal(first.isWoken, true);
        assert.equal(first.cancel(), undefined);
        assert.deepEqual(log, ["cleaned up"]);
        assert.equal(woken(second), 2);
      });

      test("a cleanup that throws gives the turn back all the same", () => {
        const cell = new OnceCell<number>();
        const failure = new Error("cleanup");
        const first = waiting(
          cell.getOrInit(function* () {
            try {
              yield* new Gate();
              return 1;
            } finally {
              throw failure;
            }
          }),
        );
        assert.equal(
          assertErr(() => first.cancel()),
          failure,
        );
        cell.set(2);
        assert.equal(cell.get(), 2);
      });

      test(
        "an aborted task's initializer cleans up before the next one's begins",
        toki(
          function* () {
            const cell = new OnceCell<string>();
            const log: string[] = [];
            const make = fn(function* make(name: string) {
              log.push(`${name} begins`);
              try {
                yield* sleep(10);
                return name;
              } finally {
                yield* sleep(5);
                log.push(`${name} ends`);
              }
            });
            const tasks = ["a", "b"].map((name) => spawn(cell.getOrInit(() => make(name))));
            yield* sleep(3);
            tasks[0]?.abort();
            assert.equal(yield* tasks[1] as Future<string>, "b");
            assert.deepEqual(log, ["a begins", "a ends", "b begins", "b ends"]);
          },
          { startPaused: true },
        ),
      );

      test(
        "a body that is disposed goes on cleaning up as a task, with the turn",
        toki(
          function* () {
            const cell = new OnceCell<number>();
            const log: string[] = [];
            const future = cell.getOrInit(function* () {
              try {
                yield* new Gate();
                return 1;
              } finally {
                yield* sleep(5);
                log.push("cleaned up");
              }
            });
            yield* select.biased({ lent: pin(future), other: ready(0) });
            future[Symbol.dispose]();
            assert.equal(setErrorOf(cell, 2).kind, "initializing");
            assert.equal(yield* cell.getOrInit(() => ready(3)), 3);
            assert.deepEqual(log, ["cleaned up"]);
          },
          { startPaused: true },
        ),
      );
    });

    test(
      "many tasks, one connection",
      toki(function* () {
        const cell = new OnceCell<number>();
        let made = 0;
        const get = fn(function* () {
          return yield* cell.getOrInit(function* () {
            yield* yieldNow();
            return ++made;
          });
        });
        assert.deepEqual(yield* join(get(), get(), get()), [1, 1, 1]);
      }),
    );
  });
}
