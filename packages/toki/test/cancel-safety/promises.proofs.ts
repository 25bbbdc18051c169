import assert from "node:assert/strict";
import { aborted, cancelOn, fromAsyncIterable, fromPromise, pending, withAbortSignal } from "toki";
import { assertPending, assertReady, assertReadyEq, testTask } from "toki/test";
import { turns, until } from "../net/support.js";
import { everyDrop, everyDropUnpolled } from "./drops.js";
import { likeTheFutureInside } from "./inside.js";
import type { Proof } from "./proof.js";

/** An async iterable whose items are supplied by hand; counts what it is asked. */
class Items implements AsyncIterable<string>, AsyncIterator<string> {
  asked = 0;
  returned = 0;
  released = false;
  readonly #waiting: ((item: IteratorResult<string>) => void)[] = [];
  #release: (() => void) | undefined;

  next(): Promise<IteratorResult<string>> {
    this.asked++;
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  async return(): Promise<IteratorResult<string>> {
    this.returned++;
    await new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    this.released = true;
    return { done: true, value: undefined };
  }

  give(value: string): void {
    this.#waiting.shift()?.({ done: false, value });
  }

  release(): void {
    this.#release?.();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

export const proofs: readonly Proof[] = [
  {
    operation: "`fromPromise`",
    claim: "not safe: aborts the signal, the outcome is lost",
    proof: {
      ...everyDropUnpolled("fromPromise", function* (drop) {
        let calls = 0;
        yield* drop(fromPromise(async () => calls++));
        assert.equal(calls, 0);
      }),
      ...everyDrop("fromPromise that waits", function* (drop) {
        let given: AbortSignal | undefined;
        let resolve: ((value: string) => void) | undefined;
        const future = fromPromise((signal) => {
          given = signal;
          return new Promise<string>((done) => {
            resolve = done;
          });
        });
        yield* drop(future);
        assert.equal(given?.aborted, true);
        resolve?.("lost");
        yield* turns(2);
        assert.throws(() => testTask(future).poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
      }),
      *"fromPromise that was told the outcome"() {
        let given: AbortSignal | undefined;
        const future = fromPromise(async (signal) => {
          given = signal;
          return "lost";
        });
        const task = testTask(future);
        assertPending(task.poll());
        yield* until(() => task.isWoken, "the outcome");
        task.cancel();
        assert.equal(given?.aborted, false); // the work was over
        assert.throws(() => testTask(future).poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
      },
    },
  },
  {
    operation: "`fromAsyncIterable(...).next()`",
    claim: "safe; an item that arrives later is given to the next call",
    proof: {
      ...everyDropUnpolled("fromAsyncIterable(...).next()", function* (drop) {
        const items = new Items();
        const source = fromAsyncIterable(items);
        yield* drop(source.next());
        assert.equal(items.asked, 0);
      }),
      ...everyDrop("fromAsyncIterable(...).next() that waits", function* (drop) {
        const items = new Items();
        const source = fromAsyncIterable(items);
        yield* drop(source.next());
        yield* drop(source.next());
        assert.equal(items.asked, 1);
        items.give("a");
        assert.equal(yield* source.next(), "a");
        const next = testTask(source.next());
        assertPending(next.poll());
        items.give("b");
        yield* until(() => next.isWoken, "the item");
        assertReadyEq(next.poll(), "b");
      }),
      *"fromAsyncIterable(...).next() that was told of an item"() {
        for (const end of ["cancel", "dispose"] as const) {
          const items = new Items();
          const source = fromAsyncIterable(items);
          const wait = testTask(source.next());
          assertPending(wait.poll());
          items.give("a");
          yield* until(() => wait.isWoken, "the item");
          if (end === "cancel") wait.cancel();
          else wait[Symbol.dispose]();
          assert.equal(yield* source.next(), "a");
          assert.equal(items.asked, 1);
        }
      },
    },
  },
  {
    operation: "`fromAsyncIterable(...).close()`",
    claim: "safe; the source is closed from the first poll on, only the wait ends",
    proof: {
      ...everyDropUnpolled("fromAsyncIterable(...).close()", function* (drop) {
        const items = new Items();
        const source = fromAsyncIterable(items);
        const next = testTask(source.next());
        assertPending(next.poll());
        yield* drop(source.close());
        assert.deepEqual([source.isEnded, items.returned], [false, 0]);
        items.give("a");
        yield* until(() => next.isWoken, "the item");
        assertReadyEq(next.poll(), "a");
      }),
      ...everyDrop("fromAsyncIterable(...).close() that waits", function* (drop) {
        const items = new Items();
        const source = fromAsyncIterable(items);
        const next = testTask(source.next());
        assertPending(next.poll());
        yield* drop(source.close());
        assert.deepEqual([source.isEnded, items.returned, items.released], [true, 1, false]);
        assertReadyEq(next.poll(), undefined);
        items.release();
        yield* source.close(); // the same closing
        assert.deepEqual([items.returned, items.released], [1, true]);
        assert.equal(yield* source.next(), undefined);
      }),
    },
  },
  {
    operation: "`aborted(signal)`",
    claim: "safe",
    proof: {
      ...everyDropUnpolled("aborted(signal)", function* (drop) {
        const controller = new AbortController();
        yield* drop(aborted(controller.signal));
        controller.abort("reason");
        assert.equal(yield* aborted(controller.signal), "reason");
      }),
      ...everyDrop("aborted(signal) that waits", function* (drop) {
        const controller = new AbortController();
        const waiting = aborted(controller.signal);
        yield* drop(waiting);
        const next = testTask(aborted(controller.signal));
        assertPending(next.poll());
        controller.abort("reason");
        assert.ok(next.isWoken);
        assert.equal(assertReady(next.poll()), "reason");
        assert.equal(yield* waiting, "reason");
      }),
      ...everyDrop("aborted(signal) that was told", function* (drop) {
        const controller = new AbortController();
        yield* drop(aborted(controller.signal), () => controller.abort("reason"));
        assert.equal(yield* aborted(controller.signal), "reason");
      }),
    },
  },
  {
    operation: "`cancelOn`, `withAbortSignal`",
    claim: "that of the future inside",
    proof: {
      ...likeTheFutureInside("cancelOn", (future) => cancelOn(new AbortController().signal, future)),
      ...likeTheFutureInside("withAbortSignal", (future) => withAbortSignal(() => future)),
      ...everyDrop("withAbortSignal tells what was given the signal", function* (drop) {
        let given: AbortSignal | undefined;
        yield* drop(
          withAbortSignal((signal) => {
            given = signal;
            return pending();
          }),
        );
        assert.equal(given?.aborted, true);
      }),
    },
  },
];
