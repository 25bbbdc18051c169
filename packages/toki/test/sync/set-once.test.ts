import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { join, MisuseError, spawn, yieldNow } from "toki";
import { assertErr, assertReady, assertReadyErr, testTask, test as toki } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { DisposedError, SetOnce, SetOnceError } = module;

  describe(implementation, () => {
    describe("SetOnce.set", () => {
      test("once; the second value comes back with the error", () => {
        const once = new SetOnce<{ n: number }>();
        assert.deepEqual([once.get(), once.initialized], [undefined, false]);
        once.set({ n: 1 });
        assert.deepEqual([once.get(), once.initialized], [{ n: 1 }, true]);
        const value = { n: 2 };
        const error = assertErr(() => once.set(value));
        assert.ok(error instanceof SetOnceError, String(error));
        assert.equal(error.value, value);
        assert.deepEqual([error.code, error.message], ["TOKI_ALREADY_INITIALIZED", "already set"]);
        assert.deepEqual(once.get(), { n: 1 });
      });

      test("a value may be undefined", () => {
        const once = new SetOnce<number | undefined>();
        const wait = waiting(once.wait());
        once.set(undefined);
        assert.equal(woken(wait), undefined);
        assert.deepEqual([once.initialized, now(once.wait())], [true, undefined]);
        assert.ok(assertErr(() => once.set(1)) instanceof SetOnceError);
      });
    });

    test("new SetOnce may start set; undefined is not", () => {
      assert.equal(now(new SetOnce(1).wait()), 1);
      assert.ok(assertErr(() => new SetOnce(1).set(2)) instanceof SetOnceError);
      assert.equal(new SetOnce(undefined).initialized, false);
    });

    describe("SetOnce.wait", () => {
      test("for all, early and late", () => {
        const once = new SetOnce<number>();
        const early = [1, 2, 3].map(() => waiting(once.wait()));
        const unpolled = testTask(once.wait());
        for (const wait of early) stillWaiting(wait);
        once.set(7);
        for (const wait of early) assert.equal(woken(wait), 7);
        assert.equal(assertReady(unpolled.poll()), 7);
        assert.equal(now(once.wait()), 7);
      });

      for (const { name, drop } of drops) {
        test(`${name}: the others wait on, and the value is not lost`, () => {
          const once = new SetOnce<number>();
          const [a, b, c] = [waiting(once.wait()), waiting(once.wait()), waiting(once.wait())];
          drop(b);
          once.set(1);
          assert.equal(b.isWoken, false);
          drop(a);
          assert.equal(woken(c), 1);
          assert.equal(now(once.wait()), 1);
        });
      }

      test("polled after completion throws", () => {
        const task = testTask(new SetOnce(1).wait());
        assertReady(task.poll());
        assert.ok(assertReadyErr(() => task.poll()) instanceof MisuseError);
      });
    });

    describe("SetOnce.intoInner", () => {
      test("gives the value, if there is one, and ends it", () => {
        const once = new SetOnce({ n: 1 });
        assert.deepEqual(once.intoInner(), { n: 1 });
        for (const call of [() => once.get(), () => once.set({ n: 2 }), () => once.wait(), () => once.intoInner()]) {
          assert.ok(assertErr(call) instanceof DisposedError, String(call));
        }
        assert.equal(once.initialized, false);
        assert.equal(new SetOnce<number>().intoInner(), undefined);
      });

      test("who waits fails", () => {
        const once = new SetOnce<number>();
        const wait = waiting(once.wait());
        const told = new SetOnce<number>();
        const late = waiting(told.wait());
        once.intoInner();
        told.set(1);
        told.intoInner();
        for (const task of [wait, late]) {
          assert.equal(task.isWoken, true);
          assert.ok(assertReadyErr(() => task.poll()) instanceof DisposedError);
        }
      });
    });

    test(
      "between tasks",
      toki(function* () {
        const once = new SetOnce<string>();
        const readers = [spawn(once.wait()), spawn(once.wait())] as const;
        yield* yieldNow();
        spawn(function* () {
          once.set("ready");
        });
        assert.deepEqual(yield* join(...readers), ["ready", "ready"]);
      }),
    );
  });
}
