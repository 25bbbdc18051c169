import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidArgumentError } from "toki";
import type { mpsc } from "toki/sync";
import { assertErr, assertReadyErr, testTask } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { DisposedError, mpsc, SendError } = module;

  describe(implementation, () => {
    describe("Sender.reserve", () => {
      test("holds a slot: capacity shrinks, the message follows later", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const permit = now(tx.reserve());
        assert.deepEqual([tx.capacity, rx.capacity, rx.length], [1, 1, 0]);
        permit.send(1);
        assert.deepEqual([tx.capacity, rx.length], [1, 1]);
        assert.equal(now(rx.recv()), 1);
        assert.deepEqual([tx.capacity, tx.maxCapacity, rx.maxCapacity], [2, 2, 2]);
      });

      test("a permit sends without waiting, and wakes the receiver", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        const permit = now(tx.reserve());
        const receiving = waiting(rx.recv());
        permit.send(1);
        assert.equal(woken(receiving), 1);
      });

      test("a permit sends once, and throws afterwards", () => {
        const [tx] = mpsc.channel<number>(2);
        const permit = now(tx.reserve());
        permit.send(1);
        assert.ok(assertErr(() => permit.send(2)) instanceof DisposedError);
        permit[Symbol.dispose]();
        permit.release();
        assert.equal(tx.capacity, 1);
      });

      test("a disposed permit gives its slot to the next that waits", () => {
        const [tx, rx] = mpsc.channel<string>(1);
        const permit = now(tx.reserve());
        const b = waiting(tx.send("b"));
        permit[Symbol.dispose]();
        assert.equal(tx.capacity, 0);
        woken(b);
        assert.equal(now(rx.recv()), "b");
      });

      test("after close, a permit still delivers", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const permit = now(tx.reserve());
        rx.close();
        const receiving = waiting(rx.recv());
        permit.send(1);
        assert.equal(woken(receiving), 1);
        assert.equal(now(rx.recv()), undefined);
      });

      test("after close, the last permit that is given back ends recv", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const first = now(tx.reserve());
        const second = now(tx.reserve());
        rx.close();
        const receiving = waiting(rx.recv());
        first[Symbol.dispose]();
        stillWaiting(receiving);
        second[Symbol.dispose]();
        assert.equal(woken(receiving), undefined);
      });

      test("without senders, the last permit that is given back ends recv", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const permit = now(tx.reserve());
        tx[Symbol.dispose]();
        const receiving = waiting(rx.recv());
        permit.release();
        assert.equal(woken(receiving), undefined);
      });

      test("a permit whose receiver is gone drops the message", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        const permit = now(tx.reserve());
        rx[Symbol.dispose]();
        permit.send(1);
        assert.equal(rx.length, 0);
        assert.equal(tx.capacity, 1);
      });

      test("fails once closed, before and while waiting", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        tx.trySend(1);
        const waits = waiting(tx.reserve());
        rx.close();
        assert.equal(waits.isWoken, true);
        assert.ok(assertReadyErr(() => waits.poll()) instanceof SendError);
        assert.ok(assertReadyErr(() => testTask(tx.reserve()).poll()) instanceof SendError);
      });

      for (const { name, drop } of drops) {
        test(`${name} while waiting, loses its place only`, () => {
          const [tx, rx] = mpsc.channel<string>(1);
          tx.trySend("a");
          const lost = waiting(tx.reserve());
          const next = waiting(tx.reserve());
          drop(lost);
          rx.tryRecv();
          assert.equal(lost.isWoken, false);
          woken(next).send("b");
          assert.equal(rx.tryRecv(), "b");
        });

        test(`${name} with a slot handed to it, passes it on`, () => {
          const [tx, rx] = mpsc.channel<string>(1);
          tx.trySend("a");
          const lost = waiting(tx.reserve());
          const next = waiting(tx.reserve());
          rx.tryRecv();
          assert.equal(lost.isWoken, true);
          drop(lost);
          woken(next);
        });
      }

      test("throws on a disposed sender, also when it was created before", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        const early = testTask(tx.reserve());
        tx[Symbol.dispose]();
        assert.ok(assertErr(() => tx.reserve()) instanceof DisposedError);
        assert.ok(assertReadyErr(() => early.poll()) instanceof DisposedError);
        assert.equal(now(rx.recv()), undefined);
      });
    });

    describe("Sender.reserveMany", () => {
      test("gives an iterator of permits", () => {
        const [tx, rx] = mpsc.channel<number>(5);
        const permits = now(tx.reserveMany(3));
        assert.deepEqual([permits.length, tx.capacity], [3, 2]);
        let n = 0;
        for (const permit of permits) permit.send(++n);
        assert.equal(permits.length, 0);
        assert.deepEqual(now(rx.recvMany(10)), [1, 2, 3]);
        assert.equal(tx.capacity, 5);
      });

      test("what is not taken goes back: on dispose, and when a loop is left", () => {
        const [tx] = mpsc.channel<number>(5);
        {
          using permits = now(tx.reserveMany(4));
          permits.next().value?.send(1);
        }
        assert.equal(tx.capacity, 4);
        for (const permit of now(tx.reserveMany(4))) {
          permit.send(2);
          break;
        }
        assert.equal(tx.capacity, 3);
        const [first] = now(tx.reserveMany(2));
        assert.equal(tx.capacity, 2);
        first?.release();
        assert.equal(tx.capacity, 3);
      });

      test("0 is granted at once, also in a full channel", () => {
        const [tx] = mpsc.channel<number>(1);
        tx.trySend(1);
        assert.equal(now(tx.reserveMany(0)).length, 0);
        assert.equal(tx.tryReserveMany(0).length, 0);
      });

      test("more than the capacity fails at the call", () => {
        const [tx] = mpsc.channel<number>(2);
        const error = assertErr(() => tx.reserveMany(3));
        assert.ok(error instanceof InvalidArgumentError);
        assert.match(error.message, /n must be at most 2, the capacity of the channel/);
        for (const bad of [-1, 1.5, Number.NaN])
          assert.ok(assertErr(() => tx.reserveMany(bad)) instanceof InvalidArgumentError);
      });

      test("collects freed slots, and those behind it wait", () => {
        const [tx, rx] = mpsc.channel<number>(3);
        for (let i = 0; i < 3; i++) tx.trySend(i);
        const many = waiting(tx.reserveMany(2));
        const one = waiting(tx.reserve());
        rx.tryRecv();
        assert.equal(tx.capacity, 0);
        stillWaiting(many);
        stillWaiting(one);
        rx.tryRecv();
        assert.equal(woken(many).length, 2);
        stillWaiting(one);
        rx.tryRecv();
        woken(one);
      });

      for (const { name, drop } of drops) {
        test(`${name} while waiting, gives back what it had collected`, () => {
          const [tx, rx] = mpsc.channel<number>(3);
          for (let i = 0; i < 3; i++) tx.trySend(i);
          const many = waiting(tx.reserveMany(3));
          const one = waiting(tx.reserve());
          rx.tryRecv();
          rx.tryRecv();
          drop(many);
          woken(one);
          assert.equal(tx.capacity, 1);
        });

        test(`${name} in a closed channel, what it had collected ends recv`, () => {
          const [tx, rx] = mpsc.channel<number>(2);
          tx.trySend(1);
          const many = waiting(tx.reserveMany(2)); // holds the free slot
          rx.close();
          assert.equal(rx.tryRecv(), 1);
          const receiving = waiting(rx.recv());
          drop(many);
          assert.equal(woken(receiving), undefined);
        });
      }

      test("failing in a closed channel, what it had collected ends recv", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        tx.trySend(1);
        const many = waiting(tx.reserveMany(2));
        rx.close();
        assert.equal(rx.tryRecv(), 1);
        const receiving = waiting(rx.recv());
        assert.ok(assertReadyErr(() => many.poll()) instanceof SendError);
        assert.equal(woken(receiving), undefined);
      });

      test("the last permits given back in a closed channel end recv", () => {
        const [tx, rx] = mpsc.channel<number>(3);
        const permits = now(tx.reserveMany(3));
        rx.close();
        const receiving = waiting(rx.recv());
        permits.next().value?.release();
        stillWaiting(receiving);
        permits[Symbol.dispose]();
        assert.equal(woken(receiving), undefined);
      });
    });

    describe("Sender.tryReserve, tryReserveMany", () => {
      const kind = (call: () => unknown) => (assertErr(call) as mpsc.TrySendError<unknown>).kind;

      test("full, room, closed", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const permit = tx.tryReserve();
        assert.equal(
          kind(() => tx.tryReserveMany(2)),
          "full",
        );
        for (const n of [3, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
          assert.equal(
            kind(() => tx.tryReserveMany(n)),
            "full",
          );
        }
        const permits = tx.tryReserveMany(1);
        assert.equal(
          kind(() => tx.tryReserve()),
          "full",
        );
        permit.send(1);
        permits.release();
        assert.equal(tx.capacity, 1);
        rx.close();
        assert.equal(
          kind(() => tx.tryReserve()),
          "closed",
        );
        assert.equal(
          kind(() => tx.tryReserveMany(1)),
          "closed",
        );
      });

      test("do not overtake those who wait", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        tx.trySend(1);
        const waits = waiting(tx.reserve());
        rx.tryRecv();
        assert.equal(
          kind(() => tx.tryReserve()),
          "full",
        );
        woken(waits).release();
        tx.tryReserve();
      });
    });

    describe("Sender.reserveOwned", () => {
      test("takes the sender over, and send hands it back", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const permit = now(tx.reserveOwned());
        assert.deepEqual([tx.capacity, rx.senderStrongCount, rx.isClosed], [1, 1, false]);
        assert.match((assertErr(() => tx.trySend(1)) as Error).message, /owned permit/);
        tx[Symbol.dispose](); // not ours any more: nothing happens
        assert.equal(rx.senderStrongCount, 1);
        const sender = permit.send(1);
        assert.equal(sender, tx);
        sender.trySend(2);
        assert.deepEqual(now(rx.recvMany(5)), [1, 2]);
      });

      test("release hands the sender and the slot back", () => {
        const [tx] = mpsc.channel<number>(1);
        const sender = now(tx.reserveOwned()).release();
        assert.equal(sender.capacity, 1);
        sender.trySend(1);
      });

      test("disposing the permit disposes the sender", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        const receiving = waiting(rx.recv());
        {
          using _permit = now(tx.reserveOwned());
          assert.equal(rx.senderStrongCount, 1);
        }
        assert.equal(woken(receiving), undefined);
        assert.ok(assertErr(() => tx.send(1)) instanceof DisposedError);
      });

      test("a permit that has sent cannot be used again, and disposing it does nothing", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const permit = now(tx.reserveOwned());
        permit.send(1);
        assert.ok(assertErr(() => permit.send(2)) instanceof DisposedError);
        assert.ok(assertErr(() => permit.release()) instanceof DisposedError);
        permit[Symbol.dispose]();
        assert.equal(rx.senderStrongCount, 1);
      });

      test("failure leaves the sender as it is", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        tx.trySend(1);
        const full = assertErr(() => tx.tryReserveOwned()) as mpsc.TrySendError<mpsc.Sender<number>>;
        assert.equal(full.kind, "full");
        assert.equal(full.value, tx);
        const waits = waiting(tx.reserveOwned());
        rx.close();
        assert.ok(assertReadyErr(() => waits.poll()) instanceof SendError);
        assert.equal((assertErr(() => tx.tryReserveOwned()) as mpsc.TrySendError<unknown>).kind, "closed");
        assert.equal(rx.senderStrongCount, 1);
        assert.equal(tx.isClosed, true);
      });

      test("tryReserveOwned takes a free slot", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        tx.tryReserveOwned().send(1);
        assert.equal(rx.tryRecv(), 1);
      });

      for (const { name, drop } of drops) {
        test(`${name} while waiting, leaves the sender as it is`, () => {
          const [tx, rx] = mpsc.channel<number>(1);
          tx.trySend(1);
          const waits = waiting(tx.reserveOwned());
          rx.tryRecv();
          drop(waits);
          tx.trySend(2);
          assert.equal(rx.tryRecv(), 2);
        });
      }

      test("keeps the channel open for weak senders, as its sender would", () => {
        const [tx, rx] = mpsc.channel<number>(3);
        const weak = tx.downgrade();
        const permit = now(tx.reserveOwned());
        const other = weak.upgrade();
        assert.ok(other !== undefined);
        assert.deepEqual([weak.strongCount, weak.weakCount, rx.isClosed], [2, 1, false]);
        other[Symbol.dispose]();
        permit.send(1)[Symbol.dispose]();
        assert.equal(weak.upgrade(), undefined);
        assert.equal(rx.tryRecv(), 1);
      });

      test("two at once for one sender: the second fails, and its slot comes back", () => {
        const [tx] = mpsc.channel<number>(2);
        const first = testTask(tx.reserveOwned());
        const second = testTask(tx.reserveOwned());
        assert.notEqual(first.poll(), undefined);
        assert.ok(assertReadyErr(() => second.poll()) instanceof DisposedError);
        assert.equal(tx.capacity, 1);
      });

      test("sameChannel and sameChannelAsSender", () => {
        const [a] = mpsc.channel<number>(2);
        const [b] = mpsc.channel<number>(2);
        const a2 = a.clone();
        const [pa, pa2, pb] = [a.tryReserveOwned(), a2.tryReserveOwned(), b.tryReserveOwned()];
        assert.deepEqual([pa.sameChannel(pa2), pa.sameChannel(pb)], [true, false]);
        assert.deepEqual([pa.sameChannelAsSender(a2), pa.sameChannelAsSender(b)], [true, false]);
        assert.ok(assertErr(() => pa.sameChannel(a as never)) instanceof InvalidArgumentError);
        assert.ok(assertErr(() => pa.sameChannelAsSender({} as never)) instanceof InvalidArgumentError);
      });
    });
  });
}
