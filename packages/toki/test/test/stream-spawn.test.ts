import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Context, Pending, type Poll, Runtime, sleep, type Waker } from "toki";
import { assertPending, assertReady, assertReadyErr, mockStream, testTask } from "toki/test";

const END = Symbol("end");

/** Gives what was pushed, then the end. */
class Source {
  readonly items: unknown[] = [];
  isClosed = false;
  disposals = 0;
  waker: Waker | undefined;

  pollNext(cx: Context): Poll<unknown> {
    if (this.items.length > 0) return this.items.shift();
    if (this.isClosed) return END;
    this.waker = cx.waker;
    return Pending;
  }

  [Symbol.dispose](): void {
    this.disposals++;
  }
}

describe("testTask() of a stream", () => {
  test("polls for items, and notes wakes until the next poll begins", () => {
    const source = new Source();
    const stream = testTask(source);
    assertPending(stream.pollNext());
    assert.equal(stream.isWoken, false);
    source.items.push("a");
    source.waker?.wake();
    assert.equal(stream.isWoken, true);
    assert.equal(assertReady(stream.pollNext()), "a");
    assert.equal(stream.isWoken, false);
    source.isClosed = true;
    assert.equal(stream.pollNext(), END);
  });

  test("gives what the stream throws, and goes on", () => {
    let polls = 0;
    const stream = testTask({
      pollNext(): Poll<number> {
        if (++polls === 1) throw new Error("an item");
        return polls;
      },
      [Symbol.dispose]() {},
    });
    assertReadyErr(() => stream.pollNext());
    assert.equal(stream.pollNext(), 2);
  });

  test("drops the stream once, unless it was taken", () => {
    const source = new Source();
    {
      using stream = testTask(source);
      assert.equal(stream.inner, source);
    }
    assert.equal(source.disposals, 1);
    const taken = testTask(source);
    assert.equal(taken.intoInner(), source);
    taken[Symbol.dispose]();
    assert.equal(source.disposals, 1);
    assert.throws(() => taken.pollNext(), /taken out with intoInner/);
  });

  test("enter() polls in ways of one's own", () => {
    const source = new Source();
    source.items.push(1, 2);
    const stream = testTask(source);
    assert.deepEqual(
      stream.enter((cx, inner) => [inner.pollNext(cx), inner.pollNext(cx)]),
      [1, 2],
    );
  });

  test("has the runtime it is given, which is not driven", async () => {
    const runtime = new Runtime({ startPaused: true });
    const items = mockStream<string>().wait(10).next("a").build();
    const stream = testTask(items, { runtime });
    assertPending(stream.pollNext());
    await runtime.run(function* () {
      yield* sleep(10);
    });
    assert.equal(stream.isWoken, true);
    assert.equal(stream.pollNext(), "a");
    await runtime.shutdown();
  });
});
