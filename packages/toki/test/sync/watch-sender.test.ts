import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, InvalidArgumentError, MisuseError } from "toki";
import { assertErr, assertPending, assertReady, assertReadyErr, testTask } from "toki/test";
import { implementations } from "./implementations.js";
import { now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { DisposedError, WatchReceiver, WatchRecvError, WatchSendError, WatchSender, watch } = module;

  describe(implementation, () => {
    describe("watch", () => {
      test("the initial value counts as seen by the first receiver", () => {
        const [tx, rx] = watch("one");
        assert.deepEqual([tx.borrow(), rx.borrow(), rx.hasChanged()], ["one", "one", false]);
        waiting(rx.changed());
      });

      test("is also watch.channel; its classes are on it", () => {
        const [tx, rx] = watch.channel(1);
        assert.ok(tx instanceof WatchSender && rx instanceof WatchReceiver);
        assert.equal(watch.SendError, WatchSendError);
        assert.equal(watch.RecvError, WatchRecvError);
      });

      test("holds any value", () => {
        for (const value of [undefined, null, 0, "", { a: [1] }]) {
          const [tx, rx] = watch<unknown>("first");
          tx.send(value);
          assert.deepEqual(rx.borrow(), value);
        }
      });
    });

    describe("WatchSender.send", () => {
      test("one receiver sees one value after the other", () => {
        const [tx, rx] = watch("one");
        const first = waiting(rx.changed());
        tx.send("two");
        woken(first);
        assert.equal(rx.borrow(), "two");
        const second = waiting(rx.changed());
        tx[Symbol.dispose]();
        assert.equal(second.isWoken, true);
        assert.ok(assertReadyErr(() => second.poll()) instanceof WatchRecvError);
        assert.equal(rx.borrow(), "two");
      });

      test("without receivers: an error with the value, which is not stored", () => {
        const [tx, rx] = watch({ n: 1 });
        rx[Symbol.dispose]();
        const value = { n: 2 };
        const error = assertErr(() => tx.send(value));
        assert.ok(error instanceof WatchSendError);
        assert.deepEqual([error.value, error.code, error.message], [value, "TOKI_CHANNEL_CLOSED", "channel closed"]);
        assert.deepEqual(tx.borrow(), { n: 1 });
        assert.deepEqual(tx.subscribe().borrow(), { n: 1 });
      });

      test("an equal value is a change", () => {
        const [tx, rx] = watch(1);
        const changed = waiting(rx.changed());
        tx.send(1);
        woken(changed);
      });

      test("all receivers are told, oldest wait first", () => {
        const [tx, rx] = watch("one");
        const receivers = [rx, rx.clone(), tx.subscribe()];
        const waits = receivers.map((each) => waiting(each.changed()));
        tx.send("two");
        for (const wait of waits) woken(wait);
        for (const each of receivers) waiting(each.changed());
        assert.deepEqual(
          receivers.map((each) => each.borrow()),
          ["two", "two", "two"],
        );
      });

      test("receivers that come round at different times each see the latest", () => {
        const [tx, a] = watch("one");
        const b = a.clone();
        const [first, second] = [waiting(a.changed()), waiting(b.changed())];
        tx.send("two");
        woken(first);
        const again = waiting(a.changed());
        tx.send("three");
        woken(again);
        woken(second); // told of "two", and finds "three"
        assert.deepEqual([a.borrow(), b.borrow()], ["three", "three"]);
        stillWaiting(waiting(b.changed()));
      });

      test("several senders feed one receiver", () => {
        const [tx, rx] = watch(0);
        const other = tx.clone();
        const seen: number[] = [];
        const task = testTask(
          fn(function* () {
            for (let i = 0; i < 2; i++) {
              yield* rx.changed();
              seen.push(rx.borrowAndUpdate());
            }
          })(),
        );
        assertPending(task.poll());
        tx.send(1);
        assertPending(task.poll());
        other.send(2);
        woken(task);
        assert.deepEqual(seen, [1, 2]);
      });
    });

    describe("WatchSender.sendReplace", () => {
      test("gives the old value, and tells the receivers", () => {
        const [tx, rx] = watch(1);
        const changed = waiting(rx.changed());
        assert.equal(tx.sendReplace(2), 1);
        woken(changed);
        assert.equal(rx.borrow(), 2);
      });

      test("stores without receivers too", () => {
        const tx = new WatchSender("one");
        assert.equal(tx.receiverCount, 0);
        assert.equal(tx.sendReplace("two"), "one");
        assert.equal(tx.subscribe().borrow(), "two");
      });
    });

    describe("WatchSender.sendModify", () => {
      test("changes the value in place or replaces it, and tells the receivers", () => {
        const [tx, rx] = watch({ n: 1 });
        const changed = waiting(rx.changed());
        tx.sendModify(({ value }) => {
          value.n++;
        });
        woken(changed);
        assert.deepEqual(rx.borrow(), { n: 2 });
        tx.sendModify((ref) => {
          ref.value = { n: 10 };
        });
        assert.equal(rx.hasChanged(), true);
        assert.deepEqual(rx.borrow(), { n: 10 });
      });

      test("works without receivers", () => {
        const tx = new WatchSender(1);
        tx.sendModify((ref) => {
          ref.value++;
        });
        assert.equal(tx.borrow(), 2);
      });

      test("a throw tells nobody, and what was changed stays", () => {
        const [tx, rx] = watch("one");
        tx.sendModify((ref) => {
          ref.value = "two";
        });
        assert.equal(rx.borrowAndUpdate(), "two");
        const changed = waiting(rx.changed());
        const failure = new Error("modify");
        const modify = () =>
          tx.sendModify((ref) => {
            ref.value = "thrown";
            throw failure;
          });
        assert.equal(assertErr(modify), failure);
        stillWaiting(changed);
        assert.deepEqual([rx.borrow(), rx.hasChanged()], ["thrown", false]);
        tx.sendModify((ref) => {
          ref.value = "three";
        });
        woken(changed);
        assert.equal(rx.borrowAndUpdate(), "three");
      });

      test("the reference is over when the function is", () => {
        const tx = new WatchSender(1);
        let kept: { value: number } | undefined;
        tx.sendModify((ref) => {
          kept = ref;
        });
        assert.ok(assertErr(() => kept?.value) instanceof DisposedError);
        const assign = () => {
          (kept as { value: number }).value = 2;
        };
        assert.ok(assertErr(assign) instanceof DisposedError);
        assert.equal(tx.borrow(), 1);
      });

      test("what is no synchronous function is refused", () => {
        const [tx, rx] = watch(1);
        for (const bad of [undefined, 5, function* () {}]) {
          const error = assertErr(() => tx.sendModify(bad as never));
          assert.ok(error instanceof InvalidArgumentError && error.argument === "modify", String(error));
        }
        const error = assertErr(() =>
          tx.sendModify(async (ref) => {
            ref.value = 2;
          }),
        );
        assert.ok(error instanceof InvalidArgumentError, String(error));
        assert.equal(rx.hasChanged(), false);
      });
    });

    describe("WatchSender.sendIfModified", () => {
      test("tells the receivers only if the function returns true", () => {
        const [tx, rx] = watch({ count: 0 });
        const changed = waiting(rx.changed());
        const add = (n: number, tell: boolean) =>
          tx.sendIfModified(({ value }) => {
            value.count += n;
            return tell;
          });
        assert.equal(add(1, false), false);
        stillWaiting(changed);
        assert.deepEqual([rx.borrow(), rx.hasChanged()], [{ count: 1 }, false]); // a silent edit can be seen
        assert.equal(add(2, true), true);
        woken(changed);
        assert.deepEqual(rx.borrow(), { count: 3 });
      });

      test("a promise is no true", () => {
        const [tx, rx] = watch(1);
        const error = assertErr(() => tx.sendIfModified((async () => true) as never));
        assert.ok(error instanceof InvalidArgumentError, String(error));
        assert.equal(rx.hasChanged(), false);
      });
    });

    describe("a function of sendModify that uses its own channel", () => {
      const calls: Record<
        string,
        (tx: InstanceType<typeof WatchSender<number>>, rx: InstanceType<typeof WatchReceiver<number>>) => unknown
      > = {
        "WatchSender.send": (tx) => tx.send(5),
        "WatchSender.sendReplace": (tx) => tx.sendReplace(5),
        "WatchSender.sendModify": (tx) => tx.sendModify(() => {}),
        "WatchSender.sendIfModified": (tx) => tx.sendIfModified(() => true),
        "WatchSender.borrow": (tx) => tx.borrow(),
        "WatchReceiver.borrow": (_tx, rx) => rx.borrow(),
        "WatchReceiver.borrowAndUpdate": (_tx, rx) => rx.borrowAndUpdate(),
        "WatchReceiver.waitFor": (_tx, rx) => testTask(rx.waitFor(() => true)).poll(),
      };

      for (const [name, call] of Object.entries(calls)) {
        test(`${name} is refused, and nothing has happened`, () => {
          const [tx, rx] = watch(1);
          tx.sendModify((ref) => {
            const error = assertErr(() => call(tx, rx));
            assert.ok(error instanceof MisuseError, String(error));
            assert.equal(error.code, "TOKI_REENTRANT_CALL");
            assert.ok(error.message.startsWith(`${name}: `), error.message);
            ref.value = 2;
          });
          assert.deepEqual([tx.borrow(), rx.hasChanged(), rx.borrow()], [2, true, 2]);
          tx.send(3);
          assert.equal(rx.borrow(), 3);
        });
      }

      test("what does not touch the value works, and other channels do", () => {
        const [tx, rx] = watch(1);
        const [otherTx, otherRx] = watch(1);
        tx.sendModify(() => {
          assert.equal(rx.hasChanged(), false);
          rx.clone()[Symbol.dispose]();
          tx.subscribe()[Symbol.dispose]();
          otherTx.sendModify((ref) => {
            ref.value++;
          });
        });
        assert.deepEqual([rx.hasChanged(), tx.receiverCount, otherRx.borrow()], [true, 1, 2]);
      });
    });

    describe("clone, subscribe, counts", () => {
      test("a cloned receiver has seen what the original has", () => {
        const [tx, rx] = watch(0);
        tx.send(1);
        const unseen = rx.clone();
        rx.borrowAndUpdate();
        const seen = rx.clone();
        assert.deepEqual([unseen.hasChanged(), seen.hasChanged()], [true, false]);
        rx.markChanged();
        assert.equal(rx.clone().hasChanged(), true);
      });

      test("a new subscriber sees the current value, which is no change", () => {
        const [tx] = watch("a");
        tx.sendReplace("b");
        const rx = tx.subscribe();
        assert.deepEqual([rx.borrow(), rx.hasChanged()], ["b", false]);
        const changed = waiting(rx.changed());
        tx.send("c");
        woken(changed);
      });

      test("receivers and senders are counted", () => {
        const [tx, rx] = watch(0);
        const [tx2, rx2] = [tx.clone(), tx.subscribe()];
        assert.deepEqual([tx.senderCount, tx.receiverCount], [2, 2]);
        tx2[Symbol.dispose]();
        rx2[Symbol.dispose]();
        rx2[Symbol.dispose]();
        rx[Symbol.dispose]();
        assert.deepEqual([tx.senderCount, tx.receiverCount, tx.isClosed], [1, 0, true]);
      });

      test("sameChannel", () => {
        const [[tx, rx], [otherTx, otherRx]] = [watch(0), watch(0)];
        assert.deepEqual([tx.sameChannel(tx.clone()), tx.sameChannel(otherTx)], [true, false]);
        assert.deepEqual([rx.sameChannel(tx.subscribe()), rx.sameChannel(otherRx)], [true, false]);
        assert.ok(assertErr(() => tx.sameChannel(rx as never)) instanceof InvalidArgumentError);
        assert.ok(assertErr(() => rx.sameChannel(undefined as never)) instanceof InvalidArgumentError);
      });
    });

    describe("WatchSender.closed", () => {
      test("ends when the last receiver goes", () => {
        const [tx, rx] = watch("one");
        const other = rx.clone();
        const closed = waiting(tx.closed());
        rx[Symbol.dispose]();
        stillWaiting(closed);
        other[Symbol.dispose]();
        woken(closed);
        now(tx.closed());
        assert.ok(assertErr(() => tx.send("two")) instanceof WatchSendError);
      });

      test("a channel that is subscribed to again is open", () => {
        const [tx, rx] = watch("one");
        assert.equal(tx.isClosed, false);
        rx[Symbol.dispose]();
        assert.equal(tx.isClosed, true);
        const again = tx.subscribe();
        assert.equal(tx.isClosed, false);
        tx.send("two");
        const closed = waiting(tx.closed());
        again[Symbol.dispose]();
        woken(closed);
      });

      test("a wait that was told waits on if the channel is open by then", () => {
        const [tx, rx] = watch("one");
        const closed = waiting(tx.closed());
        rx[Symbol.dispose]();
        assert.equal(closed.isWoken, true);
        const again = tx.subscribe();
        assertPending(closed.poll());
        again[Symbol.dispose]();
        woken(closed);
      });

      test("takes part in the cooperative budget", () => {
        const tx = new WatchSender(0);
        let rounds = 0;
        const task = testTask(
          fn(function* () {
            for (; rounds < 200; rounds++) yield* tx.closed();
          })(),
        );
        assertPending(task.poll());
        assert.equal(rounds, 128);
        assertReady(task.poll());
      });
    });
  });
}
