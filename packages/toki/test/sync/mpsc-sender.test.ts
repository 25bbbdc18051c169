import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidArgumentError, MisuseError } from "toki";
import type { mpsc } from "toki/sync";
import { assertErr, assertReady, assertReadyErr, testTask } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { DisposedError, mpsc } = module;

  describe(implementation, () => {
    type AnySender = mpsc.Sender<number> | mpsc.UnboundedSender<number>;
    type AnyReceiver = mpsc.Receiver<number> | mpsc.UnboundedReceiver<number>;

    const kinds: readonly { name: string; make: () => [AnySender, AnyReceiver] }[] = [
      { name: "bounded", make: () => mpsc.channel<number>(4) },
      { name: "unbounded", make: () => mpsc.unboundedChannel<number>() },
    ];

    for (const { name, make } of kinds) {
      describe(`${name} sender`, () => {
        test("clones count, and each has to be disposed", () => {
          const [tx, rx] = make();
          const clone = tx.clone();
          assert.deepEqual([tx.strongCount, clone.strongCount, rx.senderStrongCount], [2, 2, 2]);
          tx[Symbol.dispose]();
          tx[Symbol.dispose]();
          assert.equal(clone.strongCount, 1);
          const receiving = waiting(rx.recv());
          {
            using _clone = clone;
          }
          assert.equal(woken(receiving), undefined);
        });

        test("sameChannel", () => {
          const [tx] = make();
          const [other] = make();
          assert.equal(tx.sameChannel(tx.clone()), true);
          assert.equal(tx.sameChannel(other), false);
          assert.ok(assertErr(() => tx.sameChannel({} as never)) instanceof InvalidArgumentError);
        });

        test("a disposed sender refuses use, its counts stay readable", () => {
          const [tx] = make();
          tx[Symbol.dispose]();
          for (const call of [() => tx.send(1), () => tx.clone(), () => tx.closed(), () => tx.downgrade()]) {
            assert.ok(assertErr(call) instanceof DisposedError);
          }
          assert.equal(tx.strongCount, 0);
        });

        for (const end of ["close", "dispose"] as const) {
          test(`closed() is woken by ${end}, and ready for late callers`, () => {
            const [tx, rx] = make();
            const [a, b] = [waiting(tx.closed()), waiting(tx.clone().closed())];
            assert.equal(tx.isClosed, false);
            if (end === "close") rx.close();
            else rx[Symbol.dispose]();
            woken(a);
            woken(b);
            now(tx.closed());
            assert.equal(tx.isClosed, true);
          });
        }

        for (const { name: how, drop } of drops) {
          test(`closed() ${how} while waiting, or after the wake, is forgotten`, () => {
            const [tx, rx] = make();
            const [a, b, c] = [waiting(tx.closed()), waiting(tx.closed()), waiting(tx.closed())];
            drop(b);
            rx.close();
            assert.deepEqual([a.isWoken, b.isWoken, c.isWoken], [true, false, true]);
            drop(c);
            woken(a);
          });
        }

        test("closed() polled after completion throws", () => {
          const [tx, rx] = make();
          rx.close();
          const closed = testTask(tx.closed());
          assertReady(closed.poll());
          assert.ok(assertReadyErr(() => closed.poll()) instanceof MisuseError);
        });

        test("the last sender's disposal is not closed()", () => {
          const [tx] = make();
          const closed = waiting(tx.closed());
          tx[Symbol.dispose]();
          assert.equal(closed.isWoken, false);
          assert.equal(tx.isClosed, false);
        });

        test("weak senders do not keep the channel open, and upgrade while a sender is left", () => {
          const [tx, rx] = make();
          const weak = tx.downgrade();
          const other = weak.clone();
          assert.deepEqual([weak.strongCount, weak.weakCount, tx.weakCount, rx.senderWeakCount], [1, 2, 2, 2]);
          const sender = weak.upgrade() as AnySender;
          assert.equal(sender.sameChannel(tx), true);
          assert.equal(tx.strongCount, 2);
          tx[Symbol.dispose]();
          const receiving = waiting(rx.recv());
          sender[Symbol.dispose]();
          assert.equal(woken(receiving), undefined);
          assert.equal(weak.upgrade(), undefined);
          other[Symbol.dispose]();
          other[Symbol.dispose]();
          assert.equal(weak.weakCount, 1);
          assert.ok(assertErr(() => other.upgrade()) instanceof DisposedError);
          assert.ok(assertErr(() => other.clone()) instanceof DisposedError);
        });
      });
    }

    describe("Sender getters", () => {
      test("capacity and maxCapacity", () => {
        const [tx] = mpsc.channel<number>(3);
        tx.trySend(1);
        const permit = tx.tryReserve();
        assert.deepEqual([tx.capacity, tx.maxCapacity], [1, 3]);
        permit.release();
        assert.equal(tx.capacity, 2);
      });
    });

    describe("UnboundedSender.send", () => {
      test("never waits, keeps order, wakes the receiver", () => {
        const [tx, rx] = mpsc.unboundedChannel<number>();
        const receiving = waiting(rx.recv());
        for (let i = 0; i < 10_000; i++) tx.send(i);
        assert.equal(woken(receiving), 0);
        assert.equal(rx.length, 9_999);
        for (let i = 1; i < 10_000; i++) assert.equal(rx.tryRecv(), i);
        assert.equal((assertErr(() => rx.tryRecv()) as mpsc.TryRecvError).kind, "empty");
      });

      test("throws with the value once closed; what was sent before is delivered", () => {
        const [tx, rx] = mpsc.unboundedChannel<string>();
        tx.send("in time");
        rx.close();
        const error = assertErr(() => tx.send("late")) as mpsc.SendError<string>;
        assert.ok(error instanceof mpsc.SendError);
        assert.equal(error.value, "late");
        assert.equal(now(rx.recv()), "in time");
        assert.equal(now(rx.recv()), undefined);
      });

      test("throws once the receiver is disposed, and nothing piles up", () => {
        const [tx, rx] = mpsc.unboundedChannel<string>();
        tx.send("a");
        rx[Symbol.dispose]();
        assert.ok(assertErr(() => tx.send("b")) instanceof mpsc.SendError);
        assert.equal(rx.length, 0);
      });

      test("refuses undefined", () => {
        const [tx] = mpsc.unboundedChannel<unknown>();
        assert.ok(assertErr(() => tx.send(undefined)) instanceof InvalidArgumentError);
      });

      test("recvMany, and the end", () => {
        const [tx, rx] = mpsc.unboundedChannel<number>();
        for (let i = 0; i < 5; i++) tx.send(i);
        assert.deepEqual(now(rx.recvMany(3)), [0, 1, 2]);
        tx[Symbol.dispose]();
        assert.deepEqual(now(rx.recvMany(3)), [3, 4]);
        assert.deepEqual(now(rx.recvMany(3)), []);
      });
    });
  });
}
