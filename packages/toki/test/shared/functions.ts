/*
 * What the tests of toki/shared run on workers and on blocking threads. Nothing here has an effect when it is imported.
 */
import { blocking, fn, pending, Runtime, select, spawnBlocking, yieldNow } from "toki";
import type { AtomicCell, Barrier, CancellationToken, Mutex, Notify, oneshot, RwLock, Semaphore } from "toki/shared";
import { mpsc } from "toki/shared";

export const takePermits = fn(import.meta, function* takePermits(semaphore: Semaphore, rounds: number, n: number) {
  for (let i = 0; i < rounds; i++) {
    using _permit = yield* semaphore.acquireMany(n);
    if (i % 3 === 0) yield* yieldNow();
  }
  return rounds;
});

export const increment = fn(import.meta, function* increment(total: Mutex<{ n: number }>, rounds: number) {
  for (let i = 0; i < rounds; i++) {
    using guard = yield* total.lock();
    guard.value.n++;
    if (i % 5 === 0) yield* yieldNow();
  }
});

export const answer = fn(import.meta, function* answer(ask: Notify, reply: Notify, rounds: number) {
  for (let i = 0; i < rounds; i++) {
    yield* ask.notified();
    reply.notifyOne();
  }
});

export const incrementBlocking = blocking(
  import.meta,
  function incrementBlocking(total: Mutex<{ n: number }>, rounds: number) {
    for (let i = 0; i < rounds; i++) {
      using guard = total.blockingLock();
      guard.value.n++;
    }
  },
);

/** Two numbers that only a writer who is halfway through sees unequal. */
export interface Pair {
  a: number;
  b: number;
}

function look({ a, b }: Readonly<Pair>, least: number): number {
  if (a !== b) throw new Error(`a reader saw a writer halfway: ${a}, ${b}`);
  if (a < least) throw new Error(`a reader went back from ${least} to ${a}`);
  return a;
}

/** Reads and writes by turns; each write is read again after a downgrade. */
export const readAndWrite = fn(import.meta, function* readAndWrite(lock: RwLock<Pair>, rounds: number) {
  let seen = 0;
  for (let i = 0; i < rounds; i++) {
    {
      using reading = yield* lock.read();
      seen = look(reading.value, seen);
      if (i % 3 === 0) yield* yieldNow();
    }
    using writing = yield* lock.write();
    writing.value.a++;
    if (i % 5 === 0) yield* yieldNow();
    writing.value.b++;
    const written = writing.value.a;
    using reading = writing.downgrade();
    seen = look(reading.value, written);
    if (seen !== written) throw new Error(`written over during a downgrade: ${written}, ${seen}`);
  }
  return seen;
});

export const readAndWriteBlocking = blocking(
  import.meta,
  function readAndWriteBlocking(lock: RwLock<Pair>, rounds: number) {
    let seen = 0;
    for (let i = 0; i < rounds; i++) {
      {
        using reading = lock.blockingRead();
        seen = look(reading.value, seen);
      }
      using writing = lock.blockingWrite();
      writing.value.a++;
      writing.value.b++;
    }
    return seen;
  },
);

/** Reads and writes under random cancellation: each attempt is given up after a number of polls. */
export const readAndWriteImpatiently = fn(
  import.meta,
  function* readAndWriteImpatiently(lock: RwLock<Pair>, rounds: number, patience: readonly number[]) {
    let writes = 0;
    for (let i = 0; i < rounds; i++) {
      const bored = turns(patience[i % patience.length]!);
      if (i % 2 === 0) {
        const { key, value } = yield* select.biased({ guard: lock.read(), bored });
        if (key !== "guard") continue;
        using reading = value;
        look(reading.value, 0);
        yield* yieldNow();
        continue;
      }
      const { key, value } = yield* select.biased({ guard: lock.write(), bored });
      if (key !== "guard") continue;
      using writing = value;
      writing.value.a++;
      yield* yieldNow();
      writing.value.b++;
      writes++;
    }
    return writes;
  },
);

/** In each round everybody counts up, and after the barrier sees what all have counted. */
export const march = fn(
  import.meta,
  function* march(barrier: Barrier, counts: AtomicCell<number>, size: number, rounds: number) {
    let leads = 0;
    for (let round = 1; round <= rounds; round++) {
      counts.fetchAdd(1);
      if ((yield* barrier.wait()).isLeader) leads++;
      if (counts.load() < round * size) throw new Error(`went on with ${counts.load()} of ${round * size}`);
      yield* barrier.wait();
    }
    return leads;
  },
);

export const marchBlocking = blocking(
  import.meta,
  function marchBlocking(barrier: Barrier, counts: AtomicCell<number>, size: number, rounds: number) {
    let leads = 0;
    for (let round = 1; round <= rounds; round++) {
      counts.fetchAdd(1);
      if (barrier.blockingWait().isLeader) leads++;
      if (counts.load() < round * size) throw new Error(`went on with ${counts.load()} of ${round * size}`);
      barrier.blockingWait();
    }
    return leads;
  },
);

/** Dies with two shares of one lock, with the whole of another, and as a writer who waits for the first. */
export const dieReading = fn(
  import.meta,
  function* dieReading(read: RwLock<number>, write: RwLock<number>, up: Notify) {
    const guards = [yield* read.read(), (yield* read.read()).map((n) => n + 1)];
    const writing = yield* write.write();
    writing.value = 13;
    setTimeout(() => process.exit(3), 0);
    up.notifyOne();
    yield* read.write();
    guards.forEach((guard) => {
      guard.release();
    });
  },
);

/** Dies after it has downgraded. */
export const dieDowngraded = fn(import.meta, function* dieDowngraded(lock: RwLock<number>) {
  const writing = yield* lock.write();
  writing.value = 13;
  const reading = writing.downgrade();
  process.exit(reading.value === 13 ? 3 : 4);
});

export const dieAtOnce = fn(import.meta, function* dieAtOnce() {
  process.exit(3);
});

/** Arrives, and dies. */
export const dieArrived = fn(import.meta, function* dieArrived(barrier: Barrier, up: Notify) {
  setTimeout(() => process.exit(3), 0);
  up.notifyOne();
  yield* barrier.wait();
});

export const takeBlocking = blocking(
  import.meta,
  function takeBlocking(semaphore: Semaphore, rounds: number, n: number) {
    for (let i = 0; i < rounds; i++) {
      using _permit = semaphore.blockingAcquire(n);
    }
    return rounds;
  },
);

/** A message: who sent it, and its number among those of its sender. */
export type Numbered = readonly [who: number, n: number];

export const produce = fn(import.meta, function* produce(sender: mpsc.Sender<Numbered>, who: number, count: number) {
  using tx = sender;
  for (let n = 0; n < count; n++) yield* tx.send([who, n]);
});

/** Throws the messages back that nobody wants. */
export const sendInVain = fn(import.meta, function* sendInVain(sender: mpsc.Sender<Numbered>, how: "send" | "trySend") {
  using tx = sender;
  if (how === "send") yield* tx.send([1, 2]);
  else tx.trySend([1, 2]);
});

export const reserveInVain = fn(import.meta, function* reserveInVain(sender: mpsc.Sender<Numbered>) {
  using tx = sender;
  tx.tryReserveOwned();
});

export const sendInVainBlocking = blocking(import.meta, function sendInVainBlocking(sender: mpsc.Sender<Numbered>) {
  using tx = sender;
  tx.blockingSend([1, 2], 1);
});

export const produceUnbounded = fn(
  import.meta,
  function* produceUnbounded(sender: mpsc.UnboundedSender<Numbered>, who: number, count: number) {
    using tx = sender;
    for (let n = 0; n < count; n++) {
      tx.send([who, n]);
      if (n % 50 === 0) yield* yieldNow();
    }
  },
);

/** How many came of each sender; throws if one of them came twice, or out of order. */
export const consume = fn(import.meta, function* consume(receiver: mpsc.Receiver<Numbered>) {
  using rx = receiver;
  const counts: Record<number, number> = {};
  for (let m = yield* rx.recv(); m !== undefined; m = yield* rx.recv()) {
    const [who, n] = m;
    if (n !== (counts[who] ?? 0)) throw new Error(`sender ${who}: ${n} after ${counts[who]}`);
    counts[who] = n + 1;
  }
  return counts;
});

export const produceBlocking = blocking(
  import.meta,
  function produceBlocking(sender: mpsc.Sender<Numbered>, who: number, count: number) {
    using tx = sender;
    for (let n = 0; n < count; n++) tx.blockingSend([who, n]);
  },
);

export const consumeBlocking = blocking(import.meta, function consumeBlocking(receiver: mpsc.Receiver<Numbered>) {
  using rx = receiver;
  const counts: Record<number, number> = {};
  for (let m = rx.blockingRecv(); m !== undefined; m = rx.blockingRecv()) {
    const [who, n] = m;
    if (n !== (counts[who] ?? 0)) throw new Error(`sender ${who}: ${n} after ${counts[who]}`);
    counts[who] = n + 1;
  }
  return counts;
});

/** Sends under random cancellation: each attempt is given up after a number of polls. */
export const produceImpatiently = fn(
  import.meta,
  function* produceImpatiently(sender: mpsc.Sender<Numbered>, who: number, count: number, patience: readonly number[]) {
    using tx = sender;
    let sent = 0;
    for (let i = 0; sent < count; i++) {
      const { key, value } = yield* select.biased({
        permit: tx.reserve(),
        bored: turns(patience[i % patience.length]!),
      });
      if (key === "permit") value.send([who, sent++]);
    }
    return sent;
  },
);

const turns = fn(function* turns(n: number) {
  for (let i = 0; i < n; i++) yield* yieldNow();
});

export const acquireImpatiently = fn(
  import.meta,
  function* acquireImpatiently(semaphore: Semaphore, rounds: number, most: number, patience: readonly number[]) {
    let got = 0;
    for (let i = 0; i < rounds; i++) {
      const { key, value } = yield* select.biased({
        permit: semaphore.acquireMany((i % most) + 1),
        bored: turns(patience[i % patience.length]!),
      });
      if (key !== "permit") continue;
      got++;
      yield* yieldNow();
      value.release();
    }
    return got;
  },
);

export const reply = fn(import.meta, function* reply(tx: oneshot.Sender<{ square: number }>, n: number) {
  tx.send({ square: n * n });
});

export const replyBlocking = blocking(import.meta, function replyBlocking(tx: oneshot.Sender<number>, n: number) {
  tx.send(n * n);
});

export const awaitBlocking = blocking(import.meta, function awaitBlocking(rx: oneshot.Receiver<number>) {
  return rx.blockingRecv();
});

/** Serves requests that bring their own way back. */
export const serve = fn(
  import.meta,
  function* serve(requests: mpsc.Receiver<{ n: number; back: oneshot.Sender<number> }>) {
    using rx = requests;
    let served = 0;
    for (let r = yield* rx.recv(); r !== undefined; r = yield* rx.recv()) {
      r.back.send(r.n * 2);
      served++;
    }
    return served;
  },
);

export const spinUntilCancelled = fn(import.meta, function* spinUntilCancelled(token: CancellationToken, up: Notify) {
  up.notifyOne();
  while (!token.isCancelled);
  return "cancelled";
});

export const waitForToken = fn(import.meta, function* waitForToken(token: CancellationToken, up: Notify) {
  const child = token.childToken();
  up.notifyOne();
  yield* child.cancelled();
  return child.isCancelled;
});

export const countUp = fn(import.meta, function* countUp(cell: AtomicCell<number>, n: number) {
  for (let i = 0; i < n; i++) cell.fetchAdd(1);
});

export const makeChannel = blocking(import.meta, function makeChannel() {
  const [tx, rx] = mpsc.channel<number>(2);
  tx.trySend(1);
  return { tx, rx };
});

/** Dies while it waits for a permit, holding one. */
export const dieWaiting = fn(import.meta, function* dieWaiting(semaphore: Semaphore, up: Notify) {
  const permit = yield* semaphore.acquire();
  up.notifyOne();
  setTimeout(() => process.exit(3), 0);
  yield* semaphore.acquireMany(100);
  permit.release();
});

/** Dies with the lock, a sender, a receiver and a wait. */
export const dieWith = fn(
  import.meta,
  function* dieWith(
    lock: Mutex<number>,
    sender: mpsc.Sender<number>,
    receiver: mpsc.Receiver<number>,
    back: oneshot.Sender<number>,
  ) {
    const guard = yield* lock.lock();
    guard.value = 13;
    yield* sender.send(1);
    yield* receiver.recv();
    process.exit(back.isClosed ? 4 : 3);
  },
);

export const dieBlocked = blocking(import.meta, function dieBlocked(semaphore: Semaphore, rx: mpsc.Receiver<number>) {
  semaphore.blockingAcquire();
  rx.blockingRecv();
});

/** Takes a permit and keeps it until its thread ends. */
export const keepBlocked = blocking(import.meta, function keepBlocked(semaphore: Semaphore, up: Notify) {
  semaphore.blockingAcquire();
  up.notifyOne();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});

/** Takes a permit and keeps it. */
export const keep = fn(import.meta, function* keep(semaphore: Semaphore, up: Notify) {
  yield* semaphore.acquire();
  up.notifyOne();
  yield* pending();
});

/** Dies while a thread that its worker has started has a permit: one of the blocking pool, or a worker of a runtime of its own. */
export const dieAbove = fn(
  import.meta,
  function* dieAbove(semaphore: Semaphore, up: Notify, below: "blocking thread" | "worker") {
    if (below === "blocking thread") spawnBlocking(keepBlocked(semaphore, up));
    else new Runtime({ flavor: "multiThread", workerThreads: 1 }).spawn(keep(semaphore, up));
    yield* up.notified();
    process.exit(3);
  },
);

export const blockInTask = fn(import.meta, function* blockInTask(semaphore: Semaphore) {
  try {
    semaphore.blockingAcquire();
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
});

export const cancelToken = fn(import.meta, function* cancelToken(token: CancellationToken) {
  token.cancel();
});
