import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, InvalidArgumentError, MisuseError, pending, Runtime, spawn, yieldNow } from "toki";
import type { mpsc, SendError } from "toki/sync";
import { assertErr, assertPending, assertReady, assertReadyErr, testTask, test as toki } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { DisposedError, mpsc, SendError } = module;

  describe(implementation, () => {
    const trySendError = (call: () => unknown) => {
      const error = assertErr(call);
      assert.ok(error instanceof mpsc.TrySendError);
      return error as mpsc.TrySendError<unknown>;
    };

    describe("mpsc.channel", () => {
      test("capacity has to be a whole number, 1 or more", () => {
        for (const bad of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "4", undefined]) {
          const error = assertErr(() => mpsc.channel(bad as number));
          assert.ok(error instanceof InvalidArgumentError);
          assert.match(error.message, /mpsc\.channel: capacity must be an integer/);
        }
      });

      test("messages come in the order they were sent", () => {
        const [tx, rx] = mpsc.channel<number>(100);
        for (let i = 0; i < 100; i++) now(tx.send(i));
        for (let i = 0; i < 100; i++) assert.equal(now(rx.recv()), i);
      });

      test("a large burst goes through a small ring and back", () => {
        const [tx, rx] = mpsc.channel<number>(20_000);
        for (let round = 0; round < 3; round++) {
          for (let i = 0; i < 20_000; i++) tx.trySend(i);
          for (let i = 0; i < 20_000; i++) assert.equal(rx.tryRecv(), i);
        }
      });

      test("a producer of 101 waits on a channel of 100 that nobody reads", () => {
        const [tx, rx] = mpsc.channel<number>(100);
        let sent = 0;
        const producer = waiting(
          fn(function* () {
            for (; sent < 101; sent++) yield* tx.send(sent);
          })(),
        );
        assert.equal(sent, 100);
        assert.equal(rx.length, 100);
        assert.equal(now(rx.recv()), 0);
        woken(producer);
        assert.equal(sent, 101);
      });

      test(
        "five messages and the end, between tasks",
        toki(function* () {
          const [tx, rx] = mpsc.channel<string>(32);
          spawn(function* () {
            using sender = tx;
            for (let i = 0; i < 5; i++) yield* sender.send(`message ${i}`);
          });
          const got: string[] = [];
          for (let m = yield* rx.recv(); m !== undefined; m = yield* rx.recv()) got.push(m);
          assert.deepEqual(got, ["message 0", "message 1", "message 2", "message 3", "message 4"]);
        }),
      );

      test(
        "several producers, each in its own order",
        toki(function* () {
          const [tx, rx] = mpsc.channel<[number, number]>(3);
          const produce = fn(function* (sender: mpsc.Sender<[number, number]>, who: number) {
            using mine = sender;
            for (let i = 0; i < 50; i++) yield* mine.send([who, i]);
          });
          for (let who = 0; who < 4; who++) spawn(produce(tx.clone(), who));
          tx[Symbol.dispose]();
          const next = [0, 0, 0, 0];
          for (let m = yield* rx.recv(); m !== undefined; m = yield* rx.recv()) {
            const [who, i] = m;
            assert.equal(i, next[who]);
            next[who] = i + 1;
          }
          assert.deepEqual(next, [50, 50, 50, 50]);
        }),
      );
    });

    describe("Sender.send", () => {
      test("does nothing until it is polled", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        const send = tx.send(1);
        assert.equal(rx.length, 0);
        now(send);
        assert.equal(rx.length, 1);
      });

      test("waits first come, first served", () => {
        const [tx, rx] = mpsc.channel<string>(1);
        now(tx.send("a"));
        const b = waiting(tx.send("b"));
        const c = waiting(tx.send("c"));
        assert.equal(now(rx.recv()), "a");
        stillWaiting(c);
        woken(b);
        assert.equal(now(rx.recv()), "b");
        woken(c);
        assert.equal(now(rx.recv()), "c");
      });

      test("wakes the receiver", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        const receiving = waiting(rx.recv());
        now(tx.send(1));
        assert.equal(woken(receiving), 1);
      });

      test("fails with the value once the receiver is closed", () => {
        const [tx, rx] = mpsc.channel<string>(1);
        rx.close();
        const error = assertReadyErr(() => testTask(tx.send("lost")).poll());
        assert.ok(error instanceof SendError);
        assert.equal(error, error as mpsc.SendError<string>);
        assert.deepEqual([error.value, error.code, error.message], ["lost", "TOKI_CHANNEL_CLOSED", "channel closed"]);
      });

      test("an error does not print its value", () => {
        const error = new SendError("secret");
        assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)} ${Object.keys(error)}`, /secret/);
      });

      for (const how of ["close", "dispose"] as const) {
        test(`waiting senders fail with their values on ${how}`, () => {
          const [tx, rx] = mpsc.channel<string>(1);
          now(tx.send("a"));
          const waiters = ["b", "c"].map((value) => ({ value, task: waiting(tx.send(value)) }));
          if (how === "close") rx.close();
          else rx[Symbol.dispose]();
          for (const { value, task } of waiters) {
            assert.equal(task.isWoken, true);
            assert.equal((assertReadyErr(() => task.poll()) as SendError<string>).value, value);
          }
          if (how === "close") assert.equal(now(rx.recv()), "a");
        });
      }

      test("one that was handed a slot and finds the channel closed fails, and the slot comes back", () => {
        const [tx, rx] = mpsc.channel<string>(1);
        now(tx.send("a"));
        const b = waiting(tx.send("b"));
        assert.equal(now(rx.recv()), "a");
        rx.close();
        const receiving = waiting(rx.recv()); // b's slot is out
        assert.ok(assertReadyErr(() => b.poll()) instanceof SendError);
        assert.equal(woken(receiving), undefined);
      });

      for (const { name, drop } of drops) {
        test(`${name} while waiting, loses its message and its place, and nothing else`, () => {
          const [tx, rx] = mpsc.channel<string>(1);
          now(tx.send("a"));
          const b = waiting(tx.send("b"));
          const c = waiting(tx.send("c"));
          drop(b);
          assert.equal(now(rx.recv()), "a");
          assert.equal(b.isWoken, false);
          woken(c);
          assert.equal(now(rx.recv()), "c");
          assert.equal(tx.capacity, 1);
        });

        test(`${name} with a slot handed to it, passes the slot on`, () => {
          const [tx, rx] = mpsc.channel<string>(1);
          now(tx.send("a"));
          const b = waiting(tx.send("b"));
          const c = waiting(tx.send("c"));
          assert.equal(now(rx.recv()), "a");
          assert.equal(b.isWoken, true);
          drop(b);
          woken(c);
          assert.equal(now(rx.recv()), "c");
        });

        test(`${name} with a slot handed to it and nobody behind, frees the slot`, () => {
          const [tx, rx] = mpsc.channel<string>(1);
          now(tx.send("a"));
          const b = waiting(tx.send("b"));
          now(rx.recv());
          assert.equal(tx.capacity, 0);
          drop(b);
          assert.equal(tx.capacity, 1);
        });
      }

      test("refuses undefined, which recv could not tell from the end", () => {
        const [tx] = mpsc.channel<unknown>(1);
        for (const call of [
          () => tx.send(undefined),
          () => tx.trySend(undefined),
          () => tx.sendTimeout(undefined, 1),
          () => tx.tryReserve().send(undefined),
        ]) {
          const error = assertErr(call);
          assert.ok(error instanceof InvalidArgumentError);
          assert.match(error.message, /value must be anything but undefined/);
        }
      });

      test("null, false, 0 and the empty string are messages", () => {
        const [tx, rx] = mpsc.channel<unknown>(8);
        for (const value of [null, false, 0, "", Number.NaN]) tx.trySend(value);
        for (const value of [null, false, 0, "", Number.NaN]) assert.equal(now(rx.recv()), value);
      });

      test("polled after completion throws", () => {
        const [tx] = mpsc.channel<number>(1);
        const send = testTask(tx.send(1));
        assertReady(send.poll());
        assert.ok(assertReadyErr(() => send.poll()) instanceof MisuseError);
      });

      test("throws on a disposed sender, also when it was created before", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        const early = testTask(tx.send(1));
        tx[Symbol.dispose]();
        assert.ok(assertErr(() => tx.send(2)) instanceof DisposedError);
        assert.ok(assertReadyErr(() => early.poll()) instanceof DisposedError);
        assert.equal(now(rx.recv()), undefined);
      });

      test("takes part in the cooperative budget", () => {
        const [tx] = mpsc.channel<number>(1000);
        let sent = 0;
        const task = testTask(
          fn(function* () {
            for (; sent < 300; sent++) yield* tx.send(sent);
          })(),
        );
        assertPending(task.poll());
        assert.equal(sent, 128);
        assert.equal(task.isWoken, true);
        assertPending(task.poll());
        assertReady(task.poll());
      });

      test("a send that waits takes no budget", () => {
        const [tx] = mpsc.channel<number>(1);
        now(tx.send(1));
        const task = testTask(pending());
        task.enter((cx) => {
          for (let i = 0; i < 200; i++) assertPending(tx.send(2).poll(cx));
        });
        assert.equal(task.isWoken, false);
      });
    });

    describe("Sender.trySend", () => {
      test("full, then room, then closed", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        tx.trySend(1);
        const full = trySendError(() => tx.trySend(2));
        assert.deepEqual([full.kind, full.code, full.value], ["full", "TOKI_CHANNEL_FULL", 2]);
        assert.equal(full.message, "no available capacity");
        assert.equal(rx.tryRecv(), 1);
        tx.trySend(3);
        rx.close();
        const closed = trySendError(() => tx.trySend(4));
        assert.deepEqual([closed.kind, closed.code, closed.value], ["closed", "TOKI_CHANNEL_CLOSED", 4]);
        assert.equal(rx.tryRecv(), 3);
      });

      test("does not take a slot that was freed for somebody who waits", () => {
        const [tx, rx] = mpsc.channel<string>(1);
        tx.trySend("a");
        const b = waiting(tx.send("b"));
        assert.equal(rx.tryRecv(), "a");
        assert.equal(trySendError(() => tx.trySend("thief")).kind, "full");
        woken(b);
        assert.equal(rx.tryRecv(), "b");
      });

      test("wakes the receiver", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        const receiving = waiting(rx.recv());
        tx.trySend(1);
        assert.equal(woken(receiving), 1);
      });
    });

    describe("Sender.sendTimeout", () => {
      test(
        "sends when there is room in time",
        toki(
          function* () {
            const [tx, rx] = mpsc.channel<number>(1);
            yield* tx.sendTimeout(1, 10);
            const second = spawn(tx.sendTimeout(2, 10));
            yield* yieldNow();
            assert.equal(yield* rx.recv(), 1);
            yield* second;
            assert.equal(yield* rx.recv(), 2);
          },
          { startPaused: true },
        ),
      );

      test(
        "gives the value back after the time, and its place",
        toki(
          function* () {
            const [tx, rx] = mpsc.channel<number>(1);
            yield* tx.send(1);
            try {
              yield* tx.sendTimeout(2, { milliseconds: 10 });
              assert.fail("sent");
            } catch (error) {
              assert.ok(error instanceof mpsc.SendTimeoutError);
              assert.deepEqual([error.kind, error.code, error.value], ["timeout", "TOKI_SEND_TIMEOUT", 2]);
            }
            assert.equal(yield* rx.recv(), 1);
            assert.equal(tx.capacity, 1);
          },
          { startPaused: true },
        ),
      );

      test(
        "closed before and while waiting",
        toki(
          function* () {
            const [tx, rx] = mpsc.channel<number>(1);
            yield* tx.send(1);
            const waits = spawn(tx.sendTimeout(2, 1000));
            yield* yieldNow();
            rx.close();
            for (const attempt of [waits, tx.sendTimeout(3, 1000)]) {
              try {
                yield* attempt;
                assert.fail("sent");
              } catch (error) {
                const { cause = error } = error as Error;
                assert.ok(cause instanceof mpsc.SendTimeoutError);
                assert.equal(cause.kind, "closed");
              }
            }
          },
          { startPaused: true },
        ),
      );

      for (const { name, drop } of drops) {
        test(`${name} while waiting, leaves the queue and the wheel`, () => {
          const runtime = new Runtime({ startPaused: true });
          using _guard = runtime.enter();
          const [tx, rx] = mpsc.channel<number>(1);
          tx.trySend(1);
          const send = testTask(tx.sendTimeout(2, 1000), { runtime });
          assertPending(send.poll());
          drop(send);
          assert.equal(rx.tryRecv(), 1);
          tx.trySend(3);
          assert.equal(rx.tryRecv(), 3);
        });
      }

      test("needs a runtime, and a duration", () => {
        const [tx] = mpsc.channel<number>(1);
        assert.equal((assertErr(() => tx.sendTimeout(1, 10)) as { code?: string }).code, "TOKI_NO_RUNTIME");
        using _guard = new Runtime().enter();
        assert.ok(assertErr(() => tx.sendTimeout(1, "soon" as never)) instanceof InvalidArgumentError);
      });
    });
  });
}
