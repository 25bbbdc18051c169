import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Handle, pending, ready, sleep, spawn, yieldNow } from "toki";
import { testBlockOn } from "toki/test";

describe("testBlockOn()", () => {
  test("gives the value, synchronously", () => {
    assert.equal(testBlockOn(ready(42)), 42);
    assert.equal(
      testBlockOn(function* () {
        yield* sleep(1);
        return "slept";
      }),
      "slept",
    );
  });

  test("runs tasks on a current-thread runtime of its own", () => {
    const flavor = testBlockOn(function* () {
      return yield* spawn(function* () {
        yield* yieldNow();
        return Handle.current().flavor;
      });
    });
    assert.equal(flavor, "currentThread");
    assert.equal(Handle.tryCurrent(), undefined);
  });

  test("throws what the future throws", () => {
    assert.throws(
      () =>
        testBlockOn(function* () {
          throw new RangeError("wrong");
        }),
      RangeError,
    );
  });

  test("cancels tasks that are left: their synchronous cleanup has run when it returns", () => {
    const log: string[] = [];
    testBlockOn(function* () {
      spawn(function* () {
        try {
          try {
            yield* pending();
          } finally {
            log.push("awaits");
            yield* pending();
            log.push("not reached");
          }
        } finally {
          log.push("outer");
        }
      });
      yield* yieldNow();
    });
    assert.deepEqual(log, ["awaits", "outer"]);
  });

  test("refuses what is not a future", () => {
    assert.throws(() => testBlockOn(5 as never), { code: "TOKI_NOT_A_FUTURE" });
  });
});
