/*
 * Blocks of shared memory come back: when the last handle is disposed, when messages are dropped, and when threads end with handles in their hands.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pending, pollFn, Runtime, ready, spawn, spawnBlocking } from "toki";
import {
  AtomicCell,
  Barrier,
  BroadcastSender,
  broadcast,
  CancellationToken,
  DisposedError,
  Mutex,
  mpsc,
  Notify,
  OnceCell,
  oneshot,
  RwLock,
  Semaphore,
  SendError,
  SetOnce,
  WatchSender,
  watch,
} from "toki/shared";
import { assertPending, assertReady, type Spawn, testTask } from "toki/test";
import * as memory from "../../dist/memory/thread.js";
import { forgetReceiver, listen, type Numbered, shout } from "./broadcast-functions.js";
import { acquireImpatiently, consume, countUp, makeChannel, produceImpatiently } from "./functions.js";

const { threadMailbox } = memory as unknown as {
  threadMailbox(): { drain(): void; readonly arena: { readonly inUse: number } };
};
const options = { timeout: 60_000 };

/** What was sent stays sent from the end of the turn on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** How many blocks are in use more after `body` than before. All handles are disposed there: none is left to the garbage collector. */
async function growth(body: () => void): Promise<number> {
  new Semaphore(1)[Symbol.dispose](); // a spare block for a wait is kept
  using kept = new Notify();
  const wait = testTask(kept.notified());
  wait.poll();
  wait[Symbol.dispose]();
  body();
  await turn();
  const before = threadMailbox().arena.inUse;
  body();
  await turn();
  return threadMailbox().arena.inUse - before;
}

const cases: Record<string, () => void> = {
  "Semaphore, with waits that are dropped": () => {
    using semaphore = new Semaphore(1);
    using _permit = semaphore.tryAcquire();
    for (const n of [1, 2, 3]) {
      const task = testTask(semaphore.acquireMany(n));
      assertPending(task.poll());
      task[Symbol.dispose]();
    }
  },
  "Semaphore, with a permit that outlives its handle": () => {
    const semaphore = new Semaphore(1);
    const permit = semaphore.tryAcquire();
    semaphore[Symbol.dispose]();
    permit.release();
  },
  Mutex: () => {
    using mutex = new Mutex({ text: "long enough for a block of its own ".repeat(10) });
    using guard = mutex.tryLock();
    guard.value.text += "!";
  },
  "Mutex, taken apart": () => {
    using mutex = new Mutex("x".repeat(1000));
    mutex.intoInner();
  },
  "RwLock, with guards of all kinds, and waits that are dropped": () => {
    using rwlock = new RwLock({ text: "long enough for a block of its own ".repeat(10) });
    const waits = [];
    {
      const guard = rwlock.tryWrite();
      guard.value.text += "!";
      using part = guard.downgradeMap((value) => value.text);
      assert.equal(part.value.at(-1), "!");
      waits.push(testTask<Disposable>(rwlock.write()), testTask<Disposable>(rwlock.read()));
      for (const wait of waits) assertPending(wait.poll());
    }
    for (const wait of waits) wait[Symbol.dispose]();
    using mapped = rwlock.tryWrite().map((value) => value.text);
    assert.equal(mapped.value.at(-1), "!");
  },
  "RwLock, taken apart, and with a guard that outlives its handle": () => {
    using rwlock = new RwLock("x".repeat(1000));
    rwlock.intoInner();
    const other = new RwLock("y".repeat(1000));
    const guard = other.tryRead();
    other[Symbol.dispose]();
    assert.equal(guard.value.length, 1000);
    guard.release();
  },
  "RwLock, with a handle in its value, read by several": () => {
    using inner = new Semaphore(1);
    using rwlock = new RwLock({ inner });
    for (const guard of [rwlock.tryRead(), rwlock.tryRead()]) {
      guard.value.inner[Symbol.dispose]();
      guard.release();
    }
    rwlock.intoInner().inner[Symbol.dispose]();
  },
  Barrier: () => {
    using barrier = new Barrier(3);
    const [dropped, waits] = [testTask(barrier.wait()), testTask(barrier.wait())];
    assertPending(dropped.poll());
    assertPending(waits.poll());
    dropped[Symbol.dispose]();
    assertReady(testTask(barrier.wait()).poll());
    assertReady(waits.poll());
    const again = testTask(barrier.wait());
    assertPending(again.poll());
    again[Symbol.dispose]();
  },
  Notify: () => {
    using notify = new Notify();
    const [told, waits] = [testTask(notify.notified()), testTask(notify.notified())];
    assertPending(told.poll());
    assertPending(waits.poll());
    notify.notifyOne();
    told[Symbol.dispose]();
    waits[Symbol.dispose]();
  },
  "oneshot, received and not": () => {
    for (const isReceived of [true, false]) {
      const [tx, rx] = oneshot<string>();
      tx.send("y".repeat(500));
      if (isReceived) rx.tryRecv();
      tx[Symbol.dispose]();
      rx[Symbol.dispose]();
    }
  },
  "mpsc, with messages, permits and waits left in it": () => {
    const [tx, rx] = mpsc.channel<unknown>(3);
    const weak = tx.downgrade();
    tx.trySend("z".repeat(300));
    using other = new Semaphore(2);
    tx.trySend({ other });
    const permit = tx.tryReserve();
    const send = testTask(tx.send("waits"));
    assertPending(send.poll());
    tx[Symbol.dispose]();
    rx[Symbol.dispose]();
    send[Symbol.dispose]();
    permit.send("to nobody");
    weak[Symbol.dispose]();
  },
  "broadcast, with values and waits left in it": () => {
    const [tx, rx] = broadcast<unknown>(2);
    const slow = tx.subscribe();
    const weak = tx.downgrade();
    using other = new Semaphore(2);
    for (const value of ["z".repeat(300), { other }, 3, { other }]) tx.send(value);
    assert.throws(() => rx.tryRecv(), /lagged by 2/);
    assert.equal(rx.tryRecv(), 3);
    (rx.tryRecv() as { other: Semaphore }).other[Symbol.dispose]();
    const recv = testTask(rx.recv());
    assertPending(recv.poll());
    const closed = testTask(tx.closed());
    assertPending(closed.poll());
    for (const handle of [tx, rx, slow, weak, recv, closed]) handle[Symbol.dispose]();
  },
  "broadcast, read by all, and without a receiver": () => {
    using tx = new BroadcastSender<string>(1000);
    assert.throws(() => tx.send("to nobody".repeat(100)));
    const listeners = [1, 2, 3].map(() => tx.subscribe());
    for (let i = 0; i < 5; i++) tx.send("y".repeat(500));
    for (const rx of listeners) while (!rx.isEmpty) rx.tryRecv();
    for (const rx of listeners) rx[Symbol.dispose]();
  },
  "broadcast, a receiver in a message that nobody reads": () => {
    const [outerTx, outerRx] = mpsc.unboundedChannel<unknown>();
    using tx = new BroadcastSender<string>(4);
    const rx = tx.subscribe();
    tx.send("unread");
    outerTx.send({ rx, tx });
    outerTx[Symbol.dispose]();
    outerRx[Symbol.dispose]();
    assert.deepEqual([tx.receiverCount, tx.strongCount], [0, 1]);
  },
  "broadcast, a value that cannot be sent": () => {
    using tx = new BroadcastSender<unknown>(4);
    using rx = tx.subscribe();
    using other = new Semaphore(1);
    assert.throws(() => tx.send({ other, f() {} }), /code cannot be sent/);
    assert.throws(() => tx.send({ other, rx }), /one place only/);
    assert.equal(rx.isEmpty, true);
  },
  "mpsc, polled by hand": () => {
    const [tx, rx] = mpsc.unboundedChannel<number>();
    const task = testTask(pollFn((cx) => rx.pollRecv(cx)));
    assertPending(task.poll());
    rx[Symbol.dispose]();
    assert.equal(task.isWoken, true);
    tx[Symbol.dispose]();
  },
  "a channel in a message of another that nobody reads": () => {
    const [outerTx, outerRx] = mpsc.unboundedChannel<unknown>();
    const [tx, rx] = mpsc.channel<number>(1);
    tx.trySend(1);
    outerTx.send({ tx, rx });
    tx[Symbol.dispose]();
    outerTx[Symbol.dispose]();
    outerRx[Symbol.dispose]();
  },
  "messages whose getters give the permit back": () => {
    const [tx, rx] = mpsc.channel<unknown>(2);
    const permit = tx.tryReserve();
    const give = (held: Disposable) => ({
      get n() {
        held[Symbol.dispose]();
        return 1;
      },
    });
    assert.throws(() => permit.send(give(permit)), DisposedError);
    assert.equal(tx.capacity, 2);
    const owned = tx.tryReserveOwned();
    assert.throws(() => owned.send(give(owned)), DisposedError);
    assert.deepEqual([rx.capacity, rx.length, rx.senderStrongCount], [2, 0, 0]);
    rx[Symbol.dispose]();
  },
  "values whose getters dispose the last handle of what they are for": () => {
    const dispose = (...handles: Disposable[]) => ({
      get n() {
        for (const handle of handles) handle[Symbol.dispose]();
        return 1;
      },
    });
    const [tx, rx] = mpsc.channel<unknown>(1);
    tx.trySend(dispose(tx, rx));
    const [once, value] = oneshot<unknown>();
    assert.throws(() => once.send(dispose(once, value)), SendError);
    const [latest, watching] = watch<unknown>(0);
    assert.throws(() => latest.send(dispose(latest, watching)), watch.SendError);
    const [news, listening] = broadcast<unknown>(2);
    assert.throws(() => news.send(dispose(news, listening)), SendError);
    const cell = new AtomicCell<unknown>(0);
    cell.store(dispose(cell));
    const mutex = new Mutex<unknown>(0);
    const guard = mutex.tryLock();
    guard.value = dispose(mutex);
    guard.release();
  },
  "a message of several blocks": () => {
    const [tx, rx] = mpsc.unboundedChannel<Uint8Array>();
    tx.send(new Uint8Array(2_500_000));
    assert.equal(rx.tryRecv().length, 2_500_000);
    tx[Symbol.dispose]();
    rx[Symbol.dispose]();
  },
  "a message that cannot be sent": () => {
    const [tx, rx] = mpsc.channel<unknown>(2);
    const other = new Semaphore(1);
    assert.throws(() => tx.trySend({ other, f() {} }), /code cannot be sent/);
    assert.equal(rx.capacity, 2);
    for (const handle of [tx, rx, other]) handle[Symbol.dispose]();
  },
  "CancellationToken, children before and after their parent": () => {
    const parent = new CancellationToken();
    const [a, b] = [parent.childToken(), parent.childToken()];
    const grandchild = a.childToken();
    void grandchild.signal;
    a[Symbol.dispose]();
    parent.cancel();
    parent[Symbol.dispose]();
    assert.equal(grandchild.isCancelled, true);
    grandchild[Symbol.dispose]();
    b[Symbol.dispose]();
  },
  "watch, with waits that are told and dropped, and values that are replaced": () => {
    const [tx, rx] = watch<unknown>("w".repeat(300));
    using inner = new Semaphore(1);
    const other = rx.clone();
    const [told, waits, closed] = [testTask(rx.changed()), testTask(other.waitFor(() => false)), testTask(tx.closed())];
    for (const wait of [told, waits, closed]) assertPending(wait.poll());
    tx.send({ inner });
    (rx.borrow() as { inner: Semaphore }).inner[Symbol.dispose]();
    told[Symbol.dispose]();
    assert.throws(() => tx.send({ inner, f() {} }), /code cannot be sent/);
    (tx.sendReplace("x".repeat(500)) as { inner: Semaphore }).inner[Symbol.dispose]();
    tx.sendModify((ref) => {
      ref.value = { inner };
    });
    other[Symbol.dispose]();
    waits[Symbol.dispose]();
    closed[Symbol.dispose]();
    rx[Symbol.dispose]();
    assert.throws(() => tx.send({ inner }), watch.SendError);
    tx[Symbol.dispose]();
    assert.throws(() => new WatchSender({ inner, f() {} }), /code cannot be sent/);
  },
  "both halves of a watch in a message that nobody reads": () => {
    const [outerTx, outerRx] = mpsc.unboundedChannel<unknown>();
    const [tx, rx] = watch("v".repeat(200));
    outerTx.send({ tx, rx });
    for (const half of [tx, rx, outerTx, outerRx]) half[Symbol.dispose]();
  },
  "OnceCell, with initializers that fail, are dropped and succeed": () => {
    using cell = new OnceCell<unknown>();
    const [running, queued, last] = [1, 2, 3].map(() => testTask(cell.getOrInit(() => pending()))) as [
      Spawn<unknown>,
      Spawn<unknown>,
      Spawn<unknown>,
    ];
    for (const task of [running, queued, last]) assertPending(task.poll());
    queued[Symbol.dispose]();
    assert.throws(() => cell.set(1));
    running[Symbol.dispose]();
    assertPending(last.poll());
    last[Symbol.dispose]();
    assert.throws(() => testTask(cell.getOrInit(() => ready(() => {}))).poll(), /code cannot be sent/);
    using inner = new Semaphore(1);
    testTask(cell.getOrInit(() => ready({ inner, text: "o".repeat(300) }))).poll();
    (cell.get() as { inner: Semaphore }).inner[Symbol.dispose]();
    (cell.take() as { inner: Semaphore }).inner[Symbol.dispose]();
    cell.set("p".repeat(100));
  },
  "OnceCell, disposed while an initializer runs": () => {
    const cell = new OnceCell<number>();
    const [running, queued] = [testTask(cell.getOrInit(() => pending())), testTask(cell.getOrInit(() => ready(2)))];
    assertPending(running.poll());
    assertPending(queued.poll());
    cell[Symbol.dispose]();
    running[Symbol.dispose]();
    assert.equal(queued.poll(), 2);
  },
  SetOnce: () => {
    using once = new SetOnce<string>();
    const [told, waits] = [testTask(once.wait()), testTask(once.wait())];
    assertPending(told.poll());
    assertPending(waits.poll());
    waits[Symbol.dispose]();
    once.set("s".repeat(300));
    assert.throws(() => once.set("t".repeat(300)));
    told[Symbol.dispose]();
    using other = new SetOnce("u".repeat(300));
    const late = testTask(other.wait());
    other.intoInner();
    assert.throws(() => late.poll());
  },
  AtomicCell: () => {
    using cell = new AtomicCell<unknown>("first");
    cell.store({ second: "2".repeat(200) });
    cell.compareExchange("other", "third");
    using inner = new AtomicCell(1);
    cell.swap({ cell: inner });
    (cell.swap(0) as { cell: AtomicCell<number> }).cell[Symbol.dispose]();
  },
};

describe("shared memory comes back", () => {
  for (const [name, body] of Object.entries(cases)) {
    test(name, async () => {
      assert.equal(await growth(body), 0);
    });
  }

  test("a receiver that could not be sent stays usable", () => {
    const [tx, rx] = mpsc.channel<unknown>(2);
    assert.throws(() => tx.trySend({ rx, f() {} }), /code cannot be sent/);
    tx.trySend(5);
    assert.equal(rx.tryRecv(), 5);
    tx[Symbol.dispose]();
    rx[Symbol.dispose]();
  });

  test("from threads that have ended", options, async () => {
    const run = async () => {
      const rt = new Runtime({ flavor: "multiThread", workerThreads: 2, threadKeepAlive: 0 });
      const semaphore = new Semaphore(2);
      const cell = new AtomicCell(0);
      const news = new BroadcastSender<Numbered>(4);
      const [tx, rx] = mpsc.channel<readonly [number, number]>(2);
      const got = await rt.run(function* () {
        const tasks = [1, 2].map((who) => spawn(produceImpatiently(tx, who, 100, [1, 3, 0])));
        const others = [1, 2].map(() => spawn(acquireImpatiently(semaphore, 100, 2, [0, 2, 5])));
        spawn(countUp(cell, 500));
        tx[Symbol.dispose]();
        const forgotten = spawn(forgetReceiver(news.subscribe()));
        const heard = spawn(listen(news.subscribe()));
        const shouts = spawn(shout(news, 1, 100));
        const counts = yield* consume(rx);
        for (const task of [forgotten, shouts]) yield* task;
        for (const task of [...tasks, ...others]) yield* task;
        const made = yield* spawnBlocking(makeChannel());
        made.tx[Symbol.dispose]();
        made.rx[Symbol.dispose]();
        news[Symbol.dispose]();
        assert.ok((yield* heard).received > 0);
        return counts;
      });
      assert.deepEqual(got, { 1: 100, 2: 100 });
      assert.equal(semaphore.availablePermits, 2);
      await rt.shutdown();
      semaphore[Symbol.dispose]();
      cell[Symbol.dispose]();
      threadMailbox().drain();
      return threadMailbox().arena.inUse;
    };
    const first = await run();
    assert.equal(await run(), first);
    assert.equal(await run(), first);
  });
});
