import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, fromPromise, InvalidArgumentError, MisuseError, pending, pin, select, sleep, spawn } from "toki";
import type { mpsc } from "toki/sync";
import { assertErr, assertPending, assertReady, assertReadyErr, testTask, test as toki } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { DisposedError, mpsc } = module;

  describe(implementation, () => {
    const tryRecvKind = (rx: mpsc.Receiver<unknown> | mpsc.UnboundedReceiver<unknown>) => {
      const error = assertErr(() => rx.tryRecv());
      assert.ok(error instanceof mpsc.TryRecvError);
      return error.kind;
    };

    describe("Receiver.recv", () => {
      test("waits, and is woken by a message", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        const receiving = waiting(rx.recv());
        stillWaiting(receiving);
        tx.trySend(1);
        assert.equal(woken(receiving), 1);
      });

      test("undefined once every sender is disposed and the messages are taken", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const clone = tx.clone();
        tx.trySend(1);
        tx[Symbol.dispose]();
        assert.equal(now(rx.recv()), 1);
        const receiving = waiting(rx.recv());
        clone[Symbol.dispose]();
        assert.equal(woken(receiving), undefined);
        assert.equal(now(rx.recv()), undefined);
      });

      test("a sender that waits in line when its sender is disposed still gets its message through", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        tx.trySend(1);
        const send = waiting(tx.send(2));
        tx[Symbol.dispose]();
        assert.equal(now(rx.recv()), 1);
        const receiving = waiting(rx.recv());
        woken(send);
        assert.equal(woken(receiving), 2);
        assert.equal(now(rx.recv()), undefined);
      });

      test(
        "many awaits use one future, and each gets its own message",
        toki(function* () {
          const [tx, rx] = mpsc.channel<number>(1);
          spawn(function* () {
            using sender = tx;
            for (let i = 0; i < 1000; i++) yield* sender.send(i);
          });
          for (let i = 0; i < 1000; i++) assert.equal(yield* rx.recv(), i);
          assert.equal(yield* rx.recv(), undefined);
        }),
      );

      test("two handed out before either is polled are two futures", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const [a, b] = [rx.recv(), rx.recv()];
        assert.notEqual(a, b);
        tx.trySend(1);
        tx.trySend(2);
        assert.deepEqual([now(b), now(a)], [1, 2]);
      });

      test("polled after completion throws", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        tx.trySend(1);
        const recv = testTask(rx.recv());
        assertReady(recv.poll());
        assert.ok(assertReadyErr(() => recv.poll()) instanceof MisuseError);
      });

      for (const { name, drop } of drops) {
        test(`${name} while waiting, takes no message`, () => {
          const [tx, rx] = mpsc.channel<number>(1);
          const receiving = waiting(rx.recv());
          drop(receiving);
          tx.trySend(1);
          assert.equal(receiving.isWoken, false);
          assert.equal(now(rx.recv()), 1);
        });

        test(`${name} after the wake, takes no message`, () => {
          const [tx, rx] = mpsc.channel<number>(1);
          const receiving = waiting(rx.recv());
          tx.trySend(1);
          drop(receiving);
          assert.equal(now(rx.recv()), 1);
        });

        test(`${name} unpolled, does nothing`, () => {
          const [tx, rx] = mpsc.channel<number>(1);
          drop(testTask(rx.recv()));
          tx.trySend(1);
          assert.equal(now(rx.recv()), 1);
        });
      }

      test(
        "loses no message in a select loop",
        toki(
          function* () {
            const [tx, rx] = mpsc.channel<number>(1);
            spawn(function* () {
              using sender = tx;
              for (let i = 0; i < 20; i++) {
                yield* sleep(3);
                yield* sender.send(i);
              }
            });
            const got: number[] = [];
            for (;;) {
              const { key, value } = yield* select({ message: rx.recv(), tick: sleep(2) });
              if (key === "tick") continue;
              if (value === undefined) break;
              got.push(value as number);
            }
            assert.deepEqual(got, [...Array(20).keys()]);
          },
          { startPaused: true },
        ),
      );

      test("takes part in the cooperative budget: 128 messages a poll", () => {
        const [tx, rx] = mpsc.channel<number>(1000);
        for (let i = 0; i < 300; i++) tx.trySend(i);
        let received = 0;
        const task = testTask(
          fn(function* () {
            for (; received < 300; received++) yield* rx.recv();
          })(),
        );
        assertPending(task.poll());
        assert.equal(received, 128);
        assert.equal(task.isWoken, true);
        assertPending(task.poll());
        assertReady(task.poll());
      });
    });

    describe("a single consumer", () => {
      test("a second task that receives while the first waits gets an error", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        const first = waiting(rx.recv());
        const second = testTask(rx.recv());
        const error = assertReadyErr(() => second.poll());
        assert.ok(error instanceof mpsc.ConcurrentRecvError);
        assert.equal(error.code, "TOKI_CONCURRENT_RECV");
        assert.match(error.message, /single consumer/);
        assert.ok(assertReadyErr(() => testTask(rx.recvMany(1)).poll()) instanceof mpsc.ConcurrentRecvError);
        testTask(pending()).enter((cx) => {
          assert.ok(assertErr(() => rx.pollRecv(cx)) instanceof mpsc.ConcurrentRecvError);
        });
        tx.trySend(1);
        assert.equal(woken(first), 1);
      });

      test("a recv that was dropped, or has its message, is in nobody's way", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        waiting(rx.recv()).cancel();
        const first = waiting(rx.recv());
        tx.trySend(1);
        assert.equal(now(rx.recv()), 1); // the first was woken: it does not wait
        const second = waiting(rx.recv());
        assert.ok(assertReadyErr(() => first.poll()) instanceof mpsc.ConcurrentRecvError);
        tx.trySend(2);
        assert.equal(woken(second), 2);
      });

      test("one recv may move from task to task", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        const recv = rx.recv();
        const first = waiting(recv);
        const second = waiting(recv);
        tx.trySend(1);
        assert.equal(first.isWoken, false);
        assert.equal(woken(second), 1);
      });

      test(
        "a task may start another recv while an earlier one of its own is lent to a select",
        toki(
          function* () {
            const [tx, rx] = mpsc.channel<number>(1);
            const lent = rx.recv();
            assert.equal((yield* select({ message: pin(lent), tick: sleep(1) })).key, "tick");
            lent[Symbol.dispose]();
            spawn(tx.send(1));
            assert.equal(yield* rx.recv(), 1);
          },
          { startPaused: true },
        ),
      );
    });

    describe("Receiver.recvMany", () => {
      test("takes what is there, up to the limit, and frees the slots", () => {
        const [tx, rx] = mpsc.channel<number>(5);
        for (let i = 0; i < 5; i++) tx.trySend(i);
        assert.deepEqual(now(rx.recvMany(3)), [0, 1, 2]);
        assert.equal(tx.capacity, 3);
        assert.deepEqual(now(rx.recvMany(Number.MAX_SAFE_INTEGER)), [3, 4]);
        assert.equal(tx.capacity, 5);
      });

      test("waits when there is nothing", () => {
        const [tx, rx] = mpsc.channel<number>(5);
        const many = waiting(rx.recvMany(3));
        tx.trySend(1);
        tx.trySend(2);
        assert.deepEqual(woken(many), [1, 2]);
      });

      test("hands the freed slots to those who wait", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        tx.trySend(0);
        tx.trySend(1);
        const sends = [2, 3, 4].map((n) => waiting(tx.send(n)));
        assert.deepEqual(now(rx.recvMany(10)), [0, 1]);
        assert.deepEqual(
          sends.map((send) => send.isWoken),
          [true, true, false],
        );
      });

      test("a limit of 0 gives an empty array at once", () => {
        const [tx, rx] = mpsc.channel<number>(5);
        assert.deepEqual(now(rx.recvMany(0)), []);
        tx.trySend(1);
        assert.deepEqual(now(rx.recvMany(0)), []);
      });

      test("otherwise empty means the end", () => {
        const [tx, rx] = mpsc.channel<number>(5);
        const many = waiting(rx.recvMany(3));
        tx[Symbol.dispose]();
        assert.deepEqual(woken(many), []);
      });

      test("the limit has to be a whole number", () => {
        const [, rx] = mpsc.channel<number>(5);
        for (const bad of [-1, 0.5, "3"])
          assert.ok(assertErr(() => rx.recvMany(bad as number)) instanceof InvalidArgumentError);
      });

      for (const { name, drop } of drops) {
        test(`${name} while waiting or after the wake, takes nothing`, () => {
          const [tx, rx] = mpsc.channel<number>(5);
          const early = waiting(rx.recvMany(3));
          drop(early);
          const late = waiting(rx.recvMany(3));
          tx.trySend(1);
          assert.equal(late.isWoken, true);
          drop(late);
          assert.deepEqual(now(rx.recvMany(3)), [1]);
        });
      }

      test("polled after completion throws", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        tx.trySend(1);
        const many = testTask(rx.recvMany(1));
        assertReady(many.poll());
        assert.ok(assertReadyErr(() => many.poll()) instanceof MisuseError);
      });

      test("takes one unit of budget", () => {
        const [tx, rx] = mpsc.channel<number>(1000);
        for (let i = 0; i < 600; i++) tx.trySend(i);
        let rounds = 0;
        const task = testTask(
          fn(function* () {
            for (; rounds < 200; rounds++) yield* rx.recvMany(3);
          })(),
        );
        assertPending(task.poll());
        assert.equal(rounds, 128);
        assertReady(task.poll());
      });
    });

    describe("Receiver.tryRecv", () => {
      test("empty, a message, disconnected", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        assert.equal(tryRecvKind(rx), "empty");
        tx.trySend(1);
        tx[Symbol.dispose]();
        assert.equal(rx.tryRecv(), 1);
        assert.equal(tryRecvKind(rx), "disconnected");
        const error = assertErr(() => rx.tryRecv()) as mpsc.TryRecvError;
        assert.deepEqual([error.code, error.message], ["TOKI_CHANNEL_CLOSED", "receiving on a closed channel"]);
      });

      test("after close: disconnected only once drained and without permits", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const permit = tx.tryReserve();
        tx.trySend(1);
        rx.close();
        assert.equal(rx.tryRecv(), 1);
        assert.equal(tryRecvKind(rx), "empty");
        permit.release();
        assert.equal(tryRecvKind(rx), "disconnected");
      });
    });

    describe("Receiver.pollRecv", () => {
      test("keeps the latest waker only", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const [first, second] = [testTask(pending()), testTask(pending())];
        first.enter((cx) => assertPending(rx.pollRecv(cx)));
        second.enter((cx) => assertPending(rx.pollRecv(cx)));
        tx.trySend(1);
        assert.deepEqual([first.isWoken, second.isWoken], [false, true]);
        second.enter((cx) => assert.equal(rx.pollRecv(cx), 1));
      });

      test("pollRecvMany", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const task = testTask(pending());
        task.enter((cx) => assertPending(rx.pollRecvMany(cx, 4)));
        tx.trySend(1);
        tx.trySend(2);
        assert.equal(task.isWoken, true);
        task.enter((cx) => assert.deepEqual(rx.pollRecvMany(cx, 4), [1, 2]));
        task.enter((cx) => assert.ok(assertErr(() => rx.pollRecvMany(cx, -1)) instanceof InvalidArgumentError));
      });

      test("pending, and woken, when the budget is spent", () => {
        const [tx, rx] = mpsc.channel<number>(200);
        for (let i = 0; i < 200; i++) tx.trySend(i);
        const task = testTask(pending());
        task.enter((cx) => {
          for (let i = 0; i < 128; i++) assert.equal(rx.pollRecv(cx), i);
          assert.equal(task.isWoken, false);
          assertPending(rx.pollRecv(cx));
          assert.equal(task.isWoken, true);
        });
      });
    });

    describe("Receiver.close", () => {
      test("stops sends and delivers what is there", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        tx.trySend(1);
        rx.close();
        rx.close();
        assert.deepEqual([rx.isClosed, tx.isClosed, rx.length], [true, true, 1]);
        assert.equal(now(rx.recv()), 1);
        assert.equal(now(rx.recv()), undefined);
      });

      test("ends a recv that waits", () => {
        const [, rx] = mpsc.channel<number>(2);
        const receiving = waiting(rx.recv());
        rx.close();
        assert.equal(woken(receiving), undefined);
      });
    });

    describe("Receiver disposal", () => {
      test("drops messages, ends a recv that waits, and refuses further use", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        tx.trySend(1);
        rx[Symbol.dispose]();
        rx[Symbol.dispose]();
        assert.deepEqual([rx.length, tx.isClosed, tx.capacity], [0, true, 2]);
        for (const call of [
          () => rx.recv(),
          () => rx.recvMany(1),
          () => rx.tryRecv(),
          () => rx[Symbol.asyncIterator](),
          () => testTask(pending()).enter((cx) => rx.pollRecv(cx)),
        ]) {
          assert.ok(assertErr(call) instanceof DisposedError);
        }
      });

      test("ends a recv of another task, also while a permit is out", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const permit = tx.tryReserve();
        const receiving = waiting(rx.recv());
        rx[Symbol.dispose]();
        assert.equal(woken(receiving), undefined);
        permit.send(1);
        assert.equal(tx.capacity, 2);
        assert.ok(assertErr(() => rx.recv()) instanceof DisposedError);
      });
    });

    describe("Receiver getters", () => {
      test("length, isEmpty, capacity, counts", () => {
        const [tx, rx] = mpsc.channel<number>(3);
        assert.deepEqual([rx.length, rx.isEmpty, rx.capacity, rx.maxCapacity], [0, true, 3, 3]);
        const permit = tx.tryReserve();
        assert.deepEqual([rx.length, rx.isEmpty, rx.capacity], [0, true, 2]);
        permit.send(1);
        assert.deepEqual([rx.length, rx.isEmpty, rx.capacity], [1, false, 2]);
        const clone = tx.clone();
        const weak = tx.downgrade();
        assert.deepEqual([rx.senderStrongCount, rx.senderWeakCount], [2, 1]);
        clone[Symbol.dispose]();
        weak[Symbol.dispose]();
        assert.deepEqual([rx.senderStrongCount, rx.senderWeakCount], [1, 0]);
      });

      test("isClosed: closed, or no senders, whatever is buffered", () => {
        const [tx, rx] = mpsc.channel<number>(3);
        assert.equal(rx.isClosed, false);
        tx.trySend(1);
        const permit = tx.tryReserveOwned();
        assert.equal(rx.isClosed, false);
        permit[Symbol.dispose]();
        assert.equal(rx.isClosed, true);
        assert.equal(rx.tryRecv(), 1);
      });
    });

    describe("for await over a receiver", () => {
      test("gives messages in order, and ends with the channel", async () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const got: number[] = [];
        const loop = (async () => {
          for await (const n of rx) got.push(n);
        })();
        for (let i = 0; i < 5; i++) {
          while (tx.capacity === 0) await null;
          tx.trySend(i);
        }
        tx[Symbol.dispose]();
        await loop;
        assert.deepEqual(got, [0, 1, 2, 3, 4]);
      });

      test("leaving the loop leaves the channel as it is", async () => {
        const [tx, rx] = mpsc.unboundedChannel<number>();
        for (let i = 0; i < 4; i++) tx.send(i);
        for await (const n of rx) if (n === 1) break;
        assert.equal(rx.isClosed, false);
        assert.equal(rx.tryRecv(), 2);
        assert.equal(now(rx.recv()), 3);
      });

      test("a reader that gives up while it waits takes nothing", async () => {
        const [tx, rx] = mpsc.unboundedChannel<number>();
        const iterator = rx[Symbol.asyncIterator]();
        const next = iterator.next();
        await null;
        await iterator.return?.();
        assert.equal((await next).done, true);
        tx.send(1);
        assert.equal(now(rx.recv()), 1);
      });

      test("works more often than a task's budget", async () => {
        const [tx, rx] = mpsc.unboundedChannel<number>();
        for (let i = 0; i < 500; i++) tx.send(i);
        tx[Symbol.dispose]();
        let count = 0;
        for await (const n of rx) assert.equal(n, count++);
        assert.equal(count, 500);
      });

      test(
        "beside tasks of a runtime",
        toki(function* () {
          const [tx, rx] = mpsc.channel<number>(1);
          const reader = (async () => {
            let sum = 0;
            for await (const n of rx) sum += n;
            return sum;
          })();
          for (let i = 1; i <= 10; i++) yield* tx.send(i);
          tx[Symbol.dispose]();
          assert.equal(yield* fromPromise(() => reader), 55);
        }),
      );
    });
  });
}
