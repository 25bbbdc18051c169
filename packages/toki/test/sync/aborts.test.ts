import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, type JoinHandle, sleep, spawn } from "toki";
import { test as toki } from "toki/test";
import fc from "../support/property.js";
import { implementations } from "./implementations.js";

for (const { name: implementation, module } of implementations) {
  const { Barrier, BroadcastRecvError, broadcast, LaggedError, Mutex, mpsc, OnceCell, RwLock, Semaphore } = module;

  describe(implementation, () => {
    /*
     * Whole tasks on a runtime, aborted at any time: whatever they held or were promised must be there for the others. Virtual time makes the order of a
     * run a function of the numbers it is given.
     */
    const ms = fc.integer({ min: 0, max: 6 });
    const worker = fc.record({
      start: ms,
      hold: ms,
      abortAt: fc.option(fc.integer({ min: 0, max: 30 })),
      amount: fc.integer({ min: 1, max: 3 }),
    });
    type Worker = { start: number; hold: number; abortAt: number | null; amount: number };

    const abortAll = fn(function* (workers: readonly Worker[], handles: readonly JoinHandle<unknown>[]) {
      for (let now = 0; now <= 30; now++) {
        workers.forEach(({ abortAt }, i) => {
          if (abortAt === now) handles[i]?.abort();
        });
        yield* sleep(1);
      }
      for (const handle of handles) {
        try {
          yield* handle;
        } catch {
          // aborted
        }
      }
    });

    const run = (body: (workers: Worker[]) => ReturnType<ReturnType<typeof fn<[], void>>>) =>
      fc.assert(
        fc.asyncProperty(fc.array(worker, { maxLength: 12 }), (workers) =>
          toki(() => body(workers), { startPaused: true })(),
        ),
        { numRuns: 60 },
      );

    describe("aborted tasks lose nothing", () => {
      test("Semaphore: all permits are back, and never too many are out", () =>
        run(
          fn(function* (workers: Worker[]) {
            const semaphore = new Semaphore(3);
            let out = 0;
            const work = fn(function* ({ start, hold, amount }: Worker) {
              yield* sleep(start);
              using _permit = yield* semaphore.acquireMany(amount);
              out += amount;
              try {
                assert.ok(out <= 3);
                yield* sleep(hold);
              } finally {
                // Cleanup that awaits still holds the permit. An abort may come while it does, before there was another.
                try {
                  yield* sleep(1);
                } finally {
                  out -= amount;
                }
              }
            });
            yield* abortAll(
              workers,
              workers.map((each) => spawn(work(each))),
            );
            assert.deepEqual([out, semaphore.availablePermits], [0, 3]);
          }),
        ));

      test("Mutex: it is free, and never held twice", () =>
        run(
          fn(function* (workers: Worker[]) {
            const mutex = new Mutex(0);
            const work = fn(function* ({ start, hold }: Worker) {
              yield* sleep(start);
              using guard = yield* mutex.lock();
              assert.equal(guard.value++, 0);
              try {
                yield* sleep(hold);
              } finally {
                guard.value--;
              }
            });
            yield* abortAll(
              workers,
              workers.map((each) => spawn(work(each))),
            );
            assert.equal(mutex.intoInner(), 0);
          }),
        ));

      test("RwLock: it is free, and a writer is always alone", () =>
        run(
          fn(function* (workers: Worker[]) {
            const rwlock = new RwLock(0, { maxReaders: 2 });
            let [readers, writers] = [0, 0];
            const work = fn(function* ({ start, hold, amount }: Worker) {
              yield* sleep(start);
              if (amount === 1) {
                using _guard = yield* rwlock.read();
                readers++;
                try {
                  assert.ok(writers === 0 && readers <= 2);
                  yield* sleep(hold);
                } finally {
                  readers--;
                }
                return;
              }
              using guard = yield* rwlock.write();
              writers++;
              try {
                assert.deepEqual([readers, writers], [0, 1]);
                yield* sleep(hold);
              } finally {
                writers--;
              }
              if (amount === 2) return;
              using _reading = guard.downgrade();
              readers++;
              try {
                yield* sleep(hold);
                assert.equal(writers, 0);
              } finally {
                readers--;
              }
            });
            yield* abortAll(
              workers,
              workers.map((each) => spawn(work(each))),
            );
            assert.equal(rwlock.intoInner(), 0);
          }),
        ));

      test("Barrier: each round that was complete has let its waiters go, with one leader", () =>
        run(
          fn(function* (workers: Worker[]) {
            const barrier = new Barrier(3);
            let [arrived, leaders] = [0, 0];
            const work = fn(function* ({ start, amount }: Worker) {
              yield* sleep(start);
              for (let i = 0; i < amount; i++) {
                arrived++;
                if ((yield* barrier.wait()).isLeader) leaders++;
              }
            });
            const handles = workers.map((each) => spawn(work(each)));
            for (let now = 0; now <= 30; now++) {
              workers.forEach(({ abortAt }, i) => {
                if (abortAt === now) handles[i]?.abort();
              });
              yield* sleep(1);
            }
            assert.equal(leaders, Math.floor(arrived / 3));
            for (const handle of handles) handle.abort();
          }),
        ));

      test("broadcast: who listens to the end hears of everything, or how much it missed", () =>
        run(
          fn(function* (workers: Worker[]) {
            const [tx, last] = broadcast<number>(2);
            let sent = 0;
            const wrong: unknown[] = [];
            const listen = fn(function* ({ start, hold }: Worker) {
              yield* sleep(start);
              using rx = last.resubscribe();
              for (let next = sent; ; next++) {
                try {
                  const value = yield* rx.recv();
                  if (value !== next) wrong.push(`${value} in the place of ${next}`);
                  yield* sleep(hold);
                } catch (error) {
                  if (error instanceof LaggedError) next += error.skipped - 1;
                  else {
                    if (!(error instanceof BroadcastRecvError) || next !== sent) wrong.push(error, next);
                    return;
                  }
                }
              }
            });
            const shout = fn(function* () {
              using sender = tx;
              for (let ms = 0; ms < 25; ms++) {
                for (let n = 0; n < ms % 4; n++) sender.send(sent++);
                yield* sleep(1);
              }
            });
            const handles = [...workers.map((each) => spawn(listen(each))), spawn(shout())];
            yield* abortAll(workers, handles);
            assert.deepEqual(wrong, []);
            assert.equal(last.isClosed, true);
            assert.throws(() => last.tryRecv(), LaggedError);
            assert.deepEqual([last.tryRecv(), last.tryRecv()], [sent - 2, sent - 1]);
          }),
        ));

      test("mpsc: what was sent arrives once and in order, the channel ends, all slots are free", () =>
        run(
          fn(function* (workers: Worker[]) {
            const [tx, rx] = mpsc.channel<[who: number, n: number]>(2);
            const sent = new Map<number, number>();
            const produce = fn(function* (who: number, { start, amount }: Worker) {
              using sender = tx.clone();
              yield* sleep(start);
              for (let n = 0; n < amount * 3; n++) {
                const permit = yield* sender.reserve();
                permit.send([who, n]);
                sent.set(who, n + 1);
              }
            });
            const consumer = spawn(function* () {
              const got = new Map<number, number>();
              for (let m = yield* rx.recv(); m !== undefined; m = yield* rx.recv()) {
                const [who, n] = m;
                assert.equal(n, got.get(who) ?? 0);
                got.set(who, n + 1);
                yield* sleep(1);
              }
              return got;
            });
            const handles = workers.map((each, who) => spawn(produce(who, each)));
            yield* abortAll(workers, handles);
            tx[Symbol.dispose]();
            assert.deepEqual([...(yield* consumer)].sort(), [...sent].sort());
            assert.deepEqual([rx.capacity, rx.senderStrongCount], [2, 0]);
          }),
        ));

      test("OnceCell: one initializer at a time, its cleanup included; the last one left has a value", () =>
        run(
          fn(function* (workers: Worker[]) {
            const cell = new OnceCell<number>();
            let running = 0;
            const make = fn(function* ({ hold, amount }: Worker) {
              assert.equal(running++, 0);
              try {
                yield* sleep(hold);
                if (amount === 1) throw new RangeError("no value");
                return amount;
              } finally {
                try {
                  yield* sleep(1);
                } finally {
                  running--;
                }
              }
            });
            const work = fn(function* (each: Worker) {
              yield* sleep(each.start);
              return yield* cell.getOrInit(() => make(each));
            });
            yield* abortAll(
              workers,
              workers.map((each) => spawn(work(each))),
            );
            assert.equal(running, 0);
            const last = { start: 0, hold: 1, abortAt: null, amount: 3 };
            assert.ok((yield* work(last)) >= 2);
          }),
        ));
    });
  });
}
