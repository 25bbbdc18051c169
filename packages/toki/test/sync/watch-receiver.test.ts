import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, InvalidArgumentError, MisuseError, spawn, yieldNow } from "toki";
import { assertErr, assertPending, assertReady, assertReadyErr, testTask, test as toki } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { DisposedError, WatchRecvError, watch } = module;

  describe(implementation, () => {
    describe("WatchReceiver.changed", () => {
      test("ready at once if there is something new, and marks it as seen", () => {
        const [tx, rx] = watch(0);
        tx.send(1);
        now(rx.changed());
        assert.equal(rx.hasChanged(), false);
        waiting(rx.changed());
      });

      test("several values are one change", () => {
        const [tx, rx] = watch(0);
        const changed = waiting(rx.changed());
        for (let i = 1; i <= 3; i++) tx.send(i);
        woken(changed);
        assert.equal(rx.borrow(), 3);
        waiting(rx.changed());
      });

      test("the last value before the end is seen, then the end", () => {
        const [tx, rx] = watch("one");
        const changed = waiting(rx.changed());
        tx.send("two");
        tx[Symbol.dispose]();
        woken(changed);
        assert.equal(rx.borrow(), "two");
        assert.ok(assertReadyErr(() => testTask(rx.changed()).poll()) instanceof WatchRecvError);
      });

      test("on a closed channel: an unseen value first, then the error", () => {
        const [tx, rx] = watch("A");
        tx.send("B");
        tx[Symbol.dispose]();
        now(rx.changed());
        const error = assertReadyErr(() => testTask(rx.changed()).poll());
        assert.ok(error instanceof WatchRecvError);
        assert.deepEqual([error.code, error.message], ["TOKI_CHANNEL_CLOSED", "channel closed"]);
      });

      test("only the last sender's disposal ends it", () => {
        const [tx, rx] = watch(0);
        const other = tx.clone();
        const changed = waiting(rx.changed());
        tx[Symbol.dispose]();
        tx[Symbol.dispose]();
        stillWaiting(changed);
        other[Symbol.dispose]();
        assert.equal(changed.isWoken, true);
        assert.ok(assertReadyErr(() => changed.poll()) instanceof WatchRecvError);
      });

      test("a wait that was told ends, whoever has seen the value meanwhile", () => {
        const [tx, rx] = watch(0);
        const [a, b] = [waiting(rx.changed()), waiting(rx.changed())];
        tx.send(1);
        assert.equal(rx.borrowAndUpdate(), 1);
        woken(a);
        woken(b);
        waiting(rx.changed());
      });

      test("fails when its receiver is disposed", () => {
        const [tx, rx] = watch(0);
        const other = tx.subscribe();
        const [mine, second, theirs] = [
          waiting(rx.changed()),
          waiting(rx.waitFor((n) => n > 5)),
          waiting(other.changed()),
        ];
        rx[Symbol.dispose]();
        for (const wait of [mine, second]) {
          assert.equal(wait.isWoken, true);
          assert.ok(assertReadyErr(() => wait.poll()) instanceof DisposedError);
        }
        stillWaiting(theirs);
      });

      test("takes part in the cooperative budget", () => {
        const [tx, rx] = watch(0);
        let rounds = 0;
        const task = testTask(
          fn(function* () {
            for (; rounds < 200; rounds++) {
              tx.send(rounds);
              yield* rx.changed();
            }
          })(),
        );
        assertPending(task.poll());
        assert.equal(rounds, 128);
        assert.equal(task.isWoken, true);
        assertReady(task.poll());
      });

      test("polled after completion throws", () => {
        const [tx, rx] = watch(0);
        tx.send(1);
        const task = testTask(rx.changed());
        assertReady(task.poll());
        assert.ok(assertReadyErr(() => task.poll()) instanceof MisuseError);
      });
    });

    describe("WatchReceiver.borrow, borrowAndUpdate, hasChanged", () => {
      test("borrow does not mark the value as seen, borrowAndUpdate does", () => {
        const [tx, rx] = watch("one");
        tx.send("two");
        assert.equal(rx.borrow(), "two");
        assert.equal(rx.hasChanged(), true);
        now(rx.changed());
        waiting(rx.changed());
        tx.send("three");
        assert.equal(rx.borrowAndUpdate(), "three");
        assert.equal(rx.hasChanged(), false);
        waiting(rx.changed());
        tx[Symbol.dispose]();
        assert.equal(rx.borrowAndUpdate(), "three");
        assert.ok(assertReadyErr(() => testTask(rx.changed()).poll()) instanceof WatchRecvError);
      });

      test("hasChanged throws if and only if the channel has ended, an unseen value or not", () => {
        for (const sends of [true, false]) {
          const [tx, rx] = watch("A");
          if (sends) tx.send("B");
          assert.equal(rx.hasChanged(), sends);
          tx[Symbol.dispose]();
          assert.ok(assertErr(() => rx.hasChanged()) instanceof WatchRecvError);
        }
      });
    });

    describe("WatchReceiver.waitFor", () => {
      test("tests the current value first, seen or not", () => {
        const [tx, rx] = watch(1);
        assert.equal(now(rx.waitFor((n) => n === 1)), 1);
        tx.send(2);
        assert.equal(now(rx.waitFor((n) => n === 2)), 2);
        assert.equal(rx.hasChanged(), false);
      });

      test("waits for one that is accepted; what was tested is seen", () => {
        const [tx, rx] = watch(0);
        const tested: number[] = [];
        const wait = waiting(
          rx.waitFor((n) => {
            tested.push(n);
            return n > 2;
          }),
        );
        tx.send(1);
        assert.equal(wait.isWoken, true);
        assertPending(wait.poll());
        assert.equal(rx.hasChanged(), false);
        tx.send(2);
        tx.send(3);
        assert.equal(woken(wait), 3);
        assert.deepEqual(tested, [0, 1, 3]);
      });

      test("on a closed channel tests the last value once more, then fails", () => {
        const [tx, rx] = watch("A");
        tx.send("B");
        tx[Symbol.dispose]();
        assert.equal(now(rx.waitFor(() => true)), "B");
        assert.equal(now(rx.waitFor(() => true)), "B");
        let calls = 0;
        const error = assertReadyErr(() => testTask(rx.waitFor(() => ++calls > 1)).poll());
        assert.ok(error instanceof WatchRecvError);
        assert.equal(calls, 1);
      });

      test("the end while it waits: a last value that was not tested is", () => {
        const [tx, rx] = watch(0);
        const wait = waiting(rx.waitFor((n) => n === 1));
        tx.send(1);
        tx[Symbol.dispose]();
        assert.equal(woken(wait), 1);
        const failing = testTask(rx.waitFor((n) => n === 2));
        assert.ok(assertReadyErr(() => failing.poll()) instanceof WatchRecvError);
      });

      test("what the predicate throws is thrown, and ends the wait", () => {
        const [tx, rx] = watch(0);
        const failure = new Error("predicate");
        const wait = waiting(
          rx.waitFor((n) => {
            if (n === 1) throw failure;
            return false;
          }),
        );
        tx.send(1);
        assert.equal(wait.isWoken, true);
        assert.equal(
          assertReadyErr(() => wait.poll()),
          failure,
        );
        assert.ok(assertReadyErr(() => wait.poll()) instanceof MisuseError);
        assert.equal(rx.borrow(), 1); // nothing is locked
        tx.send(2);
        assert.equal(now(rx.waitFor((n) => n === 2)), 2);
      });

      test("a predicate may use the channel: what it sends is tested next", () => {
        const [tx, rx] = watch(0);
        const tested: number[] = [];
        const value = now(
          rx.waitFor((n) => {
            tested.push(n);
            if (n < 3) tx.send(n + 1);
            return n === 3;
          }),
        );
        assert.deepEqual([value, tested], [3, [0, 1, 2, 3]]);
      });

      test("a predicate that drops the wait, or the receiver", () => {
        const [tx, rx] = watch(0);
        const wait = rx.waitFor(() => {
          wait[Symbol.dispose]();
          return false;
        });
        assert.ok(assertReadyErr(() => testTask(wait).poll()) instanceof MisuseError);
        const other = rx.waitFor(() => {
          rx[Symbol.dispose]();
          return false;
        });
        assert.ok(assertReadyErr(() => testTask(other).poll()) instanceof DisposedError);
        assert.equal(tx.isClosed, true);
      });

      test("takes part in the cooperative budget", () => {
        const [, rx] = watch(0);
        let rounds = 0;
        const task = testTask(
          fn(function* () {
            for (; rounds < 200; rounds++) yield* rx.waitFor(() => true);
          })(),
        );
        assertPending(task.poll());
        assert.equal(rounds, 128);
        assertReady(task.poll());
      });

      test("what is no synchronous function is refused", () => {
        const [, rx] = watch(0);
        for (const bad of [undefined, true, function* () {}]) {
          const error = assertErr(() => rx.waitFor(bad as never));
          assert.ok(error instanceof InvalidArgumentError && error.argument === "predicate", String(error));
        }
        const error = assertReadyErr(() => testTask(rx.waitFor((async () => true) as never)).poll());
        assert.ok(error instanceof InvalidArgumentError, String(error));
      });
    });

    describe("WatchReceiver.markChanged, markUnchanged", () => {
      test("markChanged concerns this receiver alone, and may be repeated", () => {
        const [tx, rx] = watch("one");
        const other = rx.clone();
        rx.markChanged();
        rx.markChanged();
        assert.deepEqual([rx.hasChanged(), other.hasChanged()], [true, false]);
        now(rx.changed());
        waiting(rx.changed());
        waiting(other.changed());
        rx.markChanged();
        assert.equal(rx.borrow(), "one");
        assert.equal(rx.hasChanged(), true);
        assert.equal(rx.borrowAndUpdate(), "one");
        assert.equal(rx.hasChanged(), false);
        tx.send("two");
        assert.equal(rx.borrowAndUpdate(), "two");
        rx.markChanged();
        assert.equal(rx.hasChanged(), true);
      });

      test("markChanged ends a wait of its receiver", () => {
        const [tx, rx] = watch("one");
        const other = tx.subscribe();
        const [mine, theirs] = [waiting(rx.changed()), waiting(other.changed())];
        rx.markChanged();
        woken(mine);
        stillWaiting(theirs);
        waiting(rx.changed());
      });

      test("markUnchanged takes back a markChanged, and skips a value", () => {
        const [tx, rx] = watch("one");
        const other = rx.clone();
        rx.markChanged();
        rx.markUnchanged();
        assert.equal(rx.hasChanged(), false);
        waiting(rx.changed());
        tx.send("two");
        other.markUnchanged();
        assert.equal(other.hasChanged(), false);
        assert.equal(other.borrowAndUpdate(), "two");
        waiting(other.changed());
      });
    });

    describe("disposed halves", () => {
      test("refuse what they are asked", () => {
        const [tx, rx] = watch(0);
        const [usedTx, usedRx] = [tx.clone(), rx.clone()];
        usedTx[Symbol.dispose]();
        usedRx[Symbol.dispose]();
        const calls = [
          () => usedTx.send(1),
          () => usedTx.sendReplace(1),
          () => usedTx.sendModify(() => {}),
          () => usedTx.sendIfModified(() => true),
          () => usedTx.borrow(),
          () => usedTx.subscribe(),
          () => usedTx.clone(),
          () => usedTx.closed(),
          () => usedRx.changed(),
          () => usedRx.waitFor(() => true),
          () => usedRx.borrow(),
          () => usedRx.borrowAndUpdate(),
          () => usedRx.hasChanged(),
          () => usedRx.markChanged(),
          () => usedRx.markUnchanged(),
          () => usedRx.clone(),
          () => usedRx[Symbol.asyncIterator](),
        ];
        for (const call of calls) assert.ok(assertErr(call) instanceof DisposedError, String(call));
        assert.deepEqual([tx.borrow(), tx.senderCount, tx.receiverCount], [0, 1, 1]);
      });
    });

    describe("cancel safety", () => {
      for (const { name, drop } of drops) {
        test(`changed ${name} while waiting`, () => {
          const [tx, rx] = watch(0);
          const changed = waiting(rx.changed());
          drop(changed);
          tx.send(1);
          assert.equal(changed.isWoken, false);
          now(rx.changed());
        });

        test(`changed ${name} after it was told: the change is still there`, () => {
          const [tx, rx] = watch(0);
          const changed = waiting(rx.changed());
          tx.send(1);
          drop(changed);
          assert.equal(rx.hasChanged(), true);
          now(rx.changed());
        });

        test(`waitFor ${name}`, () => {
          const [tx, rx] = watch(0);
          const wait = waiting(rx.waitFor((n) => n === 1));
          tx.send(1);
          drop(wait);
          assert.equal(now(rx.waitFor((n) => n === 1)), 1);
        });

        test(`closed ${name}`, () => {
          const [tx, rx] = watch(0);
          const closed = waiting(tx.closed());
          drop(closed);
          rx[Symbol.dispose]();
          assert.equal(closed.isWoken, false);
          now(tx.closed());
        });
      }
    });

    describe("for await over a receiver", () => {
      test("the current value, then each that is new, then the end", async () => {
        const [tx, rx] = watch("a");
        const got: string[] = [];
        const loop = (async () => {
          for await (const value of rx) got.push(value);
        })();
        const until = async (length: number) => {
          while (got.length < length) await null;
        };
        await until(1);
        tx.send("b");
        tx.send("c");
        await until(2);
        tx.send("d");
        tx[Symbol.dispose]();
        await loop;
        assert.deepEqual(got, ["a", "c", "d"]);
      });

      test("a value that is undefined does not end it", async () => {
        const [tx, rx] = watch<number | undefined>(undefined);
        const iterator = rx[Symbol.asyncIterator]();
        assert.deepEqual(await iterator.next(), { done: false, value: undefined });
        tx.send(undefined);
        assert.deepEqual(await iterator.next(), { done: false, value: undefined });
        tx[Symbol.dispose]();
        assert.deepEqual(await iterator.next(), { done: true, value: undefined });
      });

      test("leaving the loop leaves the receiver as it is", async () => {
        const [tx, rx] = watch(0);
        for await (const n of rx) {
          assert.equal(n, 0);
          break;
        }
        assert.equal(tx.isClosed, false);
        tx.send(1);
        assert.equal(rx.hasChanged(), true);
      });

      test("a reader that gives up while it waits has seen nothing", async () => {
        const [tx, rx] = watch(0);
        const iterator = rx[Symbol.asyncIterator]();
        await iterator.next();
        const next = iterator.next();
        await null;
        await iterator.return?.();
        assert.equal((await next).done, true);
        tx.send(1);
        now(rx.changed());
      });
    });

    test(
      "between tasks",
      toki(function* () {
        const [sender, rx] = watch(0);
        const task = spawn(function* () {
          using tx = sender;
          for (let i = 1; i <= 3; i++) {
            tx.send(i);
            yield* yieldNow();
          }
        });
        const seen: number[] = [];
        try {
          for (;;) {
            yield* rx.changed();
            seen.push(rx.borrowAndUpdate());
          }
        } catch (error) {
          assert.ok(error instanceof WatchRecvError);
        }
        yield* task;
        assert.equal(seen.at(-1), 3);
      }),
    );
  });
}
