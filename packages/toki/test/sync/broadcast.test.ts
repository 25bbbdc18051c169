import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidArgumentError, MisuseError, Runtime, select, spawn, yieldNow } from "toki";
import type { BroadcastReceiver, BroadcastSender } from "toki/sync";
import { assertErr, assertPending, testTask, test as toki } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module, isShared } of implementations) {
  const { broadcast, BroadcastReceiver, BroadcastRecvError, BroadcastSender, DisposedError, LaggedError, SendError } =
    module;

  const fails = (kind: string, code: string) => (error: unknown) =>
    error instanceof BroadcastRecvError && error.kind === kind && error.code === code;
  const isEmpty = fails("empty", "TOKI_CHANNEL_EMPTY");
  const isClosed = fails("closed", "TOKI_CHANNEL_CLOSED");
  const lagged = (skipped: number) => (error: unknown) =>
    error instanceof LaggedError && error.skipped === skipped && fails("lagged", "TOKI_CHANNEL_LAGGED")(error);

  const assertEmpty = (rx: BroadcastReceiver<unknown>) => assert.throws(() => rx.tryRecv(), isEmpty);
  const assertClosed = (rx: BroadcastReceiver<unknown>) => assert.throws(() => rx.tryRecv(), isClosed);
  const assertLagged = (rx: BroadcastReceiver<unknown>, n: number) => assert.throws(() => rx.tryRecv(), lagged(n));
  const sendAll = (tx: BroadcastSender<number>, ...values: number[]) => {
    for (const value of values) tx.send(value);
  };
  const take = <T>(rx: BroadcastReceiver<T>, n: number) => Array.from({ length: n }, () => rx.tryRecv());

  describe(implementation, () => {
    describe("broadcast", () => {
      test("broadcast.channel is broadcast; the classes are on it", () => {
        assert.equal(broadcast.channel, broadcast);
        const [tx, rx] = broadcast<number>(1);
        assert.ok(tx instanceof BroadcastSender);
        assert.ok(rx instanceof BroadcastReceiver);
        assert.equal(broadcast.Sender, BroadcastSender);
        assert.equal(broadcast.RecvError, BroadcastRecvError);
        assert.equal(broadcast.LaggedError, LaggedError);
        assert.equal(broadcast.SendError, SendError);
      });

      for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, "4" as unknown as number]) {
        test(`a capacity of ${capacity} is refused`, () => {
          for (const make of [() => broadcast(capacity), () => new BroadcastSender(capacity)]) {
            assert.throws(make, (e) => e instanceof InvalidArgumentError && e.argument === "capacity");
          }
        });
      }

      for (const [capacity, slots] of [
        [1, 1],
        [2, 2],
        [3, 4],
        [4, 4],
        [5, 8],
        [1000, 1024],
      ] as const) {
        test(`a capacity of ${capacity} keeps ${slots}`, () => {
          const [tx, rx] = broadcast<number>(capacity);
          for (let i = 0; i < slots; i++) tx.send(i);
          assert.equal(rx.tryRecv(), 0);
          tx.send(slots); // in the place of what was read
          tx.send(slots + 1);
          assertLagged(rx, 1);
          assert.equal(rx.tryRecv(), 2);
        });
      }

      test("every receiver gets every value", () => {
        const [tx, a] = broadcast<string>(16);
        const b = tx.subscribe();
        assertEmpty(a);
        assertEmpty(b);
        assert.equal(tx.send("hello"), 2);
        assert.deepEqual([a.tryRecv(), b.tryRecv()], ["hello", "hello"]);
        assertEmpty(a);
        assertEmpty(b);
      });

      test("any value can be sent: undefined, null, objects", () => {
        const [tx, rx] = broadcast<unknown>(4);
        const values = [undefined, null, 0, { deep: [1] }];
        for (const value of values) tx.send(value);
        assert.deepEqual(take(rx, 4), values);
        const [signal, listener] = broadcast<void>(1);
        assert.equal(signal.send(), 1);
        assert.equal(now(listener.recv()), undefined);
      });

      if (!isShared) {
        test("positions beyond what bitwise operators know", () => {
          const [tx, rx] = broadcast<number>(4);
          for (let n = 0; n < 4; n++) {
            tx.send(n);
            rx.tryRecv();
          }
          const { chan } = tx as unknown as { chan: { tail: number } };
          chan.tail = 2 ** 33;
          const [slow, fast] = [tx.subscribe(), tx.subscribe()];
          for (let n = 0; n < 10; n++) {
            tx.send(n);
            assert.equal(fast.tryRecv(), n);
          }
          assert.deepEqual([slow.length, tx.length], [10, 4]);
          assertLagged(slow, 6);
          assert.deepEqual(take(slow, 2), [6, 7]);
        });

        test("receivers get the same object", () => {
          const [tx, a] = broadcast<object>(1);
          const b = tx.subscribe();
          const value = {};
          tx.send(value);
          assert.equal(a.tryRecv(), value);
          assert.equal(b.tryRecv(), value);
        });
      }

      test("values survive many rounds of the ring, also of different types", () => {
        const [tx, rx] = broadcast<unknown>(2);
        for (let i = 0; i < 100; i++) {
          tx.send(i % 3 === 0 ? `text ${i}` : i);
          assert.equal(rx.tryRecv(), i % 3 === 0 ? `text ${i}` : i);
          assert.equal(tx.isEmpty, true);
        }
      });
    });

    describe("BroadcastSender.send", () => {
      test("without a receiver fails with the value; subscribing makes it possible again", () => {
        const [tx, rx] = broadcast<string>(16);
        rx[Symbol.dispose]();
        assert.throws(
          () => tx.send("hello"),
          (e) => e instanceof SendError && e.value === "hello",
        );
        const later = tx.subscribe();
        assertEmpty(later);
        assert.equal(tx.send("world"), 1);
        assert.equal(later.tryRecv(), "world");
      });

      test("new BroadcastSender has no receiver", () => {
        const tx = new BroadcastSender<number>(4);
        assert.equal(tx.receiverCount, 0);
        assert.throws(() => tx.send(1), SendError);
        assert.equal(tx.isEmpty, true);
        now(tx.closed());
        const rx = tx.subscribe();
        waiting(tx.closed());
        assert.equal(tx.send(2), 1);
        assert.equal(rx.tryRecv(), 2);
      });

      test("wakes all that wait, first come, first woken", () => {
        const [tx, a] = broadcast<string>(16);
        const b = tx.subscribe();
        const c = tx.subscribe();
        const [recvB, recvA] = [waiting(b.recv()), waiting(a.recv())];
        tx.send("one");
        assert.deepEqual([woken(recvB), woken(recvA)], ["one", "one"]);
        assert.equal(now(c.recv()), "one");
      });

      test("wakes those that wait, not those that came later", () => {
        const [tx, a] = broadcast<string>(16);
        const b = tx.subscribe();
        const first = waiting(a.recv());
        const unpolled = testTask(b.recv());
        tx.send("hello");
        assert.equal(unpolled.isWoken, false);
        assert.equal(woken(first), "hello");
        assert.equal(now(b.recv()), "hello");
      });

      test("several before the receiver looks: one wake, all values in order", () => {
        const [tx, rx] = broadcast<string>(16);
        const recv = waiting(rx.recv());
        tx.send("one");
        tx.send("two");
        assert.equal(woken(recv), "one");
        assert.equal(now(rx.recv()), "two");
        const next = waiting(rx.recv());
        tx.send("three");
        assert.equal(woken(next), "three");
      });

      test("the message of another sender of the channel", () => {
        const [tx, rx] = broadcast<number>(4);
        const other = tx.clone();
        tx.send(1);
        other.send(2);
        tx[Symbol.dispose]();
        other.send(3);
        assert.deepEqual(take(rx, 3), [1, 2, 3]);
      });
    });

    describe("lag", () => {
      test("is told once, with the number missed; then the oldest that is there", () => {
        const [tx, rx] = broadcast<number>(2);
        sendAll(tx, 10, 20, 30);
        assertLagged(rx, 1);
        assert.deepEqual(take(rx, 2), [20, 30]);
        assertEmpty(rx);
        sendAll(tx, 40, 50, 60, 70);
        assertLagged(rx, 2);
        assert.deepEqual(take(rx, 2), [60, 70]);
      });

      test("recv throws it, and a recv that waits meets it when it was not polled in time", () => {
        const [tx, rx] = broadcast<number>(2);
        const recv = waiting(rx.recv());
        sendAll(tx, 10, 20, 30);
        assert.equal(recv.isWoken, true);
        assert.throws(() => recv.poll(), lagged(1));
        assert.deepEqual([now(rx.recv()), now(rx.recv())], [20, 30]);
      });

      test("again before anything was read", () => {
        const [tx, rx] = broadcast<number>(2);
        sendAll(tx, 1, 2, 3);
        assertLagged(rx, 1);
        sendAll(tx, 4, 5, 6);
        assertLagged(rx, 3);
        assert.deepEqual(take(rx, 2), [5, 6]);
        assertEmpty(rx);
      });

      test("concerns the slow receiver alone", () => {
        const [tx, slow] = broadcast<number>(2);
        const fast = tx.subscribe();
        for (const n of [1, 2, 3, 4]) {
          tx.send(n);
          assert.equal(fast.tryRecv(), n);
        }
        assertLagged(slow, 2);
        assert.deepEqual(take(slow, 2), [3, 4]);
        assertEmpty(fast);
      });

      test("of values that it had read partly", () => {
        const [tx, rx] = broadcast<number>(4);
        sendAll(tx, 1, 2, 3, 4);
        assert.equal(rx.tryRecv(), 1);
        sendAll(tx, 5, 6, 7, 8);
        assertLagged(rx, 3);
        assert.deepEqual(take(rx, 4), [5, 6, 7, 8]);
      });

      test("of a channel of one", () => {
        const [tx, rx] = broadcast<number>(1);
        tx.send(1);
        assert.equal(rx.tryRecv(), 1);
        sendAll(tx, 2, 3);
        assertLagged(rx, 1);
        assert.equal(rx.tryRecv(), 3);
        assertEmpty(rx);
      });

      test("of a channel that has ended", () => {
        for (const [sent, skipped] of [
          [3, 1],
          [4, 2],
        ] as const) {
          const [tx, rx] = broadcast<number>(2);
          for (let n = 1; n <= sent; n++) tx.send(n);
          tx[Symbol.dispose]();
          assertLagged(rx, skipped);
          assert.deepEqual(take(rx, 2), [sent - 1, sent]);
          assertClosed(rx);
        }
      });
    });

    describe("the end", () => {
      test("comes when the last sender is disposed, for receivers that wait", () => {
        const [tx, a] = broadcast<number>(16);
        const b = tx.subscribe();
        const other = tx.clone();
        const waits = [waiting(a.recv()), waiting(b.recv())];
        tx[Symbol.dispose]();
        tx[Symbol.dispose]();
        for (const wait of waits) stillWaiting(wait);
        assert.equal(a.isClosed, false);
        other[Symbol.dispose]();
        for (const wait of waits) {
          assert.equal(wait.isWoken, true);
          assert.throws(() => wait.poll(), isClosed);
        }
        assert.equal(a.isClosed, true);
      });

      test("comes after what was sent", () => {
        const [tx, rx] = broadcast<number>(2);
        sendAll(tx, 1, 2);
        tx[Symbol.dispose]();
        assert.equal(rx.isClosed, true);
        assert.deepEqual(take(rx, 2), [1, 2]);
        assertClosed(rx);
        assert.throws(() => now(rx.recv()), isClosed);
      });

      test("for a receiver that subscribes to a channel that has ended", () => {
        const [tx, rx] = broadcast<number>(2);
        tx.send(1);
        tx[Symbol.dispose]();
        assertClosed(rx.resubscribe());
      });

      test("is told to a wait together with a value that came before", () => {
        const [tx, rx] = broadcast<number>(2);
        const recv = waiting(rx.recv());
        tx.send(1);
        tx[Symbol.dispose]();
        assert.equal(woken(recv), 1);
        assert.throws(() => now(rx.recv()), isClosed);
      });
    });

    describe("BroadcastReceiver", () => {
      test("recv is lazy", () => {
        const [tx, rx] = broadcast<number>(4);
        rx.recv();
        tx.send(1);
        assert.equal(rx.length, 1);
        assert.equal(rx.tryRecv(), 1);
      });

      test("resubscribe starts at the end, not where the receiver is", () => {
        const [tx, rx] = broadcast<number>(3);
        tx.send(1);
        const other = rx.resubscribe();
        assertEmpty(other);
        assert.equal(rx.tryRecv(), 1);
        tx.send(2);
        assert.equal(other.tryRecv(), 2);
        tx.send(3);
        assert.deepEqual(take(rx, 2), [2, 3]);
        assert.equal(other.tryRecv(), 3);
      });

      test("resubscribe of a receiver that has lagged", () => {
        const [tx, rx] = broadcast<number>(1);
        sendAll(tx, 1, 2);
        const other = rx.resubscribe();
        assertLagged(rx, 1);
        assertEmpty(other);
        assert.equal(rx.tryRecv(), 2);
        assertEmpty(rx);
      });

      test("subscribe sees only what is sent after it", () => {
        const [tx] = broadcast<number>(4);
        tx.send(1);
        const rx = tx.subscribe();
        assertEmpty(rx);
        tx.send(2);
        assert.equal(rx.tryRecv(), 2);
      });

      test("length counts what was overwritten, until the lag is told", () => {
        const [tx, rx] = broadcast<number>(3);
        assert.deepEqual([rx.length, rx.isEmpty], [0, true]);
        sendAll(tx, 10, 20, 30, 40);
        assert.deepEqual([rx.length, rx.isEmpty], [4, false]);
        assert.equal(rx.tryRecv(), 10);
        sendAll(tx, 50, 60);
        assert.equal(rx.length, 5);
        assertLagged(rx, 1);
        assert.equal(rx.length, 4);
        take(rx, 4);
        assert.deepEqual([rx.length, rx.isEmpty], [0, true]);
      });

      test("sees the senders come and go", () => {
        const [tx, rx] = broadcast<number>(1);
        const weak = tx.downgrade();
        const other = tx.clone();
        assert.deepEqual([rx.senderStrongCount, rx.senderWeakCount], [2, 1]);
        other[Symbol.dispose]();
        weak[Symbol.dispose]();
        assert.deepEqual([rx.senderStrongCount, rx.senderWeakCount], [1, 0]);
        tx[Symbol.dispose]();
        assert.deepEqual([rx.senderStrongCount, rx.isClosed], [0, true]);
      });

      test("sameChannel", () => {
        const [tx, rx] = broadcast<number>(1);
        const [otherTx, otherRx] = broadcast<number>(1);
        assert.equal(rx.sameChannel(tx.subscribe()), true);
        assert.equal(rx.sameChannel(otherRx), false);
        assert.equal(tx.sameChannel(tx.clone()), true);
        assert.equal(tx.sameChannel(otherTx), false);
        assert.throws(() => rx.sameChannel(tx as never), InvalidArgumentError);
        assert.throws(() => tx.sameChannel(rx as never), InvalidArgumentError);
      });

      test(
        "a second recv while one of another task waits is refused; the first goes on",
        toki(function* () {
          const [tx, rx] = broadcast<number>(4);
          const first = spawn(rx.recv());
          yield* yieldNow();
          const refused = yield* select.biased({
            recv: function* () {
              try {
                yield* rx.recv();
              } catch (error) {
                return error;
              }
              return undefined;
            },
          });
          assert.ok(refused.value instanceof broadcast.ConcurrentRecvError, String(refused.value));
          assert.match(refused.value.message, /resubscribe/);
          tx.send(1);
          assert.equal(yield* first, 1);
        }),
      );

      test("recv can be polled by another task once the first has let go of it", () => {
        const [tx, rx] = broadcast<string>(1);
        const recv = rx.recv();
        const first = waiting(recv);
        const second = waiting(recv);
        tx.send("hello");
        assert.equal(first.isWoken, false);
        assert.equal(woken(second), "hello");
      });

      test("recv is done once", () => {
        const [tx, rx] = broadcast<number>(4);
        const recv = rx.recv();
        sendAll(tx, 1, 2);
        assert.equal(now(recv), 1);
        assert.throws(() => now(recv), MisuseError);
        const failed = rx.recv();
        tx[Symbol.dispose]();
        assert.equal(rx.tryRecv(), 2);
        assert.throws(() => now(failed), isClosed);
        assert.throws(() => now(failed), MisuseError);
      });

      for (const { name, drop } of drops) {
        test(`a recv that is ${name} loses nothing`, () => {
          const [tx, rx] = broadcast<number>(4);
          const idle = waiting(rx.recv());
          drop(idle);
          tx.send(1);
          assert.equal(idle.isWoken, false);
          const told = waiting(tx.subscribe().recv());
          const mine = testTask(rx.recv());
          drop(mine);
          tx.send(2);
          drop(told);
          assert.deepEqual(take(rx, 2), [1, 2]);
          const last = waiting(rx.recv());
          tx.send(3);
          drop(last);
          assert.equal(now(rx.recv()), 3);
        });
      }

      test(
        "recv takes from the budget",
        toki(function* () {
          const [tx, rx] = broadcast<number>(8);
          let rounds = 0;
          const endless = function* () {
            for (;;) {
              tx.send(rounds++);
              yield* rx.recv();
            }
          };
          const { key } = yield* select.biased({ endless, other: yieldNow() });
          assert.equal(key, "other");
          assert.ok(rounds > 100, `${rounds} rounds`);
        }),
      );
    });

    describe("BroadcastReceiver, disposed", () => {
      test("what it had not read is for nobody", () => {
        const [tx, rx] = broadcast<number>(4);
        const other = tx.subscribe();
        sendAll(tx, 1, 2, 3);
        assert.equal(other.tryRecv(), 1);
        assert.equal(tx.length, 3);
        rx[Symbol.dispose]();
        assert.equal(tx.length, 2);
        other[Symbol.dispose]();
        assert.deepEqual([tx.length, tx.isEmpty, tx.receiverCount], [0, true, 0]);
      });

      test("one that has lagged", () => {
        const [tx, rx] = broadcast<number>(2);
        const other = tx.subscribe();
        sendAll(tx, 1, 2, 3);
        rx[Symbol.dispose]();
        rx[Symbol.dispose]();
        assert.equal(tx.receiverCount, 1);
        assertLagged(other, 1);
        assert.deepEqual(take(other, 2), [2, 3]);
        assert.equal(tx.length, 0);
      });

      test("is used no more", () => {
        const [tx, rx] = broadcast<number>(2);
        tx.send(1);
        now(rx.recv());
        rx[Symbol.dispose]();
        for (const use of [
          () => rx.recv(),
          () => rx.tryRecv(),
          () => rx.resubscribe(),
          () => rx[Symbol.asyncIterator](),
        ]) {
          assert.throws(use, DisposedError);
        }
        assert.deepEqual([rx.length, rx.isEmpty], [0, true]);
      });

      test("a recv that waits, or was not polled yet, ends", () => {
        const [tx, rx] = broadcast<number>(2);
        const unpolled = rx.recv();
        const recv = waiting(rx.recv());
        rx[Symbol.dispose]();
        assert.equal(recv.isWoken, true);
        assert.throws(() => recv.poll(), isClosed);
        assert.throws(() => now(unpolled), isClosed);
        assert.throws(() => tx.send(1), SendError);
      });

      test("a recv that was told, too", () => {
        const [tx, rx] = broadcast<number>(2);
        const recv = waiting(rx.recv());
        tx.send(1);
        rx[Symbol.dispose]();
        assert.throws(() => recv.poll(), isClosed);
        assert.equal(tx.length, 0);
      });

      test("wakes no other receiver", () => {
        const [tx, rx] = broadcast<number>(2);
        const other = waiting(tx.subscribe().recv());
        waiting(rx.recv());
        rx[Symbol.dispose]();
        stillWaiting(other);
        tx.send(1);
        assert.equal(woken(other), 1);
      });
    });

    describe("BroadcastSender", () => {
      test("length: what some receiver has still to read", () => {
        const [tx, a] = broadcast<number>(4);
        const b = tx.subscribe();
        assert.deepEqual([tx.length, tx.isEmpty], [0, true]);
        sendAll(tx, 1, 2, 3);
        assert.deepEqual([tx.length, tx.isEmpty], [3, false]);
        take(a, 2);
        assert.equal(tx.length, 3);
        take(b, 1);
        assert.equal(tx.length, 2);
        sendAll(tx, 4, 5, 6);
        assert.equal(tx.length, 4);
      });

      test("a value that nobody gets is not kept for those who come", () => {
        const [tx, rx] = broadcast<number>(4);
        tx.send(1);
        const late = tx.subscribe();
        assert.equal(tx.length, 1);
        rx.tryRecv();
        assert.equal(tx.length, 0);
        assertEmpty(late);
      });

      test("receiverCount", () => {
        const tx = new BroadcastSender<number>(16);
        const a = tx.subscribe();
        const b = a.resubscribe();
        const c = tx.subscribe();
        assert.equal(tx.receiverCount, 3);
        c[Symbol.dispose]();
        a[Symbol.dispose]();
        assert.equal(tx.receiverCount, 1);
        b[Symbol.dispose]();
        assert.equal(tx.receiverCount, 0);
      });

      test("closed: when the last receiver is gone", () => {
        const [tx, rx] = broadcast<number>(1);
        const other = tx.subscribe();
        const closed = waiting(tx.closed());
        rx[Symbol.dispose]();
        stillWaiting(closed);
        other[Symbol.dispose]();
        woken(closed);
        now(tx.closed());
      });

      test("closed: goes on waiting if somebody subscribes before it looks", () => {
        const [tx, rx] = broadcast<number>(1);
        const closed = waiting(tx.closed());
        rx[Symbol.dispose]();
        assert.equal(closed.isWoken, true);
        const again = tx.subscribe();
        assertPending(closed.poll());
        again[Symbol.dispose]();
        woken(closed);
        const later = tx.subscribe();
        const second = waiting(tx.closed());
        later[Symbol.dispose]();
        woken(second);
      });

      test("closed: is not about senders", () => {
        const [tx] = broadcast<number>(1);
        const other = tx.clone();
        const closed = waiting(tx.closed());
        other[Symbol.dispose]();
        tx[Symbol.dispose]();
        stillWaiting(closed);
      });

      for (const { name, drop } of drops) {
        test(`closed: one that is ${name} takes nobody along`, () => {
          const [tx, rx] = broadcast<number>(1);
          const [first, second] = [waiting(tx.closed()), waiting(tx.closed())];
          drop(first);
          rx[Symbol.dispose]();
          assert.equal(first.isWoken, false);
          woken(second);
        });
      }

      test("is used no more when it was disposed", () => {
        const [tx] = broadcast<number>(1);
        tx[Symbol.dispose]();
        const uses = [
          () => tx.send(1),
          () => tx.subscribe(),
          () => tx.clone(),
          () => tx.downgrade(),
          () => tx.closed(),
        ];
        for (const use of uses) assert.throws(use, DisposedError);
      });

      test("weak ones do not keep the channel open", () => {
        const [tx, rx] = broadcast<number>(2);
        const weak = tx.downgrade();
        const other = weak.clone();
        assert.deepEqual([weak.strongCount, weak.weakCount, tx.strongCount, tx.weakCount], [1, 2, 1, 2]);
        const upgraded = weak.upgrade();
        assert.ok(upgraded instanceof BroadcastSender);
        assert.equal(upgraded.sameChannel(tx), true);
        assert.equal(tx.strongCount, 2);
        upgraded.send(1);
        tx[Symbol.dispose]();
        assert.equal(rx.isClosed, false);
        upgraded[Symbol.dispose]();
        assert.equal(rx.isClosed, true);
        assert.equal(weak.upgrade(), undefined);
        assert.equal(rx.tryRecv(), 1);
        other[Symbol.dispose]();
        other[Symbol.dispose]();
        assert.equal(weak.weakCount, 1);
        for (const use of [() => other.upgrade(), () => other.clone()]) assert.throws(use, DisposedError);
      });

      test("works with using", () => {
        let outer: BroadcastReceiver<number>;
        {
          using tx = new BroadcastSender<number>(2);
          using weak = tx.downgrade();
          using rx = tx.subscribe();
          outer = rx.resubscribe();
          assert.deepEqual([tx.receiverCount, weak.strongCount], [2, 1]);
        }
        assert.deepEqual([outer.isClosed, outer.senderWeakCount], [true, 0]);
      });
    });

    describe("for await", () => {
      test("gives what is sent, undefined too, until the channel has ended", async () => {
        const [tx, rx] = broadcast<number | undefined>(4);
        setTimeout(() => {
          using sender = tx;
          for (const value of [1, undefined, 3]) sender.send(value);
        });
        const got: unknown[] = [];
        for await (const value of rx) got.push(value);
        assert.deepEqual(got, [1, undefined, 3]);
      });

      test("ends with a lag; another loop goes on from there", async () => {
        const [tx, rx] = broadcast<number>(2);
        sendAll(tx, 1, 2, 3);
        tx[Symbol.dispose]();
        await assert.rejects(async () => {
          for await (const value of rx) assert.fail(`got ${value}`);
        }, lagged(1));
        const got: number[] = [];
        for await (const value of rx) got.push(value);
        assert.deepEqual(got, [2, 3]);
      });

      test("leaving the loop leaves the receiver as it is", async () => {
        const [tx, rx] = broadcast<number>(4);
        sendAll(tx, 1, 2);
        for await (const value of rx) {
          assert.equal(value, 1);
          break;
        }
        assert.deepEqual([rx.tryRecv(), tx.receiverCount], [2, 1]);
      });

      test("return() during a wait ends the wait and loses nothing", async () => {
        const [tx, rx] = broadcast<number>(4);
        const items = rx[Symbol.asyncIterator]();
        const next = items.next();
        await Promise.resolve();
        await items.return?.();
        assert.deepEqual(await next, { done: true, value: undefined });
        tx.send(1);
        assert.equal(rx.tryRecv(), 1);
      });

      test("drives the current runtime", async () => {
        await using rt = new Runtime();
        using _context = rt.enter();
        const [tx, rx] = broadcast<number>(4);
        rt.spawn(function* () {
          using sender = tx;
          for (const n of [1, 2]) {
            sender.send(n);
            yield* yieldNow();
          }
        });
        const got: number[] = [];
        for await (const n of rx) got.push(n);
        assert.deepEqual(got, [1, 2]);
      });
    });

    describe("errors", () => {
      test("say what happened", () => {
        const [tx, rx] = broadcast<number>(1);
        assert.equal((assertErr(() => rx.tryRecv()) as Error).message, "channel empty");
        sendAll(tx, 1, 2, 3);
        const lag = assertErr(() => rx.tryRecv()) as Error;
        assert.deepEqual([lag.name, lag.message], ["LaggedError", "channel lagged by 2"]);
        rx.tryRecv();
        tx[Symbol.dispose]();
        const end = assertErr(() => rx.tryRecv()) as Error;
        assert.deepEqual([end.name, end.message], ["BroadcastRecvError", "channel closed"]);
      });
    });
  });
}
