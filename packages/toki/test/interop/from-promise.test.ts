import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  aborted,
  ElapsedError,
  fn,
  fromPromise,
  Instant,
  InvalidArgumentError,
  join,
  MisuseError,
  Runtime,
  ready,
  select,
  sleep,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { assertPending, assertReady, test, testTask } from "toki/test";
import { since } from "../support/elapsed.js";
import { flavors } from "../support/flavors.js";
import { outcomeOf, settle, turn } from "../task/support.js";

class Deferred<T> {
  resolve!: (value: T | PromiseLike<T>) => void;
  reject!: (error: unknown) => void;
  signal: AbortSignal | undefined;
  starts = 0;
  readonly promise = new Promise<T>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  /** For fromPromise. */
  readonly start = (signal: AbortSignal): Promise<T> => {
    this.starts++;
    this.signal = signal;
    return this.promise;
  };
}

/** Runs `body` and gives the unhandled rejections that came of it. */
async function unhandledIn(body: () => Promise<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  const note = (error: unknown) => seen.push(error);
  process.on("unhandledRejection", note);
  await body();
  await turn();
  await turn();
  process.off("unhandledRejection", note);
  return seen;
}

describe("fromPromise by hand", () => {
  it("is lazy: the function is called at the first poll, once", async () => {
    const deferred = new Deferred<string>();
    const future = fromPromise(deferred.start);
    assert.equal(deferred.starts, 0);
    const task = testTask(future);
    assertPending(task.poll());
    assertPending(task.poll());
    assert.equal(deferred.starts, 1);
    deferred.resolve("value");
    await turn();
    assert(task.isWoken);
    assert.equal(assertReady(task.poll()), "value");
    assert.throws(
      () => future.poll(undefined as never),
      (error) => error instanceof MisuseError && error.code === "TOKI_POLLED_AFTER_COMPLETION",
    );
  });

  it("dropped before the first poll it never starts", () => {
    const deferred = new Deferred<string>();
    const future = fromPromise(deferred.start);
    future[Symbol.dispose]();
    assert.equal(deferred.starts, 0);
    assert.throws(() => testTask(future).poll(), /after completion/);
  });

  it("a rejection is thrown, whatever it is", async () => {
    for (const reason of [new Error("rejected"), "text", undefined]) {
      const deferred = new Deferred<string>();
      const task = testTask(fromPromise(deferred.start));
      assertPending(task.poll());
      deferred.reject(reason);
      await turn();
      assert(task.isWoken);
      let thrown: unknown = "nothing";
      try {
        task.poll();
      } catch (error) {
        thrown = error;
      }
      assert.equal(thrown, reason);
    }
  });

  it("what the function throws synchronously is thrown by the await", () => {
    const task = testTask(
      fromPromise(() => {
        throw new RangeError("at once");
      }),
    );
    assert.throws(() => task.poll(), /at once/);
    assert.throws(() => testTask(task.inner).poll(), /after completion/);
  });

  it("a result that is no promise is the value", () => {
    assert.equal(assertReady(testTask(fromPromise(() => 42)).poll()), 42);
    assert.equal(assertReady(testTask(fromPromise(() => undefined)).poll()), undefined);
  });

  it("any thenable will do, also one that calls back at once, twice, or throws", async () => {
    const thenables: [PromiseLike<string>, string][] = [
      [{ then: (resolve: (value: string) => void) => void resolve("sync") } as never, "value sync"],
      [
        {
          then(resolve: (value: string) => void, reject: (error: unknown) => void) {
            resolve("first");
            resolve("second");
            reject(new Error("third"));
          },
        } as never,
        "value first",
      ],
      [
        {
          then() {
            throw new Error("then throws");
          },
        } as never,
        "threw then throws",
      ],
    ];
    await using rt = new Runtime();
    for (const [thenable, end] of thenables) {
      assert.equal(await rt.run(outcomeOf(fromPromise(() => thenable))), end);
    }
  });

  it("dropping it aborts the signal once, and a settlement after that is ignored", async () => {
    for (const settleIt of ["resolve", "reject"] as const) {
      const unhandled = await unhandledIn(async () => {
        const deferred = new Deferred<string>();
        const task = testTask(fromPromise(deferred.start));
        assertPending(task.poll());
        let aborts = 0;
        deferred.signal?.addEventListener("abort", () => aborts++);
        assert.equal(deferred.signal?.aborted, false);
        assert.equal(task.cancel(), undefined);
        assert(deferred.signal?.aborted);
        assert.equal(deferred.signal.reason.name, "AbortError");
        task[Symbol.dispose]();
        deferred[settleIt]("late");
        await turn();
        assert.equal(aborts, 1);
        assert(!task.isWoken);
      });
      assert.deepEqual(unhandled, []);
    }
  });

  it("a promise that settled but was not polled again is dropped silently: the signal is not aborted", async () => {
    const unhandled = await unhandledIn(async () => {
      const deferred = new Deferred<string>();
      const task = testTask(fromPromise(deferred.start));
      assertPending(task.poll());
      deferred.reject(new Error("nobody looks"));
      await turn();
      task.cancel();
      assert.equal(deferred.signal?.aborted, false);
    });
    assert.deepEqual(unhandled, []);
  });

  it("the signal is not aborted when the promise settles in time", async () => {
    const deferred = new Deferred<string>();
    const task = testTask(fromPromise(deferred.start));
    assertPending(task.poll());
    deferred.resolve("in time");
    await turn();
    task.poll();
    task[Symbol.dispose]();
    assert.equal(deferred.signal?.aborted, false);
  });

  it("a poll with another waker moves the wait", async () => {
    const deferred = new Deferred<string>();
    const future = fromPromise(deferred.start);
    const [first, second] = [testTask(future), testTask(future)];
    assertPending(first.poll());
    assertPending(second.poll());
    deferred.resolve("value");
    await turn();
    assert(!first.isWoken && second.isWoken);
    assert.equal(second.poll(), "value");
  });

  it("says what it waits for", async () => {
    const fetchUser = () => new Promise<never>(() => {});
    assert.equal(fromPromise(fetchUser).describe(), "promise of fetchUser (not started)");
    await using rt = new Runtime();
    rt.spawn(fromPromise(fetchUser));
    rt.spawn(
      fromPromise(
        (
          () => () =>
            new Promise<never>(() => {})
        )(),
      ),
    );
    await rt.run(settle());
    const dump = String(rt.dump());
    assert.match(dump, /└─ promise of fetchUser$/m);
    assert.match(dump, /└─ promise$/m);
  });
});

describe("fromPromise: misuse", () => {
  it("a promise is refused, with what to write instead", () => {
    assert.throws(
      () => fromPromise(Promise.resolve(1) as never),
      (error) =>
        error instanceof MisuseError &&
        error.code === "TOKI_NOT_A_FUTURE" &&
        /write fromPromise\(\(signal\) => startIt\(signal\)\) instead/.test(error.message),
    );
  });

  it("so are a function*, a future, and anything else", async () => {
    assert.throws(() => fromPromise(function* () {} as never), /got a `function\*`; await its future with `yield\*`/);
    assert.throws(
      () => fromPromise(5 as never),
      (error) =>
        error instanceof InvalidArgumentError && /start must be a function that returns a promise/.test(error.message),
    );
    assert.throws(() => fromPromise(ready(1) as never), InvalidArgumentError);
    assert.throws(() => testTask(fromPromise(() => ready(1))).poll(), /the function returned a future, not a promise/);
  });

  it("the types: a promise does not compile, the value is inferred", () => {
    // @ts-expect-error a promise is already running
    assert.throws(() => fromPromise(Promise.resolve(1)));
    const user = fromPromise(async () => ({ name: "alice" }));
    const plain = fromPromise(() => 5);
    fn(function* () {
      const name: string = (yield* user).name;
      const five: number = yield* plain;
      // @ts-expect-error it is a string
      const wrong: number = (yield* user).name;
      return [name, five, wrong];
    });
  });
});

for (const { name, options } of flavors) {
  describe(`fromPromise in tasks [${name}]`, () => {
    it(
      "gives the value, throws the rejection, with the promise's own stack",
      test(function* () {
        assert.equal(yield* fromPromise(() => delay(1, "value")), "value");
        const failLater = async () => {
          await delay(1);
          throw new Error("later");
        };
        try {
          yield* fromPromise(failLater);
          assert.fail();
        } catch (error) {
          assert.match((error as Error).stack ?? "", /at (async )?failLater/);
        }
      }, options),
    );

    it(
      "aborting the task, a timeout, a lost select: each aborts the signal before the await goes on",
      test(function* () {
        const aborted: Deferred<never> = new Deferred();
        const task = spawn(fromPromise(aborted.start));
        yield* settle();
        task.abort();
        yield* settle();
        assert(task.isFinished() && aborted.signal?.aborted);

        const timed: Deferred<never> = new Deferred();
        try {
          yield* timeout(1, fromPromise(timed.start));
          assert.fail();
        } catch (error) {
          assert(error instanceof ElapsedError);
        }
        assert(timed.signal?.aborted);

        const lost: Deferred<never> = new Deferred();
        const { key } = yield* select.biased({ lost: fromPromise(lost.start), other: yieldNow() });
        assert.equal(key, "other");
        assert(lost.signal?.aborted);
      }, options),
    );

    it(
      "what is given the signal stops: no timer is left behind",
      test(function* () {
        const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
        const before = timers();
        const { key } = yield* select.biased({
          lost: fromPromise((signal) => delay(60_000, undefined, { signal })),
          other: yieldNow(),
        });
        assert.equal(key, "other");
        yield* fromPromise(turn);
        if (options.startPaused === true) assert.equal(timers(), before); // a running clock may have set its own
      }, options),
    );

    it(
      "many at once, in a join",
      test(function* () {
        const values = yield* join(
          ...Array.from({ length: 100 }, (_, i) =>
            fromPromise(async () => {
              for (let n = 0; n < i % 7; n++) await null;
              return i;
            }),
          ),
        );
        assert.deepEqual(
          values,
          Array.from({ length: 100 }, (_, i) => i),
        );
      }, options),
    );

    it(
      "a handle, being a thenable, can be what the function returns",
      test(function* () {
        const handle = spawn(function* () {
          yield* sleep(1);
          return "from a task";
        });
        assert.equal(yield* fromPromise(() => handle), "from a task");
      }, options),
    );
  });
}

describe("one future for each await", () => {
  it("a fromPromise or aborted future that two tasks await is refused to the second", async () => {
    for (const make of [
      () => fromPromise(() => new Promise<never>(() => {})),
      () => aborted(new AbortController().signal),
    ]) {
      await using rt = new Runtime();
      const shared = make();
      rt.spawn(function* () {
        yield* shared;
      });
      const second = rt.spawn(function* () {
        yield* shared;
      });
      await rt.run(settle());
      assert.match(await rt.run(outcomeOf(second)), /another task or await is already driving it/);
    }
  });
});

describe("fromPromise and the paused clock", () => {
  it("does not advance by itself while a promise of another party has work under way", async () => {
    await using rt = new Runtime({ startPaused: true });
    await rt.run(function* () {
      const start = Instant.now();
      const { key } = yield* select({
        promise: fromPromise(() => stat(".")),
        virtual: sleep(10_000),
      });
      assert.equal(key, "promise");
      assert.equal(since(start), 0);
    });
  });

  it("advances again once the promise has settled, or nobody waits for it any more", async () => {
    await using rt = new Runtime({ startPaused: true });
    await rt.run(function* () {
      yield* fromPromise(() => stat("."));
      const start = Instant.now();
      yield* sleep(10_000);
      assert.equal(since(start), 10_000);

      const reading = spawn(fromPromise(() => stat(".")));
      yield* yieldNow();
      reading.abort();
      yield* settle();
      const again = Instant.now();
      yield* sleep(10_000);
      assert.equal(since(again), 10_000);
    });
  });

  it("a promise nothing works on is no reason to wait: a timeout around it elapses in virtual time", async () => {
    await using rt = new Runtime({ startPaused: true });
    const end = await rt.run(outcomeOf(timeout_(60_000, () => new Promise<never>(() => {}))));
    assert.match(end, /elapsed/i);
  });
});

const timeout_ = fn(function* timeout_<T>(ms: number, start: () => Promise<T>) {
  return yield* timeout(ms, fromPromise(start));
});
