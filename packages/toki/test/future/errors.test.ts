import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Context,
  Future,
  fn,
  JoinError,
  join,
  Pending,
  type Poll,
  Runtime,
  type Suspend,
  select,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { pause } from "../cancellation/scene.js";

async function errorOf(body: () => Generator<Suspend, unknown, unknown>): Promise<Error> {
  const rt = new Runtime();
  try {
    await rt.run(body);
  } catch (error) {
    return error as Error;
  } finally {
    await rt.shutdown();
  }
  assert.fail("nothing was thrown");
}

/** The functions of this file that a stack names, from the inside out: `name`, or `async name` for a suspended caller. */
function namesIn(error: Error): string[] {
  const lines = String(error.stack).split("\n    at ").slice(1);
  return lines
    .filter((line) => line.includes("errors.test.") && !line.includes("TestContext"))
    .map((line) => line.replace(/ \(.*$/s, ""));
}

const failNow = fn(function* failNow(): Generator<Suspend, never, unknown> {
  throw new Error("boom");
});

const failLater = fn(function* failLater(): Generator<Suspend, never, unknown> {
  yield* pause();
  throw new Error("boom");
});

const middle = fn(function* middle(inner: () => Future<unknown>) {
  return yield* inner();
});

const outer = fn(function* outer(inner: () => Future<unknown>) {
  return yield* middle(inner);
});

describe("an error", () => {
  test("is the same object at every depth, and outside", async () => {
    const thrown = new Error("boom");
    const seen: unknown[] = [];
    const fail = fn(function* (depth: number): Generator<Suspend, void, unknown> {
      try {
        if (depth > 0) yield* fail(depth - 1);
        else {
          yield* pause();
          throw thrown;
        }
      } catch (error) {
        seen.push(error);
        throw error;
      }
    });
    const rejected = await errorOf(function* () {
      yield* fail(3);
    });
    assert.equal(rejected, thrown);
    assert.deepEqual(
      seen.map((error) => error === thrown),
      [true, true, true, true],
    );
  });

  test("that is caught goes no further", async () => {
    const rt = new Runtime();
    const value = await rt.run(function* () {
      try {
        yield* outer(failLater);
      } catch (error) {
        return `caught ${(error as Error).message}`;
      }
      return "not reached";
    });
    await rt.shutdown();
    assert.equal(value, "caught boom");
  });

  test("that is no Error passes unchanged", async () => {
    for (const thrown of ["text", 42, undefined, null, { code: 1 }]) {
      const rt = new Runtime();
      const rejected = await rt
        .run(function* () {
          yield* middle(() =>
            Future.from(function* () {
              yield* pause();
              throw thrown;
            }),
          );
        })
        .then(
          () => assert.fail("nothing was thrown"),
          (error) => error,
        );
      await rt.shutdown();
      assert.equal(rejected, thrown);
    }
  });

  test("that is frozen passes unchanged", async () => {
    const frozen = Object.freeze(new Error("frozen"));
    const rejected = await errorOf(function* () {
      yield* middle(() =>
        Future.from(function* () {
          yield* pause();
          throw frozen;
        }),
      );
    });
    assert.equal(rejected, frozen);
  });

  test("of a hand-written future's poll, after a wake, goes to the await", async () => {
    class Late extends Future<void> {
      #polled = false;

      poll(cx: Context): Poll<void> {
        if (this.#polled) throw new Error("late");
        this.#polled = true;
        cx.waker.wake();
        return Pending;
      }
    }
    const rejected = await errorOf(function* () {
      yield* middle(() => new Late());
    });
    assert.equal(rejected.message, "late");
  });
});

describe("the stack of an error", () => {
  test("thrown after an await names the callers, that are suspended, as async", async () => {
    const error = await errorOf(function* program() {
      yield* outer(failLater);
    });
    assert.deepEqual(namesIn(error).slice(0, 1), ["failLater"]);
    const asyncLines = String(error.stack)
      .split("\n    at ")
      .filter((line) => line.startsWith("async "))
      .map((line) => line.replace(/ \(.*$/s, ""));
    assert.deepEqual(asyncLines, ["async middle", "async outer", "async program"]);
  });

  test("its async lines say where the functions were defined", async () => {
    const error = await errorOf(function* program() {
      yield* outer(failLater);
    });
    assert.match(String(error.stack), /^ {4}at async middle \(\S*errors\.test\.js:\d+:\d+\)$/m);
  });

  test("thrown before any await has the callers as native lines", async () => {
    const error = await errorOf(function* program() {
      yield* outer(failNow);
    });
    assert.deepEqual(namesIn(error).slice(0, 2), ["failNow", "middle"]);
  });

  test("thrown before any await, six calls down, names all six", async () => {
    const one = fn(function* one() {
      yield* failNow();
    });
    const two = fn(function* two() {
      yield* one();
    });
    const three = fn(function* three() {
      yield* two();
    });
    const four = fn(function* four() {
      yield* three();
    });
    const error = await errorOf(function* program() {
      yield* four();
    });
    for (const name of ["failNow", "one", "two", "three", "four", "program"]) {
      assert.match(String(error.stack), new RegExp(`at (async )?${name} \\(|at (async )?${name}$`, "m"));
    }
  });

  test("thrown in a call made after a resume has both: native lines, then async ones", async () => {
    const late = fn(function* late() {
      yield* pause();
      yield* middle(failNow);
    });
    const error = await errorOf(function* program() {
      yield* outer(late);
    });
    const stack = String(error.stack);
    const order = ["at failNow", "at middle", "at late", "at async middle", "at async outer", "at async program"];
    const positions = order.map((line) => stack.indexOf(line));
    assert.deepEqual(
      positions.filter((position) => position < 0),
      [],
      stack,
    );
    assert.deepEqual(
      positions,
      [...positions].sort((a, b) => a - b),
    );
  });

  test("begins at the line that threw", async () => {
    const error = await errorOf(function* () {
      yield* outer(failLater);
    });
    assert.match(String(error.stack).split("\n")[1] ?? "", /at failLater \(\S*errors\.test\.js:\d+:\d+\)/);
  });

  test("is completed once, however often it is caught and thrown again", async () => {
    const again = fn(function* again(): Generator<Suspend, void, unknown> {
      try {
        yield* failLater();
      } catch (error) {
        yield* pause();
        throw error;
      }
    });
    const error = await errorOf(function* program() {
      yield* outer(again);
    });
    const lines = String(error.stack).split("\n");
    assert.equal(lines.filter((line) => line.includes("at async again")).length, 1);
    assert.equal(lines.filter((line) => line.includes("at async program")).length, 1);
  });

  test("of a deep chain is cut after ten callers", async () => {
    const deep = fn(function* (depth: number): Generator<Suspend, void, unknown> {
      yield* pause();
      if (depth === 0) throw new Error("deep");
      yield* deep(depth - 1);
    });
    const error = await errorOf(function* () {
      yield* deep(100);
    });
    assert.equal(
      String(error.stack)
        .split("\n")
        .filter((line) => line.includes("at async")).length,
      10,
    );
  });

  test("through a task, a join, a select and a timeout names the functions on the way", async () => {
    for (const wrap of [
      (inner: Future<unknown>) => join(inner),
      (inner: Future<unknown>) => select({ inner }),
      (inner: Future<unknown>) => timeout(60_000, inner),
    ]) {
      const error = await errorOf(function* program() {
        yield* wrap(outer(failLater));
      });
      assert.match(String(error.stack), /at failLater[\s\S]*at async middle[\s\S]*at async outer/);
    }
    const error = await errorOf(function* program() {
      yield* spawn(outer(failLater));
    });
    assert.ok(error instanceof JoinError);
    assert.match(String((error.cause as Error).stack), /at failLater[\s\S]*at async middle[\s\S]*at async outer/);
  });

  test("of Toki's own control flow is short", async () => {
    const elapsed = await errorOf(function* program() {
      yield* outer(() => timeout(0, yieldNowForever()));
    });
    assert.equal(elapsed.name, "ElapsedError");
    assert.doesNotMatch(String(elapsed.stack), /at async/);
  });
});

const yieldNowForever = fn(function* yieldNowForever() {
  for (;;) yield* yieldNow();
});

describe("an error that throws when it is looked at", () => {
  const hostile: Record<string, () => Error> = {
    "by its stack": () => Object.defineProperty(new Error("boom"), "stack", { get: () => assert.fail("looked at") }),
    "by its message": () =>
      Object.defineProperty(new TypeError("boom"), "message", { get: () => assert.fail("looked at") }),
  };
  for (const [how, make] of Object.entries(hostile)) {
    test(`${how}: goes its way, and nothing else is disturbed`, async () => {
      const error = make();
      const log: string[] = [];
      const fail = fn(function* fail(): Generator<Suspend, never, unknown> {
        yield* pause();
        throw error;
      });
      const caller = fn(function* caller() {
        try {
          yield* fail();
        } catch (caught) {
          log.push(`caught ${caught === error}`);
          throw caught;
        } finally {
          log.push("finally");
        }
      });
      const thrown = await errorOf(function* program() {
        yield* caller();
      });
      assert.ok(thrown === error);
      assert.deepEqual(log, ["caught true", "finally"]);
    });
  }
});
