import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromPromise, MisuseError, Runtime, spawn, spawnBlocking } from "toki";
import {
  AcquireError,
  AtomicCell,
  Barrier,
  CancellationToken,
  DisposedError,
  Mutex,
  mpsc,
  Notify,
  oneshot,
  RwLock,
  Semaphore,
} from "toki/shared";
import { assertErr } from "toki/test";
import {
  blockInTask,
  cancelToken,
  countUp,
  increment,
  incrementBlocking,
  spinUntilCancelled,
  takeBlocking,
  takePermits,
  waitForToken,
} from "./functions.js";

const threads = { flavor: "multiThread", workerThreads: 2 } as const;
const options = { timeout: 60_000 };

describe("CancellationToken between threads", () => {
  test("stops a computation on a worker, and wakes a wait on another", options, async () => {
    await using rt = new Runtime(threads);
    const token = new CancellationToken();
    const got = await rt.run(function* () {
      const up = new Notify();
      const child = token.childToken();
      const spins = spawn(spinUntilCancelled(child, up));
      const waits = spawn(waitForToken(child, up));
      yield* up.notified();
      yield* up.notified();
      token.cancel();
      return [yield* spins, yield* waits];
    });
    assert.deepEqual(got, ["cancelled", true]);
  });

  test("a wait for a child that only this thread has ends when a worker cancels the parent", options, async () => {
    const rt = new Runtime({ flavor: "multiThread", workerThreads: 1 });
    const token = new CancellationToken();
    const child = token.childToken();
    await rt.run(function* () {
      spawn(cancelToken(token));
      yield* child.cancelled();
    });
    assert.equal(child.isCancelled, true);
    await rt.shutdown();
  });

  test("its signal aborts on this thread when a worker cancels", options, async () => {
    await using rt = new Runtime(threads);
    const token = new CancellationToken();
    const { signal } = token;
    await rt.run(function* () {
      spawn(cancelToken(token));
      yield* fromPromise(() => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())));
    });
    assert.equal(signal.aborted, true);
  });
});

describe("AtomicCell between threads", () => {
  test("no addition is lost", options, async () => {
    await using rt = new Runtime(threads);
    const total = new AtomicCell(0);
    await rt.run(function* () {
      const tasks = [1, 2, 3].map(() => spawn(countUp(total, 2000)));
      yield* countUp(total, 2000);
      for (const task of tasks) yield* task;
    });
    assert.equal(total.load(), 8000);
  });
});

describe("blocking methods", () => {
  test("share locks with tasks", options, async () => {
    await using rt = new Runtime(threads);
    const total = new Mutex({ n: 0 });
    const semaphore = new Semaphore(2);
    await rt.run(function* () {
      const jobs = [1, 2].map(() => spawnBlocking(incrementBlocking(total, 200)));
      const takes = [1, 2].map((n) => spawnBlocking(takeBlocking(semaphore, 200, n)));
      const tasks = [spawn(increment(total, 200)), spawn(takePermits(semaphore, 200, 2))];
      yield* increment(total, 200);
      for (const handle of [...jobs, ...takes, ...tasks]) yield* handle as (typeof tasks)[0];
    });
    assert.deepEqual(total.intoInner(), { n: 800 });
    assert.equal(semaphore.availablePermits, 2);
  });

  test("are refused where tasks run: in a task here, and anywhere on a worker", options, async () => {
    await using rt = new Runtime(threads);
    const semaphore = new Semaphore(1);
    const message = await rt.run(function* () {
      assert.ok(assertErr(() => semaphore.blockingAcquire()) instanceof MisuseError);
      const [tx, rx] = mpsc.channel<number>(1);
      const [, unbounded] = mpsc.unboundedChannel<number>();
      const [, answer] = oneshot<number>();
      const [mutex, rwlock, barrier] = [new Mutex(0), new RwLock(0), new Barrier(2)];
      const calls: Record<string, () => unknown> = {
        "Semaphore.blockingAcquire": () => semaphore.blockingAcquireMany(1),
        "Mutex.blockingLock": () => mutex.blockingLock(),
        "RwLock.blockingRead": () => rwlock.blockingRead(),
        "RwLock.blockingWrite": () => rwlock.blockingWrite(),
        "Barrier.blockingWait": () => barrier.blockingWait(),
        "Sender.blockingSend": () => tx.blockingSend(1),
        "Receiver.blockingRecv": () => rx.blockingRecv(),
        "Receiver.blockingRecvMany": () => rx.blockingRecvMany(2),
        "UnboundedReceiver.blockingRecv": () => unbounded.blockingRecv(),
        "UnboundedReceiver.blockingRecvMany": () => unbounded.blockingRecvMany(2),
        "OneshotReceiver.blockingRecv": () => answer.blockingRecv(),
      };
      for (const [name, call] of Object.entries(calls)) {
        const error = assertErr(call);
        assert.ok(error instanceof MisuseError, name);
        assert.equal(error.code, "TOKI_BLOCKING_IN_TASK");
        assert.ok(error.message.startsWith(`${name}: `), error.message);
      }
      // and nothing was taken
      assert.deepEqual([mutex.intoInner(), rwlock.intoInner(), tx.capacity], [0, 0, 1]);
      assert.equal(barrier.wait().describe(), "Barrier wait (0/2 arrived)");
      return yield* spawn(blockInTask(semaphore));
    });
    assert.match(message as string, /Cannot block the current thread from within a runtime/);
    assert.equal(semaphore.availablePermits, 1);
  });

  test("are fine outside of tasks", () => {
    const semaphore = new Semaphore(3);
    semaphore.blockingAcquire(2).release();
    semaphore.blockingAcquireMany(3).release();
    const [tx, rx] = mpsc.channel<number>(3);
    tx.blockingSend(1);
    tx.blockingSend(2);
    tx[Symbol.dispose]();
    assert.deepEqual([rx.blockingRecvMany(1), rx.blockingRecv(), rx.blockingRecv()], [[1], 2, undefined]);
  });

  test("of what was closed or taken apart fail", () => {
    const closed = new Semaphore(1);
    closed.close();
    for (const call of [() => closed.blockingAcquire(), () => closed.blockingAcquireMany(2)]) {
      assert.ok(assertErr(call) instanceof AcquireError);
    }
    const [mutex, rwlock] = [new Mutex(0), new RwLock(0)];
    for (const lock of [mutex, rwlock]) lock.intoInner();
    for (const call of [() => mutex.blockingLock(), () => rwlock.blockingRead(), () => rwlock.blockingWrite()]) {
      assert.ok(assertErr(call) instanceof DisposedError);
    }
  });

  test("blockingSend gives up after its timeout, and loses no slot", () => {
    const [tx, rx] = mpsc.channel<number>(1);
    tx.trySend(1);
    const error = assertErr(() => tx.blockingSend(2, 1));
    assert.ok(error instanceof mpsc.SendTimeoutError);
    assert.deepEqual([error.kind, error.value], ["timeout", 2]);
    assert.equal(rx.tryRecv(), 1);
    tx.blockingSend(3, { milliseconds: 1 });
    assert.equal(rx.tryRecv(), 3);
  });
});
