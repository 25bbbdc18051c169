import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Future, fn, pending, Runtime, spawn } from "toki";
import { outcomeOf, pause } from "../cancellation/scene.js";

/*
 * In a file of its own: the warning looks at every suspension of a young process, later at one in thousands.
 */

function nextWarning(): Promise<Error & { code?: string }> {
  return new Promise((resolve) => {
    process.once("warning", resolve as (warning: Error) => void);
  });
}

function* helper() {
  yield* pause();
  return "value";
}

describe("a raw generator delegated to", () => {
  test("works, and is warned of once, with what to write instead", async () => {
    const warnings: Error[] = [];
    const collect = (warning: Error) => void warnings.push(warning);
    process.on("warning", collect);
    const warned = nextWarning();
    const rt = new Runtime();
    for (let i = 0; i < 3; i++) {
      const value = await rt.run(function* program() {
        return yield* helper();
      });
      assert.equal(value, "value");
    }
    const warning = await warned;
    await rt.shutdown();
    process.off("warning", collect);
    assert.equal(warning.name, "TokiWarning");
    assert.equal(warning.code, "TOKI_RAW_DELEGATION");
    assert.match(warning.message, /helper/);
    assert.match(warning.message, /fn\(function\* \(\) \{\.\.\.\}\)|Future\.from/);
    assert.equal(warnings.length, 1);
  });

  test("its synchronous cleanup runs when it is cancelled", async () => {
    const log: string[] = [];
    function* guarded() {
      try {
        yield* pending();
      } finally {
        log.push("cleanup");
      }
    }
    const rt = new Runtime();
    const outcome = await rt.run(function* () {
      const task = spawn(function* () {
        try {
          yield* guarded();
          log.push("not reached");
        } finally {
          log.push("outer");
        }
      });
      yield* pause();
      yield* pause();
      task.abort();
      return yield* outcomeOf(task);
    });
    await rt.shutdown();
    assert.equal(outcome, "cancelled");
    assert.deepEqual(log, ["cleanup", "outer"]);
  });

  test("passed to spawn, join and the like: warned of, with the name of the place", async () => {
    const warned = nextWarning();
    const rt = new Runtime();
    await rt.run(function* () {
      yield* spawn(helper());
    });
    await rt.shutdown();
    const warning = await warned;
    assert.equal(warning.code, "TOKI_RAW_GENERATOR");
    assert.match(warning.message, /^spawn: got a raw generator object\. Pass the `function\*` itself/);
  });

  test("wrapped with Future.from, or made by fn: nothing is said", async () => {
    const warnings: Error[] = [];
    const collect = (warning: Error) => void warnings.push(warning);
    process.on("warning", collect);
    const wrapped = fn(function* wrapped() {
      return yield* Future.from(helper());
    });
    const rt = new Runtime();
    await rt.run(function* () {
      yield* wrapped();
      yield* Future.from(helper());
    });
    await rt.shutdown();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", collect);
    assert.deepEqual(warnings, []);
  });
});
