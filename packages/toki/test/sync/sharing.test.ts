import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Future, JoinError, MisuseError, ready, spawn, yieldNow } from "toki";
import { test as toki } from "toki/test";
import { CancellationToken } from "toki/util";
import { Gate } from "../support/gate.js";
import { implementations } from "./implementations.js";
import { now, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { Barrier, broadcast, Mutex, mpsc, Notify, OnceCell, oneshot, RwLock, Semaphore, SetOnce, watch } = module;

  describe(implementation, () => {
    const leaves: Record<string, () => { future: Future<unknown>; finish: () => void }> = {
      "Mutex.lock": () => {
        const mutex = new Mutex(0);
        const guard = mutex.tryLock();
        return { future: mutex.lock(), finish: () => guard.release() };
      },
      "RwLock.read": () => {
        const rwlock = new RwLock(0);
        const guard = rwlock.tryWrite();
        return { future: rwlock.read(), finish: () => guard.release() };
      },
      "RwLock.write": () => {
        const rwlock = new RwLock(0);
        const guard = rwlock.tryRead();
        return { future: rwlock.write(), finish: () => guard.release() };
      },
      "Barrier.wait": () => {
        const barrier = new Barrier(2);
        return { future: barrier.wait(), finish: () => now(barrier.wait()) };
      },
      "Semaphore.acquire": () => {
        const semaphore = new Semaphore(0);
        return { future: semaphore.acquire(), finish: () => semaphore.addPermits(1) };
      },
      "Notify.notified": () => {
        const notify = new Notify();
        return { future: notify.notified(), finish: () => notify.notifyOne() };
      },
      oneshot: () => {
        const [tx, rx] = oneshot<number>();
        return { future: rx, finish: () => tx.send(1) };
      },
      "OneshotSender.closed": () => {
        const [tx, rx] = oneshot<number>();
        return { future: tx.closed(), finish: () => rx.close() };
      },
      "Sender.send": () => {
        const [tx, rx] = mpsc.channel<number>(1);
        tx.trySend(1);
        return { future: tx.send(2), finish: () => void rx.tryRecv() };
      },
      "Sender.closed": () => {
        const [tx, rx] = mpsc.channel<number>(1);
        return { future: tx.closed(), finish: () => rx.close() };
      },
      "Receiver.recv": () => {
        const [tx, rx] = mpsc.channel<number>(1);
        return { future: rx.recv(), finish: () => tx.trySend(1) };
      },
      "Receiver.recvMany": () => {
        const [tx, rx] = mpsc.channel<number>(1);
        return { future: rx.recvMany(1), finish: () => tx.trySend(1) };
      },
      "BroadcastReceiver.recv": () => {
        const [tx, rx] = broadcast<number>(1);
        return { future: rx.recv(), finish: () => void tx.send(1) };
      },
      "BroadcastSender.closed": () => {
        const [tx, rx] = broadcast<number>(1);
        return { future: tx.closed(), finish: () => rx[Symbol.dispose]() };
      },
      "WatchReceiver.changed": () => {
        const [tx, rx] = watch(0);
        return { future: rx.changed(), finish: () => tx.send(1) };
      },
      "WatchReceiver.waitFor": () => {
        const [tx, rx] = watch(0);
        return { future: rx.waitFor((n) => n === 1), finish: () => tx.send(1) };
      },
      "WatchSender.closed": () => {
        const [tx, rx] = watch(0);
        return { future: tx.closed(), finish: () => rx[Symbol.dispose]() };
      },
      "OnceCell.getOrInit, in line": () => {
        const cell = new OnceCell<number>();
        const gate = new Gate<number>();
        const first = waiting(cell.getOrInit(() => gate));
        return {
          future: cell.getOrInit(() => ready(2)),
          finish: () => {
            gate.open(1);
            woken(first);
          },
        };
      },
      "OnceCell.getOrInit, at its initializer": () => {
        const gate = new Gate<number>();
        return { future: new OnceCell<number>().getOrInit(() => gate), finish: () => gate.open(1) };
      },
      "SetOnce.wait": () => {
        const once = new SetOnce<number>();
        return { future: once.wait(), finish: () => once.set(1) };
      },
      "CancellationToken.cancelled": () => {
        const token = new CancellationToken();
        return { future: token.cancelled(), finish: () => token.cancel() };
      },
    };

    describe("one future awaited by two tasks", () => {
      for (const [name, make] of Object.entries(leaves)) {
        test(
          `${name}: the second is refused, the first goes on`,
          toki(function* () {
            const { future, finish } = make();
            const first = spawn(function* () {
              yield* future;
              return "done";
            });
            yield* yieldNow();
            const second = spawn(function* () {
              yield* future;
            });
            try {
              yield* second;
              assert.fail("two tasks share a future");
            } catch (error) {
              assert.ok(error instanceof JoinError, String(error));
              assert.ok(error.cause instanceof MisuseError);
              assert.equal(error.cause.code, "TOKI_FUTURE_IN_USE");
            }
            finish();
            assert.equal(yield* first, "done");
          }),
        );
      }
    });
  });
}
