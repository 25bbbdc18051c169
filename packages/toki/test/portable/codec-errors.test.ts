import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { MisuseError, move } from "toki";
import { mpsc, SendError } from "toki/sync";
import * as errorsModule from "../../dist/portable/errors.js";
import { trip, tripArgs } from "./codec.support.js";

// Internal: not in the declarations.
const { decodeThrown, encodeThrown } = errorsModule as unknown as {
  decodeThrown(value: unknown): unknown;
  encodeThrown(thrown: unknown): unknown;
};

class QuotaError extends Error {
  readonly code = "QUOTA";
  readonly details = { used: 5, limit: new Map([["disk", 3]]) };
}
class Renamed extends TypeError {
  override readonly name = "RenamedError";
}

class Several extends AggregateError {
  override readonly name = "SeveralError";
}

/** What can be seen of an error, its causes included. */
function seen(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const prototype = Object.getPrototypeOf(error) as Error;
  return {
    class: prototype.constructor.name,
    name: error.name,
    message: error.message,
    stack: error.stack,
    hasCause: Object.hasOwn(error, "cause"),
    cause: seen(error.cause),
    errors: error instanceof AggregateError ? error.errors.map(seen) : undefined,
    properties: Object.fromEntries(Object.entries(error).map(([key, value]) => [key, seen(value)])),
  };
}

function thrower(): never {
  throw new Error("a getter");
}

const errors: Record<string, Error> = {
  plain: new Error("text"),
  empty: new Error(),
  "of each built-in class": new AggregateError(
    [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((Class) => new Class(Class.name)),
    "all",
  ),
  "of the program's class": new QuotaError("full"),
  "of the program's class of a built-in one": new Renamed("odd"),
  "of the library": new MisuseError("TOKI_BARE_YIELD", "no"),
  "with causes": new Error("a", { cause: new RangeError("b", { cause: { plain: [1, undefined] } }) }),
  "with a cause that is undefined": new Error("a", { cause: undefined }),
  "with a cause that cannot be sent": new Error("a", { cause: () => 1 }),
  "with values in an AggregateError": new AggregateError([1, "two", new AggregateError([new Error("in")])], "mixed"),
  "of a class of the program's of AggregateError": new Several([1, new QuotaError("in")], "several"),
  "with properties, some of which cannot be sent": Object.assign(new Error("p"), {
    code: "E_CODE",
    errno: -2,
    inner: new QuotaError("inner"),
    callback() {},
    deep: { callback() {} },
    list: [1],
  }),
  "with a payload": new SendError({ text: "unsent" }),
  "with a payload that cannot be sent": new mpsc.TrySendError("full", () => 1),
  "with a payload that is an error": new mpsc.SendTimeoutError("timeout", new SendError(new QuotaError("inner"))),
  "with getters that throw": Object.defineProperties(new Error("p"), {
    stack: { get: thrower },
    cause: { get: thrower },
    odd: { enumerable: true, get: thrower },
    kept: { enumerable: true, value: 1 },
  }),
  "that names no class": Object.assign(new TypeError("t"), { constructor: null }),
  "without a stack": Object.assign(new Error("s"), { stack: undefined }),
  "with a stack of several thousand characters": Object.assign(new Error("s"), { stack: "at place\n".repeat(1000) }),
};

const arrivals = [
  ["in messages", trip],
  ["by encodeThrown", (error: Error) => decodeThrown(structuredClone(encodeThrown(error))) as Error],
] as const;

describe("errors in messages keep what encodeThrown keeps", () => {
  for (const [name, error] of Object.entries(errors)) {
    test(name, () => {
      const expected = decodeThrown(structuredClone(encodeThrown(error)));
      assert.deepStrictEqual(seen(trip(error)), seen(expected));
      assert.ok(trip(error) instanceof Error);
    });
  }

  test("cause, stack, name and errors stay hidden, properties visible", () => {
    const back = trip(new AggregateError([1], "m", { cause: 2 }));
    assert.deepEqual(Object.keys(back), []);
    assert.deepEqual(Object.keys(trip(new QuotaError("full"))), ["code", "details"]);
  });

  for (const [name, arrive] of arrivals) {
    test(`a payload arrives ${name}, and stays hidden`, () => {
      const back = arrive(new mpsc.TrySendError("full", { text: "unsent" }));
      assert.ok(back instanceof mpsc.TrySendError);
      assert.deepEqual([back.kind, back.code, back.value], ["full", "TOKI_CHANNEL_FULL", { text: "unsent" }]);
      assert.equal(inspect(back).includes("unsent"), false);
      assert.equal((arrive(new SendError(back)) as SendError<Error>).value instanceof mpsc.TrySendError, true);
      const lost = arrive(new SendError(() => 1));
      assert.ok(lost instanceof SendError);
      assert.deepEqual([lost.code, lost.value], ["TOKI_CHANNEL_CLOSED", undefined]);
    });
  }

  const { SuppressedError: Suppressed } = globalThis as { SuppressedError?: SuppressedErrorConstructor };
  for (const [name, arrive] of arrivals) {
    test(`two errors at once arrive ${name}, and stay hidden`, { skip: Suppressed === undefined }, () => {
      const back = arrive(new Suppressed!(new RangeError("later"), "earlier", "both")) as SuppressedError;
      assert.ok(back instanceof Suppressed!);
      assert.deepEqual([back.message, back.error.name, back.suppressed], ["both", "RangeError", "earlier"]);
      assert.deepEqual(Object.keys(back), []);
    });

    test(`errors that lead back to what they are of arrive ${name}`, () => {
      const whole: AggregateError & { again?: Error } = new AggregateError([], "whole");
      whole.again = whole;
      whole.errors = Array.from({ length: 10 }, (_, i) => Object.assign(new Error(String(i)), { whole }));
      const back = arrive(whole) as typeof whole;
      assert.equal(back.again, back);
      assert.deepEqual(
        back.errors.map(({ message, whole }) => [message, whole === back]),
        whole.errors.map(({ message }) => [message, true]),
      );
    });
  }

  test("what could not go with an error stays here, although it was marked by move", () => {
    const bytes = move(new Uint8Array([1, 2]));
    assert.equal(Object.keys(trip(Object.assign(new Error("e"), { with: { bytes, callback() {} } }))).length, 0);
    assert.equal(bytes.length, 2);
  });

  test("one error twice arrives as one, and leads back to itself", () => {
    const root: Error & { self?: unknown; context?: unknown } = new Error("root");
    root.self = root;
    root.context = { of: root };
    const outer = new Error("outer", { cause: root });
    const [a, b] = tripArgs(outer, { root }) as [Error, { root: typeof root }];
    assert.equal(a.cause, b.root);
    assert.equal(b.root.self, b.root);
    assert.deepEqual((b.root.context as { of: Error }).of, b.root);
    const cyclic = new Error("cyclic");
    cyclic.cause = cyclic;
    const back = trip(cyclic);
    assert.equal(back.cause, back);
  });

  test("a chain of causes is cut where encodeThrown cuts it", () => {
    let error = new Error("0");
    for (let i = 1; i < 10_000; i++) error = new Error(String(i), { cause: error });
    let length = 0;
    for (let at: unknown = trip(error); at !== undefined; at = (at as Error).cause) length++;
    assert.equal(length, 17);
  });

  test("a DOMException stays one", () => {
    const error = new DOMException("stopped", "AbortError");
    const back = trip(error);
    assert.ok(back instanceof DOMException);
    assert.deepEqual(
      [back.name, back.message, back.code, back.stack],
      ["AbortError", "stopped", DOMException.ABORT_ERR, error.stack],
    );
  });

  test("an object that looks like an encoded error is a plain object", () => {
    const lookalike = { isError: true, className: "Error", name: "x", message: "y", properties: {} };
    assert.deepStrictEqual(trip(lookalike), lookalike);
    const properties = { a: lookalike, b: { isError: true }, c: { isError: true, plain: 1 } };
    for (const thrown of [...Object.values(properties), Object.assign(new Error("e"), properties)]) {
      assert.deepStrictEqual(decodeThrown(structuredClone(encodeThrown(thrown))), thrown);
    }
  });
});
