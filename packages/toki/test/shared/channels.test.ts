import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Future, fn, JoinError, Runtime, spawn, spawnBlocking } from "toki";
import { mpsc, oneshot, SendError } from "toki/shared";
import {
  awaitBlocking,
  consume,
  consumeBlocking,
  makeChannel,
  type Numbered,
  produce,
  produceBlocking,
  produceUnbounded,
  reply,
  replyBlocking,
  reserveInVain,
  sendInVain,
  sendInVainBlocking,
  serve,
} from "./functions.js";

const threads = { flavor: "multiThread", workerThreads: 2 } as const;
const options = { timeout: 60_000 };

describe("mpsc between threads", () => {
  test("workers to this thread: each message once, in the order of its sender", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = mpsc.channel<Numbered>(4);
    const counts = await rt.run(function* () {
      for (let who = 0; who < 4; who++) spawn(produce(tx, who, 300));
      tx[Symbol.dispose]();
      return yield* consume(rx);
    });
    assert.deepEqual(counts, { 0: 300, 1: 300, 2: 300, 3: 300 });
  });

  test("this thread and workers to a worker, to which the receiver moves", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = mpsc.channel<Numbered>(3);
    const counts = await rt.run(function* () {
      const consumer = spawn(consume(rx));
      assert.throws(() => rx.tryRecv(), /sent away/);
      spawn(produce(tx, 1, 300));
      spawn(produce(tx, 2, 300));
      yield* produce(tx, 0, 300);
      return yield* consumer;
    });
    assert.deepEqual(counts, { 0: 300, 1: 300, 2: 300 });
  });

  test("unbounded", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = mpsc.unboundedChannel<Numbered>();
    const counts = await rt.run(function* () {
      for (let who = 0; who < 3; who++) spawn(produceUnbounded(tx, who, 1000));
      tx[Symbol.dispose]();
      return yield* consume(rx as unknown as mpsc.Receiver<Numbered>);
    });
    assert.deepEqual(counts, { 0: 1000, 1: 1000, 2: 1000 });
  });

  for (const flavor of ["multiThread", "currentThread"] as const) {
    test(`blocking threads to this thread [${flavor}]`, options, async () => {
      await using rt = new Runtime({ flavor });
      const [tx, rx] = mpsc.channel<Numbered>(2);
      const counts = await rt.run(function* () {
        const jobs = [0, 1].map((who) => spawnBlocking(produceBlocking(tx, who, 200)));
        tx[Symbol.dispose]();
        const counts = yield* consume(rx);
        for (const job of jobs) yield* job;
        return counts;
      });
      assert.deepEqual(counts, { 0: 200, 1: 200 });
    });

    test(`this thread to a blocking thread [${flavor}]`, options, async () => {
      await using rt = new Runtime({ flavor });
      const [tx, rx] = mpsc.channel<Numbered>(2);
      const counts = await rt.run(function* () {
        const job = spawnBlocking(consumeBlocking(rx));
        yield* produce(tx, 7, 200);
        return yield* job;
      });
      assert.deepEqual(counts, { 7: 200 });
    });
  }

  test("a worker to a blocking thread", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = mpsc.channel<Numbered>(2);
    const counts = await rt.run(function* () {
      const job = spawnBlocking(consumeBlocking(rx));
      spawn(produce(tx, 5, 200));
      tx[Symbol.dispose]();
      return yield* job;
    });
    assert.deepEqual(counts, { 5: 200 });
  });

  test("blockOn waits for a worker", options, async () => {
    const rt = new Runtime(threads);
    const [tx, rx] = mpsc.channel<Numbered>(2);
    const counts = rt.blockOn(function* () {
      spawn(produce(tx, 1, 50));
      tx[Symbol.dispose]();
      return yield* consume(rx);
    });
    assert.deepEqual(counts, { 1: 50 });
    await rt.shutdown();
  });

  test("errors of other threads are of their class, and bring the message back", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = mpsc.channel<Numbered>(1);
    tx.trySend([0, 0]);
    await rt.run(function* () {
      const causeOf = fn(function* causeOf(task: Future<unknown>) {
        try {
          yield* task;
        } catch (error) {
          if (error instanceof JoinError) return error.cause;
        }
        return assert.fail("it was to fail");
      });
      const full = yield* causeOf(spawn(sendInVain(tx, "trySend")));
      assert.ok(full instanceof mpsc.TrySendError);
      assert.deepEqual([full.kind, full.value], ["full", [1, 2]]);
      const late = yield* causeOf(spawnBlocking(sendInVainBlocking(tx)));
      assert.ok(late instanceof mpsc.SendTimeoutError);
      assert.deepEqual([late.kind, late.value], ["timeout", [1, 2]]);
      const lent = yield* causeOf(spawn(reserveInVain(tx)));
      assert.ok(lent instanceof mpsc.TrySendError);
      // Not one more sender that would have to be disposed.
      assert.deepEqual([lent.kind, lent.value, tx.strongCount], ["full", undefined, 1]);
      rx.close();
      const closed = yield* causeOf(spawn(sendInVain(tx, "send")));
      assert.ok(closed instanceof SendError);
      assert.deepEqual(closed.value, [1, 2]);
    });
  });

  test("what a blocking thread has made lives on when that ends", options, async () => {
    await using rt = new Runtime({ threadKeepAlive: 0 });
    const got = await rt.run(function* () {
      const { tx, rx } = yield* spawnBlocking(makeChannel());
      yield* tx.send(2);
      return yield* rx.recvMany(5);
    });
    assert.deepEqual(got, [1, 2]);
  });
});

describe("oneshot between threads", () => {
  test("from a worker, and from a blocking thread", options, async () => {
    await using rt = new Runtime(threads);
    const values = await rt.run(function* () {
      const [tx, rx] = oneshot<{ square: number }>();
      const [blockingTx, blockingRx] = oneshot<number>();
      spawn(reply(tx, 7));
      assert.throws(() => tx.send({ square: 1 }), /sent away/);
      spawnBlocking(replyBlocking(blockingTx, 5));
      return [yield* rx, yield* blockingRx];
    });
    assert.deepEqual(values, [{ square: 49 }, 25]);
  });

  test("to a blocking thread", options, async () => {
    await using rt = new Runtime(threads);
    const value = await rt.run(function* () {
      const [tx, rx] = oneshot<number>();
      const job = spawnBlocking(awaitBlocking(rx));
      tx.send(11);
      return yield* job;
    });
    assert.equal(value, 11);
  });

  test("a task that never starts closes what it was given", options, async () => {
    const rt = new Runtime(threads);
    const [tx, rx] = oneshot<{ square: number }>();
    await rt.run(function* () {
      const task = spawn(reply(tx, 7));
      task.abort();
      try {
        yield* task;
      } catch {
        // cancelled, unless the worker was first
      }
    });
    await rt.shutdown();
    const ended = await new Runtime().run(function* () {
      try {
        return (yield* rx).square;
      } catch (error) {
        return (error as Error).message;
      }
    });
    assert.ok(ended === 49 || ended === "channel closed", String(ended));
  });

  test("senders go through a channel, and bring the answers back", options, async () => {
    await using rt = new Runtime(threads);
    const answers = await rt.run(function* () {
      const [tx, rx] = mpsc.channel<{ n: number; back: oneshot.Sender<number> }>(8);
      const server = spawn(serve(rx));
      const answers: number[] = [];
      for (let n = 0; n < 50; n++) {
        const [back, answer] = oneshot<number>();
        yield* tx.send({ n, back });
        answers.push(yield* answer);
      }
      tx[Symbol.dispose]();
      return [answers.length, answers[49], yield* server];
    });
    assert.deepEqual(answers, [50, 98, 50]);
  });
});
