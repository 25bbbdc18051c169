import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fn, join, pending, Runtime, select, sleep, spawn, taskId, tryTaskId, yieldNow } from "toki";
import { test } from "toki/test";
import { flavors } from "../support/flavors.js";
import { outcomeOf, settle } from "./support.js";

for (const { name, options, canPause } of flavors) {
  describe(`task ids [${name}]`, () => {
    it(
      "are those of the handles, unique, and growing",
      test(function* () {
        const handles = Array.from({ length: 100 }, () =>
          spawn(function* () {
            const id = taskId();
            yield* yieldNow();
            assert.equal(taskId(), id);
            return id;
          }),
        );
        const ids: number[] = [];
        for (const handle of handles) {
          assert.equal(yield* handle, handle.id);
          ids.push(handle.id);
        }
        assert.equal(new Set(ids).size, 100);
        assert.deepEqual(
          ids,
          ids.toSorted((a, b) => a - b),
        );
      }, options),
    );

    it(
      "are the same in everything a task awaits, and its own again after a join that ran another task",
      test(function* () {
        yield* spawn(function* () {
          const own = taskId();
          const nested = fn(function* nested() {
            yield* yieldNow();
            return taskId();
          });
          assert.equal(yield* nested(), own);
          assert.deepEqual(yield* join(nested(), nested()), [own, own]);
          const { value } = yield* select({ only: nested() });
          assert.equal(value, own);
          const child = spawn(nested());
          assert.equal(yield* child, child.id);
          assert.equal(taskId(), own);
        });
      }, options),
    );

    it(
      "there is none in the body of run and main",
      test(function* () {
        assert.equal(tryTaskId(), undefined);
        assert.throws(() => taskId(), /not inside a task \(the body of main\(\), run\(\) and blockOn\(\) is not one\)/);
        yield* yieldNow();
        assert.equal(tryTaskId(), undefined);
      }, options),
    );

    it(
      "is there in cleanup, also in cleanup that awaits",
      test(function* () {
        const seen: (number | undefined)[] = [];
        const handle = spawn(function* () {
          try {
            yield* pending();
          } finally {
            seen.push(tryTaskId());
            yield* yieldNow();
            seen.push(tryTaskId());
          }
        });
        yield* settle();
        handle.abort();
        yield* outcomeOf(handle);
        assert.deepEqual(seen, [handle.id, handle.id]);
      }, options),
    );

    if (canPause)
      it(
        "is there in cleanup that is cut short",
        test(
          function* () {
            const seen: (number | undefined)[] = [];
            const handle = spawn(function* () {
              try {
                yield* pending();
              } finally {
                try {
                  yield* sleep(60_000);
                } finally {
                  seen.push(tryTaskId());
                }
              }
            });
            yield* settle();
            handle.abort({ cleanupTimeout: 1 });
            assert.match(yield* outcomeOf(handle), /was cancelled/);
            assert.deepEqual(seen, [handle.id]);
          },
          { ...options, startPaused: true },
        ),
      );
  });
}

describe("taskId", () => {
  it("throws outside of everything, tryTaskId does not", () => {
    assert.throws(() => taskId(), /taskId: not inside a task/);
    assert.equal(tryTaskId(), undefined);
  });

  it("there is none in the body of blockOn", async () => {
    await using rt = new Runtime();
    assert.equal(
      rt.blockOn(function* () {
        return tryTaskId();
      }),
      undefined,
    );
  });
});
