import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Instant, Pending, type Poll, Runtime, sleep } from "toki";
import {
  AssertionError,
  assertElapsed,
  assertErr,
  assertOk,
  assertPending,
  assertReady,
  assertReadyEq,
  assertReadyErr,
  assertReadyOk,
} from "toki/test";

/** The AssertionError that `callback` throws. */
function failureOf(callback: () => unknown): AssertionError {
  try {
    callback();
  } catch (error) {
    assert.ok(error instanceof AssertionError, String(error));
    assert.equal(error.name, "AssertionError");
    assert.equal(error.code, "TOKI_ASSERTION");
    return error;
  }
  assert.fail("nothing was thrown");
}

const throwing = () => {
  throw new RangeError("out of range");
};

describe("assertReady()", () => {
  test("gives the value back, undefined included", () => {
    assert.equal(assertReady(42 as Poll<number>), 42);
    assert.equal(assertReady(undefined as Poll<void>), undefined);
  });

  test("fails for Pending, with the message in front", () => {
    assert.equal(failureOf(() => assertReady(Pending)).message, "the future is pending");
    assert.equal(failureOf(() => assertReady(Pending, "first poll")).message, "first poll: the future is pending");
  });

  test("points at the line that called it", () => {
    const { stack } = failureOf(() => assertReady(Pending));
    assert.match(String(stack).split("\n")[1] ?? "", /assert\.test\.js/);
  });
});

describe("assertPending()", () => {
  test("passes for Pending only", () => {
    assertPending(Pending);
    const failure = failureOf(() => assertPending(42, "too early"));
    assert.equal(failure.message, "too early: the future is not pending, it gave the number 42");
    assert.equal(failure.actual, 42);
    failureOf(() => assertPending(undefined));
  });
});

describe("assertReadyEq()", () => {
  const cyclic = () => {
    const value: { self?: unknown; n: number } = { n: 1 };
    value.self = value;
    return value;
  };
  class Point {
    constructor(
      readonly x: number,
      readonly y: number,
    ) {}
  }
  const equal: [string, () => unknown][] = [
    ["numbers", () => 1],
    ["NaN", () => Number.NaN],
    ["strings", () => "a"],
    ["undefined", () => undefined],
    ["null", () => null],
    ["arrays", () => [1, [2, 3], { a: 1 }]],
    ["objects, whatever the order of keys", () => ({ a: 1, b: { c: [2] } })],
    ["instances of one class", () => new Point(1, 2)],
    ["dates", () => new Date(5)],
    ["regular expressions", () => /a+/g],
    ["errors", () => new TypeError("no", { cause: [1] })],
    ["maps", () => new Map([["a", { b: 1 }]])],
    ["sets of objects", () => new Set([{ a: 1 }, { a: 2 }])],
    ["typed arrays", () => new Uint8Array([1, 2])],
    ["array buffers", () => new Uint8Array([1, 2]).buffer],
    ["data views", () => new DataView(new Uint8Array([1, 2]).buffer)],
    ["cycles", cyclic],
    ["symbols as keys", () => ({ [Symbol.for("k")]: 1 })],
  ];
  for (const [name, make] of equal) {
    test(`finds equal: ${name}`, () => {
      const value = make();
      assert.equal(assertReadyEq(value, make()), value);
    });
  }

  const different: [string, unknown, unknown][] = [
    ["numbers", 1, 2],
    ["0 and -0", 0, -0],
    ["a number and a string", 1, "1"],
    ["null and undefined", null, undefined],
    ["null and an object", null, {}],
    ["array lengths", [1], [1, 2]],
    ["array holes", new Array(2), [1, 2]],
    ["nested values", { a: { b: 1 } }, { a: { b: 2 } }],
    ["a missing key", { a: 1, b: undefined }, { a: 1 }],
    ["another key", { a: undefined }, { b: undefined }],
    ["prototypes", new Point(1, 2), { x: 1, y: 2 }],
    ["dates", new Date(5), new Date(6)],
    ["flags of regular expressions", /a/g, /a/],
    ["messages of errors", new Error("a"), new Error("b")],
    ["causes of errors", new Error("a", { cause: 1 }), new Error("a", { cause: 2 })],
    ["sizes of maps", new Map([["a", 1]]), new Map()],
    ["values of maps", new Map([["a", 1]]), new Map([["a", 2]])],
    ["keys of maps", new Map([["a", 1]]), new Map([["b", 1]])],
    ["sizes of sets", new Set([1]), new Set([1, 2])],
    ["members of sets", new Set([{ a: 1 }, { a: 1 }]), new Set([{ a: 1 }, { a: 2 }])],
    ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 3])],
    ["bytes of buffers", new Uint8Array([1, 2]).buffer, new Uint8Array([1, 3]).buffer],
    ["data views", new DataView(new ArrayBuffer(2)), new DataView(new ArrayBuffer(3))],
    ["functions", () => 1, () => 1],
  ];
  for (const [name, a, b] of different) {
    test(`tells apart: ${name}`, () => {
      const failure = failureOf(() => assertReadyEq(a, b));
      assert.equal(failure.actual, a);
      assert.equal(failure.expected, b);
    });
  }

  test("fails for Pending, with the value expected", () => {
    const failure = failureOf(() => assertReadyEq(Pending as Poll<number>, 42, "at once"));
    assert.equal(failure.message, "at once: the future is pending");
    assert.equal(failure.expected, 42);
  });
});

describe("assertReadyOk() and assertReadyErr()", () => {
  test("give back the value, or what was thrown", () => {
    assert.equal(
      assertReadyOk(() => 42 as Poll<number>),
      42,
    );
    assert.ok(assertReadyErr(throwing) instanceof RangeError);
  });

  test("fail for Pending", () => {
    assert.match(failureOf(() => assertReadyOk(() => Pending, "ok")).message, /^ok: the future is pending$/);
    assert.match(failureOf(() => assertReadyErr(() => Pending, "err")).message, /^err: the future is pending$/);
  });

  test("fail for the other outcome", () => {
    const failure = failureOf(() => assertReadyOk(throwing));
    assert.equal(failure.message, "thrown: RangeError: out of range");
    assert.ok(failure.cause instanceof RangeError);
    assert.match(failureOf(() => assertReadyErr(() => 42)).message, /gave the number 42 and did not throw/);
  });

  test("take a function, not a poll", () => {
    assert.throws(() => assertReadyOk(42 as never), {
      message: "assertReadyOk: poll must be a function that makes the call, got the number 42",
    });
    assert.throws(() => assertReadyErr(Pending as never), { code: "TOKI_INVALID_ARGUMENT" });
  });
});

describe("assertOk() and assertErr()", () => {
  test("give back the value, or what was thrown", () => {
    assert.equal(
      assertOk(() => 42),
      42,
    );
    assert.ok(assertErr(throwing) instanceof RangeError);
    assert.equal(
      assertErr(() => {
        throw undefined;
      }),
      undefined,
    );
  });

  test("fail for the other outcome", () => {
    assert.equal(failureOf(() => assertOk(throwing, "parse")).message, "parse: thrown: RangeError: out of range");
    assert.match(
      failureOf(() => assertErr(() => 42, "parse")).message,
      /^parse: nothing was thrown; .* the number 42$/,
    );
  });
});

describe("assertElapsed()", () => {
  test("allows a millisecond more, and none less", () => {
    const rt = new Runtime({ startPaused: true });
    rt.blockOn(function* () {
      const start = Instant.now();
      assertElapsed(start, 0);
      yield* sleep(100);
      assertElapsed(start, 100);
      assertElapsed(start, 99);
      assertElapsed(start, { milliseconds: 100 });
      assert.match(failureOf(() => assertElapsed(start, 98)).message, /^100 ms have passed, not 98 ms$/);
      assert.match(failureOf(() => assertElapsed(start, 101, "sleep")).message, /^sleep: 100 ms/);
    });
    rt.shutdownBackground();
  });

  test("refuses a start that is no Instant", () => {
    assert.throws(() => assertElapsed(5 as never, 1), { code: "TOKI_INVALID_ARGUMENT" });
  });
});
