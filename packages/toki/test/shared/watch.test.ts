import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  fromPromise,
  JoinError,
  type JoinHandle,
  MisuseError,
  NotSendError,
  Runtime,
  spawn,
  spawnBlocking,
} from "toki";
import { mpsc, Semaphore, SetOnce, WatchSender, watch } from "toki/shared";
import { assertErr } from "toki/test";
import { now, waiting, woken } from "../sync/support.js";
import {
  bump,
  bumpBlocking,
  dieBlockedWatching,
  dieWatching,
  follow,
  followBlocking,
  followImpatiently,
  inspect,
  listen,
} from "./watch.functions.js";

const threads = { flavor: "multiThread", workerThreads: 2 } as const;
const options = { timeout: 60_000 };
const turn = () => fromPromise(() => new Promise<void>((resolve) => setImmediate(resolve)));

describe("watch between threads", () => {
  test("receivers on workers and here see newer values only, and the last one", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = watch(0);
    await rt.run(function* () {
      const up = new SetOnce<true>();
      const tasks = [1, 2, 3, 4].map(() => spawn(follow(rx, up)));
      const impatient = [1, 2].map(() => spawn(followImpatiently(rx, [0, 3, 1])));
      const here = spawn(follow(rx.clone(), up));
      yield* up.wait();
      for (let n = 1; n <= 500; n++) {
        tx.send(n);
        if (n % 50 === 0) yield* turn();
      }
      tx[Symbol.dispose]();
      for (const task of [...tasks, ...impatient, here]) assert.equal(yield* task, 500);
    });
    assert.equal(rx.borrow(), 500);
  });

  test("modifications of many threads are not lost", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = watch({ n: 0 });
    await rt.run(function* () {
      const jobs: (JoinHandle<void> | ReturnType<typeof spawnBlocking<void>>)[] = [];
      for (let i = 0; i < 3; i++) jobs.push(spawn(bump(tx, 200)));
      for (let i = 0; i < 2; i++) jobs.push(spawnBlocking(bumpBlocking(tx, 200)));
      yield* bump(tx.clone(), 200);
      for (const job of jobs) yield* job;
    });
    assert.deepEqual(rx.borrow(), { n: 1200 });
    assert.equal(tx.senderCount, 1);
  });

  test("a receiver that is sent has seen what the one here has", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = watch("one");
    await rt.run(function* () {
      assert.deepEqual(yield* spawn(inspect(rx)), { value: "one", hasChanged: false });
      tx.send("two");
      assert.deepEqual(yield* spawn(inspect(rx)), { value: "two", hasChanged: true });
      rx.markUnchanged();
      assert.deepEqual(yield* spawn(inspect(rx)), { value: "two", hasChanged: false });
      rx.markChanged();
      assert.deepEqual(yield* spawn(inspect(rx)), { value: "two", hasChanged: true });
    });
  });

  test("closed when the last receiver goes, wherever it is", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = watch(false);
    await rt.run(function* () {
      const tasks = [spawn(listen(rx)), spawn(listen(rx))];
      rx[Symbol.dispose]();
      assert.equal(tx.receiverCount, 2);
      tx.send(true);
      yield* tx.closed();
      assert.deepEqual([tx.receiverCount, tx.isClosed], [0, true]);
      for (const task of tasks) yield* task;
    });
  });

  for (const flavor of ["multiThread", "currentThread"] as const) {
    test(`to a blocking thread [${flavor}]`, options, async () => {
      await using rt = new Runtime({ flavor });
      const [tx, rx] = watch(0);
      const got = await rt.run(function* () {
        const job = spawnBlocking(followBlocking(rx));
        rx[Symbol.dispose]();
        for (let n = 1; n <= 20; n++) {
          tx.send(n);
          yield* turn();
        }
        tx[Symbol.dispose]();
        return yield* job;
      });
      assert.ok(got.first >= 1 && got.first <= 20, String(got.first));
      assert.equal(got.last, 20);
    });
  }

  test("what is sent to a task that never starts is given up", options, async () => {
    const rt = new Runtime(threads);
    const [tx, rx] = watch(false);
    await rt.run(function* () {
      const task = spawn(listen(rx));
      task.abort();
      try {
        yield* task;
      } catch {
        // cancelled, wherever it was
      }
    });
    await rt.shutdown();
    assert.equal(tx.receiverCount, 1);
  });

  test("in a message that nobody reads", () => {
    const [outerTx, outerRx] = mpsc.unboundedChannel<unknown>();
    const [tx, rx] = watch(0);
    outerTx.send({ tx, rx });
    assert.deepEqual([tx.senderCount, tx.receiverCount], [2, 2]);
    outerRx[Symbol.dispose]();
    assert.deepEqual([tx.senderCount, tx.receiverCount], [1, 1]);
  });

  test("the end is seen when a sender in a message is dropped", () => {
    const [outerTx, outerRx] = mpsc.unboundedChannel<unknown>();
    const [tx, rx] = watch(0);
    outerTx.send(tx);
    tx[Symbol.dispose]();
    assert.equal(rx.hasChanged(), false);
    outerRx[Symbol.dispose]();
    assert.throws(() => rx.hasChanged(), watch.RecvError);
  });
});

describe("values of a shared watch", () => {
  test("are copies", () => {
    const value = { list: [1] };
    const [tx, rx] = watch(value);
    value.list.push(2);
    rx.borrow().list.push(3);
    assert.deepEqual([rx.borrow(), tx.borrow()], [{ list: [1] }, { list: [1] }]);
  });

  test("what cannot be sent is refused, and nothing has changed", () => {
    assert.ok(assertErr(() => watch(() => {})) instanceof NotSendError);
    assert.ok(assertErr(() => new WatchSender(() => {})) instanceof NotSendError);
    const [tx, rx] = watch<unknown>(1);
    for (const call of [
      () => tx.send(() => {}),
      () => tx.sendReplace(Symbol("no")),
      () =>
        tx.sendModify((ref) => {
          ref.value = () => {};
        }),
    ]) {
      assert.ok(assertErr(call) instanceof NotSendError, String(call));
    }
    const failure = new RangeError("thrown, and nothing that can be sent left");
    const modify = () =>
      tx.sendModify((ref) => {
        ref.value = () => {};
        throw failure;
      });
    assert.equal(assertErr(modify), failure);
    assert.deepEqual([rx.borrow(), rx.hasChanged()], [1, false]);
    tx.send(2);
    assert.equal(rx.borrow(), 2);
  });

  test("may have handles in them", () => {
    const semaphore = new Semaphore(3);
    const [tx, rx] = watch<{ limit: Semaphore } | undefined>(undefined);
    tx.send({ limit: semaphore });
    semaphore[Symbol.dispose]();
    const [first, second] = [rx.borrow()?.limit, rx.borrow()?.limit];
    first?.tryAcquire();
    assert.equal(second?.availablePermits, 2);
    tx.send(undefined);
    assert.equal(rx.borrow(), undefined);
  });

  test("a sender that is disposed in its own modification", () => {
    const [tx, rx] = watch(1);
    tx.sendModify((ref) => {
      tx[Symbol.dispose]();
      ref.value = 2;
    });
    assert.equal(rx.borrow(), 2);
    now(rx.changed());
    assert.throws(() => rx.hasChanged(), watch.RecvError);
  });

  test("a modification that finds another value was sent meanwhile starts again", () => {
    const [tx, rx] = watch(1);
    const other = tx.clone();
    const found: number[] = [];
    // Another thread cannot be had in the middle of a function: what it would do to the memory is done here by a channel's own words.
    const { share } = other as unknown as { share: { object: number; thread: { memory: { words: Int32Array } } } };
    const WRITES = share.object + 4;
    tx.sendModify((ref) => {
      found.push(ref.value);
      if (found.length === 1) share.thread.memory.words[WRITES]!++;
      ref.value += 10;
    });
    assert.deepEqual([found, rx.borrow()], [[1, 1], 11]);
  });
});

describe("blocking in a task", () => {
  test("is refused", options, async () => {
    await using rt = new Runtime();
    const [, rx] = watch(0);
    await rt.run(function* () {
      for (const call of [() => rx.blockingChanged(), () => rx.blockingWaitFor(() => true)]) {
        const error = assertErr(call);
        assert.ok(error instanceof MisuseError && error.code === "TOKI_BLOCKING_IN_TASK", String(error));
      }
    });
  });

  test("outside of tasks it is fine", () => {
    const [tx, rx] = watch(0);
    tx.send(1);
    rx.blockingChanged();
    assert.equal(
      rx.blockingWaitFor((n) => n === 1),
      1,
    );
    tx[Symbol.dispose]();
    assert.throws(() => rx.blockingChanged(), watch.RecvError);
    assert.throws(() => rx.blockingWaitFor((n) => n === 2), watch.RecvError);
  });
});

describe("a thread that dies", () => {
  test("gives up its sender, its receiver, and its wait", options, async () => {
    await using rt = new Runtime({ flavor: "multiThread", workerThreads: 1 });
    const up = new SetOnce<true>();
    const [tx, rx] = watch("a");
    const [otherTx, otherRx] = watch("b");
    const [neverTx, neverRx] = watch("c");
    await rt.run(function* () {
      const task = spawn(dieWatching(tx, otherRx, neverRx, up));
      for (const half of [tx, otherRx, neverRx]) half[Symbol.dispose]();
      yield* up.wait();
      try {
        yield* rx.changed();
        assert.fail("nobody sent");
      } catch (error) {
        assert.ok(error instanceof watch.RecvError, String(error));
      }
      yield* otherTx.closed();
      yield* neverTx.closed();
      try {
        yield* task;
        assert.fail("it was to die");
      } catch (error) {
        assert.ok(error instanceof JoinError && error.isPanic(), String(error));
      }
    });
    assert.deepEqual([otherTx.receiverCount, neverTx.receiverCount], [0, 0]);
    // The channel works on.
    const again = neverTx.subscribe();
    const changed = waiting(again.changed());
    neverTx.send("d");
    woken(changed);
  });

  for (const which of ["watch", "SetOnce"]) {
    test(`terminated while it blocks: ${which}`, options, async () => {
      await using rt = new Runtime({ flavor: "multiThread", workerThreads: 1 });
      const up = new SetOnce<true>();
      const once = new SetOnce<number>();
      const [tx, rx] = watch(0);
      await rt.run(function* () {
        const job = spawnBlocking(dieBlockedWatching(rx, once, up, which));
        rx[Symbol.dispose]();
        yield* up.wait();
        yield* turn();
        job.abort({ terminate: true });
        yield* tx.closed();
        assert.equal(tx.receiverCount, 0);
        once.set(1);
        assert.equal(yield* once.wait(), 1);
      });
    });
  }
});
