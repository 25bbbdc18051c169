// Programs with channels, locks and limits.
import assert from "node:assert/strict";
import test from "node:test";
import { fn, Instant, JoinSet, join, main, select, sleep, spawn, tryJoin, yieldNow } from "toki";
import {
  type BroadcastReceiver,
  broadcast,
  Mutex,
  mpsc,
  oneshot,
  Semaphore,
  type SemaphorePermit,
  SendError,
  watch,
} from "toki/sync";
import { Pool } from "toki/util";
import { ms, runSource, virtual } from "./support.js";

test("program 31: five messages in order, then closed once the sender is gone", async () => {
  const log: string[] = [];
  await main(function* () {
    const [sender, rx] = mpsc.channel<string>(32);
    spawn(function* () {
      using tx = sender;
      for (let i = 0; i < 5; i++) yield* tx.send(`message ${i}`);
    });
    for (let m = yield* rx.recv(); m !== undefined; m = yield* rx.recv()) log.push(`Got: ${m}`);
    log.push("Channel closed");
  });
  assert.deepEqual(log, [
    "Got: message 0",
    "Got: message 1",
    "Got: message 2",
    "Got: message 3",
    "Got: message 4",
    "Channel closed",
  ]);
});

test("program 31: a sender that is forgotten ends in a report, not in a hang", async () => {
  const { stdout, stderr, code } = await runSource(`
    import { main } from "toki";
    import { mpsc } from "toki/sync";
    await main(function* () {
      const [tx, rx] = mpsc.channel(32);
      yield* tx.send("message");
      while (true) console.log(yield* rx.recv());
    });
  `);
  assert.equal(stdout, "message\n");
  assert.match(stderr, /Deadlock: nothing is left that could wake a task/);
  assert.match(stderr, /recv/);
  assert.notEqual(code, 0);
});

test(
  "program 32: a watch says to shut down after a second; the loop says so once and ends",
  virtual(function* () {
    const start = Instant.now();
    const log: string[] = [];
    const [tx, rx] = watch(false);
    spawn(function* () {
      yield* sleep(1000);
      tx.send(true);
    });
    let rounds = 0;
    for (;;) {
      const { key } = yield* select({ changed: rx.changed(), work: sleep(300) });
      if (key === "work") rounds++;
      else if (rx.borrow()) {
        log.push("Shutting down");
        break;
      }
    }
    assert.deepEqual([log, rounds, ms(start.elapsed())], [["Shutting down"], 3, 1000]);
  }),
);

test("program 32: a new receiver sees the current state, which is no change for it", async () => {
  await main(function* () {
    const [tx, rx] = watch("starting");
    tx.send("ready");
    const late = tx.subscribe();
    assert.deepEqual([late.borrow(), late.hasChanged(), rx.hasChanged()], ["ready", false, true]);
    const { key } = yield* select.biased({ changed: late.changed(), other: yieldNow() });
    assert.equal(key, "other");
  });
});

test(
  "program 34: the first writer's value wins for a key under concurrent callers",
  virtual(function* () {
    const cache = new Mutex(new Map<string, number>());
    let computed = 0;
    const getOrSet = fn(function* getOrSet(key: string, value: number) {
      using guard = yield* cache.lock();
      const known = guard.value.get(key);
      if (known !== undefined) return known;
      yield* sleep(10);
      computed++;
      guard.value.set(key, value);
      return value;
    });
    const tasks = Array.from({ length: 10 }, (_, i) => spawn(getOrSet("key", i)));
    const values: number[] = [];
    for (const task of tasks) values.push(yield* task);
    assert.deepEqual(
      values,
      Array.from({ length: 10 }, () => 0),
    );
    assert.equal(computed, 1);
  }),
);

/** The shutdown signal of program 63, and who hears it. */
const untilStopped = fn(function* untilStopped(name: string, shutdown: BroadcastReceiver<void>, log: string[]) {
  using stop = shutdown;
  for (let jobs = 0; ; jobs++) {
    const { key } = yield* select.biased({ stop: stop.recv(), job: sleep(10) });
    if (key === "job") continue;
    log.push(`${name} stops after ${jobs} jobs`);
    return;
  }
});

test(
  "program 63: one signal stops the server and the workers",
  virtual(function* () {
    const log: string[] = [];
    const [shutdown, first] = broadcast<void>(1);
    using tasks = new JoinSet<void>();
    tasks.spawn(untilStopped("server", first, log));
    for (let n = 1; n <= 4; n++) tasks.spawn(untilStopped(`worker ${n}`, shutdown.subscribe(), log));
    yield* sleep(35);
    log.push("Shutdown signal received");
    assert.equal(shutdown.send(), 5);
    for (let joined = yield* tasks.joinNext(); joined !== undefined; joined = yield* tasks.joinNext()) {
      assert.ok(joined.ok);
    }
    assert.deepEqual(log, [
      "Shutdown signal received",
      "server stops after 3 jobs",
      ...[1, 2, 3, 4].map((n) => `worker ${n} stops after 3 jobs`),
    ]);
    assert.equal(shutdown.receiverCount, 0);
  }),
);

test(
  "program 63: aborted right after the signal, the tasks are cancelled before they hear of it",
  virtual(function* () {
    const log: string[] = [];
    const [shutdown, first] = broadcast<void>(1);
    using tasks = new JoinSet<void>();
    tasks.spawn(untilStopped("server", first, log));
    for (let n = 1; n <= 4; n++) tasks.spawn(untilStopped(`worker ${n}`, shutdown.subscribe(), log));
    yield* sleep(35);
    shutdown.send();
    tasks.abortAll();
    let cancelled = 0;
    for (let joined = yield* tasks.joinNext(); joined !== undefined; joined = yield* tasks.joinNext()) {
      if (!joined.ok && joined.error.isCancelled()) cancelled++;
    }
    assert.deepEqual([cancelled, log, shutdown.receiverCount], [5, [], 0]);
  }),
);

const bounded = fn(function* bounded(count: number, maxConcurrent: number, spawnFirst: boolean) {
  const slots = new Semaphore(maxConcurrent);
  let running = 0;
  let peak = 0;
  const fetchItem = fn(function* fetchItem(i: number, held: SemaphorePermit | undefined) {
    using _permit = held ?? (yield* slots.acquire());
    peak = Math.max(peak, ++running);
    yield* sleep(10 + ((i * 7) % 5));
    running--;
    return i;
  });
  const tasks = [];
  for (let i = 0; i < count; i++) tasks.push(spawn(fetchItem(i, spawnFirst ? undefined : yield* slots.acquire())));
  const results: number[] = [];
  for (const task of tasks) results.push(yield* task);
  return { peak, results };
});

test(
  "program 64: never more than the limit at once, results in the order of the input",
  virtual(function* () {
    const { peak, results } = yield* bounded(100, 7, false);
    assert.equal(peak, 7);
    assert.deepEqual(
      results,
      Array.from({ length: 100 }, (_, i) => i),
    );
  }),
);

test(
  "program 86: of 10,000 spawned at once at most 100 are in flight",
  virtual(function* () {
    const { peak } = yield* bounded(10_000, 100, true);
    assert.equal(peak, 100);
  }),
);

test(
  "program 68: the producer waits when 100 are unread",
  virtual(function* () {
    const [tx, rx] = mpsc.channel<number>(100);
    let sent = 0;
    const producer = spawn(function* () {
      using _tx = tx;
      for (let i = 0; i < 1000; i++) {
        yield* tx.send(i);
        sent++;
      }
    });
    yield* sleep(1000);
    assert.equal(sent, 100);
    assert.equal(yield* rx.recv(), 0);
    yield* sleep(1000);
    assert.equal(sent, 101);
    let stored = 1;
    while ((yield* rx.recv()) !== undefined) stored++;
    assert.equal(stored, 1000);
    yield* producer;
  }),
);

test(
  "program 68: when the consumer ends the producer stops, with the unsent item",
  virtual(function* () {
    const [tx, receiver] = mpsc.channel<number>(100);
    const producer = spawn(function* () {
      using _tx = tx;
      try {
        for (let i = 0; ; i++) yield* tx.send(i);
      } catch (error) {
        if (!(error instanceof SendError)) throw error;
        return error.value as number;
      }
    });
    {
      using rx = receiver;
      yield* rx.recv();
      yield* sleep(10);
    }
    assert.equal(yield* producer, 101);
  }),
);

for (const side of ["producer", "consumer"] as const) {
  test(
    `program 68: an error of the ${side} surfaces, and the other side ends`,
    virtual(function* () {
      const ended: string[] = [];
      const [sender, receiver] = mpsc.channel<number>(100);
      const produce = fn(function* produce() {
        using tx = sender;
        try {
          for (let i = 0; ; i++) {
            yield* tx.send(i);
            if (side === "producer" && i === 150) throw new Error("producer failed");
          }
        } finally {
          ended.push("producer");
        }
      });
      const consume = fn(function* consume() {
        using rx = receiver;
        try {
          for (let item = yield* rx.recv(); item !== undefined; item = yield* rx.recv()) {
            if (side === "consumer" && item === 150) throw new Error("consumer failed");
          }
        } finally {
          ended.push("consumer");
        }
      });
      let caught: unknown;
      try {
        yield* tryJoin(produce(), consume());
      } catch (error) {
        caught = error;
      }
      assert.equal((caught as Error).message, `${side} failed`);
      assert.deepEqual(ended.toSorted(), ["consumer", "producer"]);
    }),
  );
}

test(
  "program 70: at most max_size connections, waiters served in order, one that gives up is skipped",
  virtual(function* () {
    let made = 0;
    const pool = new Pool({ maxSize: 2, create: () => ++made });
    const served: string[] = [];
    const query = fn(function* query(name: string) {
      using item = yield* pool.get();
      served.push(`${name}:${item.value}`);
      yield* sleep(10);
    });
    const tasks = ["a", "b", "c", "d", "e"].map((name) => spawn(query(name)));
    yield* yieldNow();
    tasks[2]?.abort();
    yield* sleep(100);
    assert.equal(made, 2);
    assert.deepEqual(
      served.map((entry) => entry[0]),
      ["a", "b", "d", "e"],
    );
  }),
);

interface Call {
  readonly id: number;
  readonly reply: oneshot.Sender<string>;
}

test(
  "program 75: size or interval makes a batch, each call gets its own result, the loop ends with its senders",
  virtual(function* () {
    const sizes: number[] = [];
    const loop = fn(function* loop(rx: mpsc.Receiver<Call>) {
      for (;;) {
        const first = yield* rx.recv();
        if (first === undefined) return "ended";
        const batch = [first];
        using deadline = sleep(50);
        while (batch.length < 3) {
          const next = yield* select({ call: rx.recv(), timeUp: deadline });
          if (next.key === "timeUp" || next.value === undefined) break;
          batch.push(next.value);
        }
        sizes.push(batch.length);
        for (const { id, reply } of batch) reply.send(`result ${id}`);
      }
    });
    const [tx, rx] = mpsc.channel<Call>(100);
    const task = spawn(loop(rx));
    const call = fn(function* call(id: number) {
      const [reply, result] = oneshot<string>();
      yield* tx.send({ id, reply });
      return yield* result;
    });
    const results = yield* join(...[1, 2, 3, 4, 5].map((id) => call(id)));
    assert.deepEqual(results, ["result 1", "result 2", "result 3", "result 4", "result 5"]);
    assert.deepEqual(sizes, [3, 2]); // by size, then by time
    tx[Symbol.dispose]();
    assert.equal(yield* task, "ended");
  }),
);
