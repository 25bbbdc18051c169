import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, InvalidArgumentError, MisuseError, spawn, yieldNow } from "toki";
import { assertErr, assertPending, assertReadyErr, testTask, test as toki } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { Barrier } = module;

  describe(implementation, () => {
    describe("Barrier", () => {
      test("of none or one: nobody waits, everybody leads", () => {
        for (const n of [0, 1]) {
          const barrier = new Barrier(n);
          for (let i = 0; i < 3; i++) assert.deepEqual(now(barrier.wait()), { isLeader: true });
        }
      });

      test("of two: the second lets the first go", () => {
        const barrier = new Barrier(2);
        const first = waiting(barrier.wait());
        stillWaiting(first);
        assert.equal(now(barrier.wait()).isLeader, true);
        assert.equal(woken(first).isLeader, false);
      });

      test("of many, again and again, with one leader each time", () => {
        const barrier = new Barrier(100);
        for (let round = 0; round < 5; round++) {
          const waits = Array.from({ length: 99 }, () => waiting(barrier.wait()));
          for (const wait of waits) stillWaiting(wait);
          assert.equal(now(barrier.wait()).isLeader, true);
          for (const wait of waits) assert.equal(woken(wait).isLeader, false);
        }
      });

      test("who is let go and has not been polled yet does not count for the next round", () => {
        const barrier = new Barrier(2);
        const first = waiting(barrier.wait());
        now(barrier.wait());
        const next = waiting(barrier.wait());
        assert.equal(woken(first).isLeader, false);
        stillWaiting(next);
        assert.equal(now(barrier.wait()).isLeader, true);
        woken(next);
      });

      test("is reached at the first poll, not at the call", () => {
        const barrier = new Barrier(2);
        const [unpolled, other] = [barrier.wait(), barrier.wait()];
        const first = waiting(other);
        assert.equal(now(unpolled).isLeader, true);
        woken(first);
      });

      test("dropped without a poll, it has not arrived", () => {
        const barrier = new Barrier(2);
        barrier.wait()[Symbol.dispose]();
        const first = waiting(barrier.wait());
        now(barrier.wait());
        woken(first);
      });

      for (const { name, drop } of drops) {
        test(`${name} while waiting, it still counts`, () => {
          const barrier = new Barrier(3);
          const [a, b] = [waiting(barrier.wait()), waiting(barrier.wait())];
          drop(a);
          stillWaiting(b);
          assert.equal(now(barrier.wait()).isLeader, true);
          assert.equal(a.isWoken, false);
          assert.equal(woken(b).isLeader, false);
          waiting(barrier.wait());
        });

        test(`all ${name} while waiting, the next to arrive goes on`, () => {
          const barrier = new Barrier(3);
          const waits = [waiting(barrier.wait()), waiting(barrier.wait())];
          for (const wait of waits) drop(wait);
          assert.equal(now(barrier.wait()).isLeader, true);
        });

        test(`${name} after it was let go, nothing is passed on`, () => {
          const barrier = new Barrier(2);
          const first = waiting(barrier.wait());
          now(barrier.wait());
          drop(first);
          const next = waiting(barrier.wait());
          stillWaiting(next);
        });
      }

      test("polled after completion throws", () => {
        const barrier = new Barrier(2);
        const first = waiting(barrier.wait());
        const leader = testTask(barrier.wait());
        leader.poll();
        woken(first);
        for (const task of [first, leader]) assert.ok(assertReadyErr(() => task.poll()) instanceof MisuseError);
        const next = waiting(barrier.wait()); // and has not arrived again
        stillWaiting(next);
      });

      test("takes part in the cooperative budget, and arrives once however often it is polled without any", () => {
        const barrier = new Barrier(1);
        let rounds = 0;
        const task = testTask(
          fn(function* () {
            for (; rounds < 200; rounds++) yield* barrier.wait();
          })(),
        );
        assertPending(task.poll());
        assert.equal(rounds, 128);
      });

      test("takes how many have to arrive", () => {
        for (const n of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "2" as unknown as number]) {
          const error = assertErr(() => new Barrier(n));
          assert.ok(error instanceof InvalidArgumentError);
          assert.match(error.message, /^new Barrier: n must be an integer/);
        }
      });

      test(
        "keeps tasks in step",
        toki(function* () {
          const barrier = new Barrier(5);
          const log: number[] = [];
          let leaders = 0;
          const tasks = [0, 1, 2, 3, 4].map((who) =>
            spawn(function* () {
              for (let round = 0; round < 10; round++) {
                for (let i = 0; i < (who * round) % 7; i++) yield* yieldNow();
                log.push(round);
                if ((yield* barrier.wait()).isLeader) leaders++;
              }
            }),
          );
          for (const task of tasks) yield* task;
          assert.deepEqual(
            log,
            log.toSorted((a, b) => a - b),
          );
          assert.deepEqual([log.length, leaders], [50, 10]);
        }),
      );
    });
  });
}
