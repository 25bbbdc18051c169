import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ElapsedError, fn, MisuseError, pending, pin, select, sleep, spawn, timeout, yieldNow } from "toki";
import type { OneshotReceiver, oneshot, SendError } from "toki/sync";
import { assertErr, assertPending, assertReady, assertReadyErr, testTask, test as toki } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { DisposedError, OneshotReceiver, OneshotSender, oneshot, SendError } = module;

  describe(implementation, () => {
    describe("oneshot", () => {
      test("a value sent before the await is there", () => {
        const [tx, rx] = oneshot<string>();
        tx.send("value");
        assert.equal(now(rx), "value");
      });

      test("a waiting receiver is woken by the send", () => {
        const [tx, rx] = oneshot<string>();
        const receiving = waiting(rx);
        tx.send("value");
        assert.equal(woken(receiving), "value");
      });

      test("undefined is a value like any other", () => {
        const [tx, rx] = oneshot<void>();
        const receiving = waiting(rx);
        tx.send();
        assert.equal(woken(receiving), undefined);
        assert.equal(rx.isTerminated, true);
      });

      test("oneshot.channel is the same function, and the types and errors are at hand", () => {
        assert.equal(oneshot.channel, oneshot);
        const [tx, rx]: [oneshot.Sender<number>, oneshot.Receiver<number>] = oneshot.channel<number>();
        assert.ok(tx instanceof OneshotSender);
        assert.ok(rx instanceof OneshotReceiver);
        assert.equal(oneshot.SendError, SendError);
      });

      test(
        "works between tasks",
        toki(function* () {
          const [tx, rx] = oneshot<number>();
          spawn(function* () {
            yield* yieldNow();
            tx.send(42);
          });
          assert.equal(yield* rx, 42);
        }),
      );

      test("only the waker of the latest poll is called", () => {
        const [tx, rx] = oneshot<number>();
        const first = waiting(rx);
        const second = waiting(rx);
        tx.send(1);
        assert.equal(first.isWoken, false);
        assert.equal(woken(second), 1);
      });

      test("takes part in the cooperative budget", () => {
        const task = testTask(
          fn(function* () {
            for (let i = 0; i < 200; i++) {
              const [tx, rx] = oneshot<number>();
              tx.send(i);
              assert.equal(yield* rx, i);
            }
          })(),
        );
        assertPending(task.poll());
        assert.equal(task.isWoken, true);
        assertReady(task.poll());
      });
    });

    describe("OneshotSender.send", () => {
      test("throws with the value when the receiver was disposed", () => {
        const [tx, rx] = oneshot<string>();
        rx[Symbol.dispose]();
        const error = assertErr(() => tx.send("lost")) as SendError<string>;
        assert.ok(error instanceof SendError);
        assert.equal(error.code, "TOKI_CHANNEL_CLOSED");
        assert.equal(error.value, "lost");
      });

      test("throws with the value when the receiver was closed", () => {
        const [tx, rx] = oneshot<string>();
        rx.close();
        assert.equal((assertErr(() => tx.send("lost")) as SendError<string>).value, "lost");
      });

      test("a second send throws, and the first value stays", () => {
        const [tx, rx] = oneshot<number>();
        tx.send(1);
        assert.ok(assertErr(() => tx.send(2)) instanceof DisposedError);
        assert.equal(now(rx), 1);
      });

      test("throws after disposal", () => {
        const [tx] = oneshot<number>();
        tx[Symbol.dispose]();
        assert.ok(assertErr(() => tx.send(2)) instanceof DisposedError);
      });
    });

    describe("OneshotSender disposal", () => {
      test("wakes the receiver, which gets a RecvError", () => {
        const [tx, rx] = oneshot<number>();
        const receiving = waiting(rx);
        tx[Symbol.dispose]();
        assert.equal(receiving.isWoken, true);
        const error = assertReadyErr(() => receiving.poll()) as Error;
        assert.ok(error instanceof oneshot.RecvError);
        assert.equal(error.code, "TOKI_CHANNEL_CLOSED");
        assert.equal(error.message, "channel closed");
      });

      test("after a send does nothing", () => {
        const [tx, rx] = oneshot<number>();
        {
          using sender = tx;
          sender.send(1);
        }
        tx[Symbol.dispose]();
        assert.equal(now(rx), 1);
      });

      test("twice, or after the receiver, does nothing", () => {
        const [tx, rx] = oneshot<number>();
        rx[Symbol.dispose]();
        tx[Symbol.dispose]();
        tx[Symbol.dispose]();
        assert.equal(rx.isTerminated, true);
      });
    });

    describe("OneshotSender.closed", () => {
      test("isClosed is false while the receiver lives, polled or not", () => {
        const [tx, rx] = oneshot<number>();
        assert.equal(tx.isClosed, false);
        waiting(rx);
        assert.equal(tx.isClosed, false);
        rx.close();
        assert.equal(tx.isClosed, true);
      });

      for (const [name, end] of [
        ["close", (rx: OneshotReceiver<number>) => rx.close()],
        ["disposal", (rx: OneshotReceiver<number>) => rx[Symbol.dispose]()],
      ] as const) {
        test(`is woken by the receiver's ${name}, and ready for late callers`, () => {
          const [tx, rx] = oneshot<number>();
          const closed = waiting(tx.closed());
          const other = waiting(tx.closed());
          end(rx);
          woken(closed);
          woken(other);
          now(tx.closed());
          assert.equal(tx.isClosed, true);
        });
      }

      test("after the send, is ready once the value was taken", () => {
        const [tx, rx] = oneshot<number>();
        const closed = waiting(tx.closed());
        tx.send(1);
        stillWaiting(closed);
        assert.equal(now(rx), 1);
        woken(closed);
      });

      for (const { name, drop } of drops) {
        test(`${name} while waiting, leaves the channel alone`, () => {
          const [tx, rx] = oneshot<number>();
          const closed = waiting(tx.closed());
          const other = waiting(tx.closed());
          drop(closed);
          tx.send(1);
          assert.equal(rx.tryRecv(), 1);
          assert.equal(closed.isWoken, false);
          woken(other);
        });
      }

      test("of a sender that was disposed throws, as nothing can come any more", () => {
        const [tx] = oneshot<number>();
        tx[Symbol.dispose]();
        assert.throws(() => tx.closed(), DisposedError);
      });

      test("while waiting, is woken by the disposal of its sender", () => {
        const [tx] = oneshot<number>();
        const closed = waiting(tx.closed());
        const other = waiting(tx.closed());
        tx[Symbol.dispose]();
        woken(closed);
        woken(other);
        assert.equal(tx.isClosed, true);
      });

      test("polled after completion throws", () => {
        const [tx, rx] = oneshot<number>();
        rx.close();
        const closed = testTask(tx.closed());
        assertReady(closed.poll());
        assert.ok(assertReadyErr(() => closed.poll()) instanceof MisuseError);
      });

      test("pollClosed keeps the latest waker only", () => {
        const [tx, rx] = oneshot<number>();
        const first = testTask(pending());
        const second = testTask(pending());
        first.enter((cx) => assertPending(tx.pollClosed(cx)));
        second.enter((cx) => assertPending(tx.pollClosed(cx)));
        rx.close();
        assert.equal(first.isWoken, false);
        assert.equal(second.isWoken, true);
        second.enter((cx) => assertReady(tx.pollClosed(cx)));
      });
    });

    describe("OneshotReceiver.close", () => {
      test("a value sent before close is received by the await", () => {
        const [tx, rx] = oneshot<number>();
        tx.send(1);
        rx.close();
        assert.equal(now(rx), 1);
      });

      test("a value sent before close is received by tryRecv", () => {
        const [tx, rx] = oneshot<number>();
        tx.send(1);
        rx.close();
        assert.equal(rx.tryRecv(), 1);
      });

      test("without a value, the await throws RecvError", () => {
        const [, rx] = oneshot<number>();
        rx.close();
        rx.close();
        assert.ok(assertReadyErr(() => testTask(rx).poll()) instanceof oneshot.RecvError);
      });

      test("wakes a receiver that another task awaits", () => {
        const [, rx] = oneshot<number>();
        const receiving = waiting(rx);
        rx.close();
        assert.equal(receiving.isWoken, true);
        assert.ok(assertReadyErr(() => receiving.poll()) instanceof oneshot.RecvError);
      });
    });

    describe("OneshotReceiver.tryRecv", () => {
      test("empty before the send, then the value, then closed", () => {
        const [tx, rx] = oneshot<number>();
        const empty = assertErr(() => rx.tryRecv()) as oneshot.TryRecvError;
        assert.ok(empty instanceof oneshot.TryRecvError);
        assert.deepEqual([empty.kind, empty.code], ["empty", "TOKI_CHANNEL_EMPTY"]);
        assert.equal(rx.isTerminated, false);
        tx.send(1);
        assert.equal(rx.isEmpty, false);
        assert.equal(rx.tryRecv(), 1);
        const closed = assertErr(() => rx.tryRecv()) as oneshot.TryRecvError;
        assert.deepEqual([closed.kind, closed.code], ["closed", "TOKI_CHANNEL_CLOSED"]);
      });

      test("closed when the sender is gone", () => {
        const [tx, rx] = oneshot<number>();
        tx[Symbol.dispose]();
        assert.equal((assertErr(() => rx.tryRecv()) as oneshot.TryRecvError).kind, "closed");
        assert.equal(rx.isTerminated, true);
      });
    });

    describe("OneshotReceiver state", () => {
      test("isEmpty and isTerminated", () => {
        const [tx, rx] = oneshot<number>();
        assert.deepEqual([rx.isEmpty, rx.isTerminated], [true, false]);
        tx.send(1);
        assert.deepEqual([rx.isEmpty, rx.isTerminated], [false, false]);
        now(rx);
        assert.deepEqual([rx.isEmpty, rx.isTerminated], [true, true]);
      });

      test("polling again after the value or the error throws", () => {
        const [tx, rx] = oneshot<number>();
        tx.send(1);
        now(rx);
        assert.ok(assertReadyErr(() => testTask(rx).poll()) instanceof MisuseError);

        const [tx2, rx2] = oneshot<number>();
        tx2[Symbol.dispose]();
        assertReadyErr(() => testTask(rx2).poll());
        assert.equal(rx2.isTerminated, true);
        assert.ok(assertReadyErr(() => testTask(rx2).poll()) instanceof MisuseError);
      });

      test("disposal drops a value that was sent", () => {
        const [tx, rx] = oneshot<number>();
        tx.send(1);
        rx[Symbol.dispose]();
        assert.deepEqual([rx.isEmpty, rx.isTerminated], [true, true]);
      });
    });

    describe("cancel safety of awaiting a OneshotReceiver", () => {
      test("a cancelled wait neither loses the value nor closes the channel", () => {
        const [tx, rx] = oneshot<number>();
        const first = waiting(rx);
        assert.equal(first.cancel(), undefined);
        assert.equal(tx.isClosed, false);
        tx.send(1);
        assert.equal(first.isWoken, false);
        assert.equal(now(rx), 1);
      });

      test("a value sent before the cancellation is kept", () => {
        const [tx, rx] = oneshot<number>();
        const first = waiting(rx);
        tx.send(1);
        first.cancel();
        assert.equal(now(rx), 1);
      });

      test(
        "losing a select or a timeout keeps it",
        toki(
          function* () {
            const [tx, rx] = oneshot<string>();
            assert.equal((yield* select({ rx, tick: sleep(5) })).key, "tick");
            assert.equal((yield* select({ rx: pin(rx), tick: sleep(5) })).key, "tick");
            try {
              yield* timeout(5, rx);
              assert.fail("the timeout did not elapse");
            } catch (error) {
              assert.ok(error instanceof ElapsedError);
            }
            assert.equal(tx.isClosed, false);
            tx.send("kept");
            assert.equal(yield* rx, "kept");
          },
          { startPaused: true },
        ),
      );
    });
  });
}
