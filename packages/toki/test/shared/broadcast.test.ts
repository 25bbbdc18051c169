import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { fromPromise, JoinError, type JoinHandle, Runtime, spawn, spawnBlocking, spawnLocal } from "toki";
import {
  type BroadcastReceiver,
  BroadcastRecvError,
  BroadcastSender,
  broadcast,
  DisposedError,
  LaggedError,
  mpsc,
  Notify,
} from "toki/shared";
import { assertPending, assertReady, testTask } from "toki/test";
import * as chan from "../../dist/shared/broadcast/chan.js";
import * as counts from "../../dist/shared/sender-counts.js";
import fc from "../support/property.js";
import {
  answerAll,
  blockInTask,
  dieBlocked,
  dieListening,
  drain,
  type Heard,
  halfRead,
  listen,
  listenBlocking,
  listenBriefly,
  listenImpatiently,
  type Numbered,
  recvOnce,
  sendWeakly,
  shout,
  shoutBlocking,
  sumOf,
  waitClosed,
} from "./broadcast-functions.js";

const { TAIL } = chan as unknown as { TAIL: number };
const { RECEIVING } = counts as unknown as { RECEIVING: number };
const threads = { flavor: "multiThread", workerThreads: 2 } as const;
const options = { timeout: 60_000 };
const isClosed = (error: unknown) => error instanceof BroadcastRecvError && error.kind === "closed";

/** Nothing was lost but what was missed. */
function assertAll(heard: Heard, senders: number, each: number): void {
  assert.equal(heard.received + heard.skipped, senders * each);
  // The end comes after the last values, which nothing overwrites.
  assert.ok(heard.received > 0);
}

describe("broadcast between threads", () => {
  for (const capacity of [1, 4, 1024]) {
    test(`workers to workers, to this thread and to a blocking one; capacity ${capacity}`, options, async () => {
      await using rt = new Runtime(threads);
      const [tx, rx] = broadcast<Numbered>(capacity);
      const all = await rt.run(function* () {
        const listeners = [1, 2].map(() => spawn(listen(tx.subscribe())));
        const job = spawnBlocking(listenBlocking(tx.subscribe()));
        const here = spawnLocal(listen(rx));
        for (let who = 0; who < 3; who++) spawn(shout(tx, who, 300));
        tx[Symbol.dispose]();
        const all = [yield* here, yield* job];
        for (const listener of listeners) all.push(yield* listener);
        return all;
      });
      for (const heard of all) assertAll(heard, 3, 300);
      if (capacity === 1024)
        assert.deepEqual(
          all.map(({ received }) => received),
          [900, 900, 900, 900],
        );
    });
  }

  test("blocking threads to this thread", options, async () => {
    await using rt = new Runtime();
    const [tx, rx] = broadcast<Numbered>(1024);
    const heard = await rt.run(function* () {
      for (const who of [0, 1]) spawnBlocking(shoutBlocking(tx, who, 200));
      tx[Symbol.dispose]();
      return yield* listen(rx);
    });
    assert.deepEqual(heard, { received: 400, skipped: 0, last: { 0: 199, 1: 199 } });
  });

  test("a receiver moves, with what it has not read; back again too", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = broadcast<number>(8);
    const stays = tx.subscribe();
    for (let n = 1; n <= 4; n++) tx.send(n);
    assert.equal(rx.tryRecv(), 1);
    await rt.run(function* () {
      const task = spawn(halfRead(rx));
      assert.throws(() => rx.tryRecv(), /sent away/);
      assert.throws(() => rx.recv(), DisposedError);
      assert.equal(tx.receiverCount, 2);
      const back = yield* task;
      assert.equal(back.length, 2);
      assert.deepEqual(yield* spawn(drain(back)), [3, 4]);
      // The worker has disposed it.
      assert.equal(tx.receiverCount, 1);
    });
    assert.deepEqual([stays.length, tx.length], [4, 4]);
  });

  test("several receivers of one channel in one message", () => {
    const [tx, a] = broadcast<number>(8);
    tx.send(1);
    const b = tx.subscribe();
    tx.send(2);
    const [outer, inner] = mpsc.channel<BroadcastReceiver<number>[]>(1);
    outer.trySend([a, b]);
    assert.throws(() => a.tryRecv(), /sent away/);
    assert.throws(() => b.tryRecv(), /sent away/);
    const [ra, rb] = inner.tryRecv();
    assert.deepEqual([ra?.tryRecv(), ra?.tryRecv(), rb?.tryRecv()], [1, 2, 2]);
    assert.equal(tx.receiverCount, 2);
  });

  test("a receiver in a message that is not sent comes back; in one that nobody reads it is disposed", () => {
    const [tx, rx] = broadcast<number>(4);
    const [outer, inner] = mpsc.channel<unknown>(1);
    tx.send(1);
    assert.throws(() => outer.trySend({ rx, f() {} }), /code cannot be sent/);
    assert.equal(rx.tryRecv(), 1);
    outer.trySend({ rx });
    assert.equal(tx.receiverCount, 1);
    inner[Symbol.dispose]();
    assert.equal(tx.receiverCount, 0);
  });

  test("a receiver that waits cannot be sent", () => {
    const [, rx] = broadcast<number>(4);
    const [outer] = mpsc.channel<unknown>(1);
    const recv = testTask(rx.recv());
    assertPending(recv.poll());
    assert.throws(() => outer.trySend(rx), /while a recv of it waits here/);
    recv[Symbol.dispose]();
    outer.trySend(rx);
  });

  test(
    "each receiver gets its own handle of what comes with a value; what there is one of is refused",
    options,
    async () => {
      await using rt = new Runtime(threads);
      const [tx, rx] = broadcast<unknown>(4);
      const sum = await rt.run(function* () {
        const listeners = [rx, tx.subscribe(), tx.subscribe()].map((each) => spawn(answerAll(each as never)));
        const [back, answers] = mpsc.channel<number>(3);
        tx.send({ n: 7, back });
        back[Symbol.dispose]();
        let sum = 0;
        for (let n = yield* answers.recv(); n !== undefined; n = yield* answers.recv()) sum += n;
        for (const each of listeners) yield* each;
        return sum;
      });
      assert.equal(sum, 42);
      using other = tx.subscribe();
      assert.throws(() => tx.send({ other }), /one place only/);
      assert.equal(other.isEmpty, true);
    },
  );

  test("a value of several blocks, decoded by several threads at once", options, async () => {
    await using rt = new Runtime(threads);
    const bytes = new Uint8Array(3_000_000).fill(1);
    const sums = await rt.run(function* () {
      using tx = new BroadcastSender<Uint8Array>(1);
      using up = new Notify();
      const tasks = [1, 2].map(() => spawn(sumOf(tx.subscribe(), up)));
      const here = spawnLocal(sumOf(tx.subscribe(), up));
      for (let i = 0; i < 3; i++) yield* up.notified();
      tx.send(bytes);
      const sums = [yield* here];
      for (const task of tasks) sums.push(yield* task);
      return sums;
    });
    assert.deepEqual(sums, [3_000_000, 3_000_000, 3_000_000]);
  });

  test("the errors of a worker are those of here", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = broadcast<number>(1);
    for (let n = 0; n < 4; n++) tx.send(n);
    const errors = await rt.run(function* () {
      const errors: unknown[] = [];
      const ended = rx.resubscribe();
      tx[Symbol.dispose]();
      for (const each of [rx, ended]) {
        try {
          yield* spawn(recvOnce(each));
        } catch (error) {
          if (error instanceof JoinError) errors.push(error.cause);
        }
      }
      return errors;
    });
    assert.ok(errors[0] instanceof LaggedError && errors[0].skipped === 3, String(errors[0]));
    assert.ok(isClosed(errors[1]), String(errors[1]));
  });

  test("weak senders", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = broadcast<string>(4);
    const weak = tx.downgrade();
    await rt.run(function* () {
      assert.equal(yield* spawn(sendWeakly(weak)), 1);
      assert.equal(rx.tryRecv(), "from a weak one");
      tx[Symbol.dispose]();
      assert.equal(yield* spawn(sendWeakly(weak)), undefined);
    });
    assert.equal(rx.isClosed, true);
    assert.equal(weak.weakCount, 1);
  });

  test("closed() hears of receivers on another thread", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = broadcast<number>(4);
    using up = new Notify();
    const left = await rt.run(function* () {
      const waits = spawn(waitClosed(tx, up));
      yield* up.notified();
      rx[Symbol.dispose]();
      return yield* waits;
    });
    assert.equal(left, 0);
  });

  test("blockingRecv throws where tasks run", options, async () => {
    await using rt = new Runtime(threads);
    const [, rx] = broadcast<number>(4);
    const message = await rt.run(function* () {
      return yield* spawn(blockInTask(rx));
    });
    assert.match(String(message), /BroadcastReceiver.blockingRecv: Cannot block the current thread/);
  });

  test("blockingRecv is refused while a task waits", () => {
    const [, rx] = broadcast<number>(4);
    assertPending(testTask(rx.recv()).poll());
    assert.throws(() => rx.blockingRecv(), broadcast.ConcurrentRecvError);
  });

  test("the most slots", () => {
    using tx = new BroadcastSender<number>(2 ** 17);
    using rx = tx.subscribe();
    for (let n = 0; n <= 2 ** 17; n++) tx.send(n);
    assert.equal(tx.length, 2 ** 17);
    assert.throws(() => rx.tryRecv(), /lagged by 1$/);
    assert.equal(rx.tryRecv(), 1);
    assert.throws(() => new BroadcastSender(2 ** 17 + 1), /an integer from 1 to 131072/);
  });

  test("positions beyond what one word holds", () => {
    const tx = new BroadcastSender<number>(4);
    const { thread, object } = (tx as unknown as { share: { thread: { memory: Memory }; object: number } }).share;
    interface Memory {
      write(at: number, value: number): void;
    }
    thread.memory.write(object + TAIL, 2 ** 30 - 2);
    thread.memory.write(object + TAIL + 1, 3);
    const [slow, rx] = [tx.subscribe(), tx.subscribe()];
    for (let n = 0; n < 10; n++) {
      tx.send(n);
      assert.equal(rx.tryRecv(), n);
    }
    assert.equal(slow.length, 10);
    assert.throws(() => slow.tryRecv(), /lagged by 6$/);
    assert.deepEqual([slow.tryRecv(), slow.tryRecv()], [6, 7]);
    assert.equal(tx.length, 2);
    slow[Symbol.dispose]();
    assert.equal(tx.length, 0);
  });
});

describe("broadcast and threads that end", () => {
  test("a worker that dies gives up its senders, its receivers and what they had not read", options, async () => {
    await using rt = new Runtime({ flavor: "multiThread", workerThreads: 1 });
    const [tx, rx] = broadcast<number>(4);
    const [otherTx, otherRx] = broadcast<number>(4);
    await rt.run(function* () {
      otherTx.send(1);
      const task = spawn(dieListening(tx, otherRx));
      tx[Symbol.dispose]();
      assert.equal(yield* rx.recv(), 1);
      yield* otherTx.closed();
      try {
        yield* rx.recv();
        assert.fail("it was to end");
      } catch (error) {
        assert.ok(isClosed(error), String(error));
      }
      try {
        yield* task;
        assert.fail("it was to die");
      } catch (error) {
        assert.ok(error instanceof JoinError && error.isPanic(), String(error));
      }
    });
    assert.deepEqual([otherTx.receiverCount, otherTx.length], [0, 0]);
    // What fell off goes with the next operation.
    using late = otherTx.subscribe();
    otherTx.send(2);
    assert.equal(late.tryRecv(), 2);
  });

  test("a blocking thread that is terminated in blockingRecv", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = broadcast<number>(4);
    await rt.run(function* () {
      const job = spawnBlocking(dieBlocked(rx.resubscribe()));
      rx[Symbol.dispose]();
      while (!job.isFinished() && !isBlocked(tx)) {
        yield* fromPromise(() => new Promise<void>((resolve) => setImmediate(resolve)));
      }
      job.abort({ terminate: true });
      yield* tx.closed();
    });
    assert.equal(tx.receiverCount, 0);
  });
});

/** Whether somebody waits to receive. */
function isBlocked(tx: BroadcastSender<number>): boolean {
  const { share } = tx as unknown as { share: { peek(word: number): number } };
  return share.peek(RECEIVING) !== 0;
}

describe("broadcast, stress", () => {
  const rt = new Runtime(threads);
  after(() => rt.shutdown());
  const patience = fc.array(fc.nat(6), { minLength: 1, maxLength: 5 }).map((turns) => [...turns, 7]);

  test(
    "every receiver hears of every value, or how many it missed, under random cancellation",
    { timeout: 120_000 },
    () =>
      fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 8 }),
          fc.array(fc.record({ patience, isHere: fc.boolean(), isBrief: fc.boolean() }), {
            minLength: 1,
            maxLength: 5,
          }),
          fc.integer({ min: 1, max: 3 }),
          async (capacity, listeners, senders) => {
            const tx = new BroadcastSender<Numbered>(capacity);
            // One that is here to the end, so that no send is without a receiver.
            const steady = tx.subscribe();
            const watchdog = setTimeout(() => console.error(String(rt.handle.dump())), 30_000);
            try {
              await rt.run(function* () {
                const tasks: JoinHandle<Heard>[] = [];
                const brief: JoinHandle<void>[] = [];
                for (const { patience, isHere, isBrief } of listeners) {
                  if (isBrief) brief.push(spawn(listenBriefly(tx.subscribe(), 10)));
                  else {
                    const work = listenImpatiently(tx.subscribe(), patience);
                    tasks.push(isHere ? spawnLocal(work) : spawn(work));
                  }
                }
                const shouts = Array.from({ length: senders }, (_, who) => spawn(shout(tx, who, 60)));
                tx[Symbol.dispose]();
                for (const each of shouts) yield* each;
                for (const each of brief) yield* each;
                for (const each of tasks) assertAll(yield* each, senders, 60);
                assertAll(yield* listen(steady), senders, 60);
              });
            } finally {
              clearTimeout(watchdog);
            }
          },
        ),
        { numRuns: 25 },
      ),
  );
});

describe("broadcast, one thread", () => {
  test("a wait of a receiver that another handle's disposal cannot reach", () => {
    const [tx, rx] = broadcast<number>(2);
    const other = rx.resubscribe();
    const recv = testTask(rx.recv());
    assertPending(recv.poll());
    other[Symbol.dispose]();
    assertPending(recv.poll());
    tx.send(1);
    assert.equal(assertReady(recv.poll()), 1);
  });
});
