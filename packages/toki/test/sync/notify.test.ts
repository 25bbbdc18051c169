import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MisuseError, spawn, yieldNow } from "toki";
import type { Notify } from "toki/sync";
import { assertPending, assertReady, assertReadyErr, testTask, test as toki } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { Notify } = module;

  describe(implementation, () => {
    describe("Notify.notifyOne", () => {
      test("a new Notify has no permit stored", () => {
        waiting(new Notify().notified());
      });

      test("wakes the oldest waiter", () => {
        const notify = new Notify();
        const [a, b] = [waiting(notify.notified()), waiting(notify.notified())];
        notify.notifyOne();
        woken(a);
        stillWaiting(b);
        notify.notifyOne();
        woken(b);
      });

      test("stores at most one permit", () => {
        const notify = new Notify();
        notify.notifyOne();
        notify.notifyOne();
        now(notify.notified());
        waiting(notify.notified());
      });

      test("the order of polls counts, not that of creation", () => {
        const notify = new Notify();
        const [first, second] = [testTask(notify.notified()), testTask(notify.notified())];
        assertPending(second.poll());
        assertPending(first.poll());
        notify.notifyOne();
        assert.equal(first.isWoken, false);
        woken(second);
      });

      test("a stored permit goes to the first that polls", () => {
        const notify = new Notify();
        const [first, second] = [testTask(notify.notified()), testTask(notify.notified())];
        notify.notifyOne();
        assertReady(second.poll());
        assertPending(first.poll());
      });

      test(
        "between tasks",
        toki(function* () {
          const notify = new Notify();
          const log: string[] = [];
          const task = spawn(function* () {
            yield* notify.notified();
            log.push("notified");
          });
          yield* yieldNow();
          notify.notifyOne();
          yield* task;
          assert.deepEqual(log, ["notified"]);
        }),
      );
    });

    describe("Notify.notifyLast", () => {
      test("wakes the newest waiter", () => {
        const notify = new Notify();
        const [a, b] = [waiting(notify.notified()), waiting(notify.notified())];
        notify.notifyLast();
        woken(b);
        stillWaiting(a);
      });

      test("stores a permit when nobody waits", () => {
        const notify = new Notify();
        notify.notifyLast();
        now(notify.notified());
        waiting(notify.notified());
      });
    });

    describe("Notify.notifyWaiters", () => {
      test("completes every notified() that was created, polled or not", () => {
        const notify = new Notify();
        const polled = waiting(notify.notified());
        const unpolled = testTask(notify.notified());
        notify.notifyWaiters();
        woken(polled);
        assertReady(unpolled.poll());
      });

      test("stores nothing", () => {
        const notify = new Notify();
        notify.notifyWaiters();
        waiting(notify.notified());
      });

      test("leaves a stored permit alone, also for an unpolled notified()", () => {
        const notify = new Notify();
        const unpolled = testTask(notify.notified());
        notify.notifyOne();
        notify.notifyWaiters();
        assertReady(unpolled.poll()); // by the broadcast
        now(notify.notified()); // by the permit
        waiting(notify.notified());
      });

      test("does not concern those who join while it wakes", () => {
        const notify = new Notify();
        const a = waiting(notify.notified());
        notify.notifyWaiters();
        const b = waiting(notify.notified());
        woken(a);
        stillWaiting(b);
      });
    });

    describe("Notified.enable", () => {
      test("joins the line before the first poll", () => {
        const notify = new Notify();
        const early = notify.notified();
        assert.equal(early.enable(), false);
        assert.equal(early.enable(), false);
        const late = waiting(notify.notified());
        notify.notifyOne();
        now(early);
        stillWaiting(late);
      });

      test("true when a permit was stored, and consumes it; the await is ready", () => {
        const notify = new Notify();
        notify.notifyOne();
        const notified = notify.notified();
        assert.equal(notified.enable(), true);
        assert.equal(notified.enable(), true);
        waiting(notify.notified());
        now(notified);
      });

      test("true after a notifyWaiters since creation", () => {
        const notify = new Notify();
        const notified = notify.notified();
        notify.notifyWaiters();
        assert.equal(notified.enable(), true);
        now(notified);
      });

      test("finds out that it was notified meanwhile", () => {
        const notify = new Notify();
        const notified = notify.notified();
        notified.enable();
        notify.notifyOne();
        assert.equal(notified.enable(), true);
        now(notified);
        assert.equal(notified.enable(), true);
      });

      test("keeps the waker of a poll", () => {
        const notify = new Notify();
        const notified = notify.notified();
        const task = waiting(notified);
        notified.enable();
        notify.notifyOne();
        woken(task);
      });
    });

    describe("cancel safety of Notify.notified", () => {
      for (const { name, drop } of drops) {
        test(`${name} while waiting, loses its place only`, () => {
          const notify = new Notify();
          const [a, b] = [waiting(notify.notified()), waiting(notify.notified())];
          drop(a);
          notify.notifyOne();
          assert.equal(a.isWoken, false);
          woken(b);
        });

        test(`${name} notified by notifyOne, passes it to the oldest, or stores it`, () => {
          const notify = new Notify();
          const [a, b, c] = [waiting(notify.notified()), waiting(notify.notified()), waiting(notify.notified())];
          notify.notifyOne();
          drop(a);
          assert.deepEqual([b.isWoken, c.isWoken], [true, false]);
          drop(b);
          assert.equal(c.isWoken, true);
          drop(c);
          now(notify.notified());
          waiting(notify.notified());
        });

        test(`${name} notified by notifyLast, passes it to the newest`, () => {
          const notify = new Notify();
          const [a, b, c] = [waiting(notify.notified()), waiting(notify.notified()), waiting(notify.notified())];
          notify.notifyLast();
          drop(c);
          assert.deepEqual([a.isWoken, b.isWoken], [false, true]);
        });

        test(`${name} notified by notifyWaiters, passes nothing on`, () => {
          const notify = new Notify();
          const a = waiting(notify.notified());
          notify.notifyWaiters();
          const b = waiting(notify.notified());
          drop(a);
          stillWaiting(b);
        });

        test(`${name} unpolled, leaves a stored permit alone`, () => {
          const notify = new Notify();
          const unpolled = testTask(notify.notified());
          notify.notifyOne();
          drop(unpolled);
          now(notify.notified());
        });

        test(`${name} after enable, leaves the line`, () => {
          const notify = new Notify();
          const a = testTask(notify.notified());
          a.enter((_cx, future) => (future as ReturnType<Notify["notified"]>).enable());
          const b = waiting(notify.notified());
          drop(a);
          notify.notifyOne();
          woken(b);
        });
      }

      test("polled after completion throws", () => {
        const notify = new Notify();
        notify.notifyOne();
        const task = testTask(notify.notified());
        assertReady(task.poll());
        assert.ok(assertReadyErr(() => task.poll()) instanceof MisuseError);
      });
    });
  });
}
