import assert from "node:assert/strict";
import { describe, test as it } from "node:test";
import { Instant, NoRuntimeError, select, sleep } from "toki";
import {
  type AssertionError,
  assertElapsed,
  assertErr,
  assertReady,
  assertReadyErr,
  mockStream,
  test,
  testTask,
} from "toki/test";

describe("mockStream()", () => {
  it("is over at once without a script, and stays so", () => {
    using items = mockStream<number>().build();
    assert.equal(assertReady(testTask(items.next()).poll()), undefined);
    assert.equal(assertReady(testTask(items.next()).poll()), undefined);
  });

  it("gives its items in order, then the end", () => {
    using items = mockStream<number>().next(1).next(2).build();
    assert.equal(assertReady(testTask(items.next()).poll()), 1);
    assert.equal(assertReady(testTask(items.next()).poll()), 2);
    assert.equal(assertReady(testTask(items.next()).poll()), undefined);
  });

  it(
    "waits on the runtime's clock, from the first poll that gets there",
    test(
      function* () {
        using items = mockStream<number>().next(1).wait(300).next(2).wait({ seconds: 1 }).build();
        const start = Instant.now();
        assert.equal(yield* items.next(), 1);
        yield* sleep(100);
        assert.equal(yield* items.next(), 2);
        assertElapsed(start, 400);
        assert.equal(yield* items.next(), undefined);
        assertElapsed(start, 1400);
      },
      { startPaused: true },
    ),
  );

  it(
    "loses nothing to a next() that is dropped",
    test(
      function* () {
        using items = mockStream<number>().wait(100).next(1).build();
        const start = Instant.now();
        const { key } = yield* select({ item: items.next(), tick: sleep(40) });
        assert.equal(key, "tick");
        yield* sleep(10);
        assert.equal(yield* items.next(), 1);
        assertElapsed(start, 100);
      },
      { startPaused: true },
    ),
  );

  it("needs a runtime to wait", () => {
    const items = mockStream<number>().wait(5).build();
    assert.equal(assertReadyErr(() => testTask(items.next()).poll()) instanceof NoRuntimeError, true);
    items[Symbol.dispose]();
  });

  it("throws for the items that are left when it is disposed, once", () => {
    const items = mockStream<string>().next("a").wait(5).next("b").next("c").build();
    assert.equal(assertReady(testTask(items.next()).poll()), "a");
    const error = assertErr(() => items[Symbol.dispose]()) as AssertionError;
    assert.equal(error.message, "mockStream: disposed with 2 items left that nobody has taken");
    assert.deepEqual(error.actual, ["b", "c"]);
    items[Symbol.dispose]();
  });

  it("does not mind a wait that is left", () => {
    mockStream<string>().wait(5).build()[Symbol.dispose]();
  });

  it("is built as often as one likes", () => {
    const builder = mockStream<number>().next(1);
    for (let i = 0; i < 2; i++) {
      using items = builder.build();
      assert.equal(assertReady(testTask(items.next()).poll()), 1);
    }
  });

  it("says in a report what it is", () => {
    const items = mockStream<number>().next(1).build();
    assert.match(items.next().describe(), /mockStream \(1 items? left\)/);
    assert.equal(assertReady(testTask(items.next()).poll()), 1);
    items[Symbol.dispose]();
  });

  it("refuses a wait that is no duration", () => {
    assert.throws(() => mockStream().wait("1s" as never), { code: "TOKI_INVALID_ARGUMENT", argument: "duration" });
  });
});
