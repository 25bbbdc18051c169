import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import {
  aborted,
  cancelOn,
  fn,
  InvalidArgumentError,
  join,
  MisuseError,
  pending,
  Runtime,
  ready,
  select,
  sleep,
  spawn,
  withAbortSignal,
  yieldNow,
} from "toki";
import { assertPending, assertReady, test, testTask } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { keepFailures, outcomeOf, settle, turn } from "../task/support.js";

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

describe("aborted", () => {
  it("is pending until the signal is aborted, then gives the reason", () => {
    const controller = new AbortController();
    const task = testTask(aborted(controller.signal));
    assertPending(task.poll());
    assertPending(task.poll());
    assert.equal(listeners(controller.signal), 1);
    controller.abort("reason");
    assert(task.isWoken);
    assert.equal(assertReady(task.poll()), "reason");
    assert.equal(listeners(controller.signal), 0);
  });

  it("of a signal that is aborted already is ready at once, without a listener", () => {
    const signal = AbortSignal.abort(42);
    assert.equal(assertReady(testTask(aborted(signal)).poll()), 42);
    assert.equal(listeners(signal), 0);
    assert.equal((assertReady(testTask(aborted(AbortSignal.abort())).poll()) as Error).name, "AbortError");
  });

  it("is lazy, and leaves no listener when it is dropped", () => {
    const { signal } = new AbortController();
    const task = testTask(aborted(signal));
    assert.equal(listeners(signal), 0);
    assertPending(task.poll());
    assert.equal(listeners(signal), 1);
    task.cancel();
    assert.equal(listeners(signal), 0);
    testTask(aborted(signal))[Symbol.dispose]();
    assert.equal(listeners(signal), 0);
  });

  it("wakes the waker of the latest poll", () => {
    const controller = new AbortController();
    const future = aborted(controller.signal);
    const [first, second] = [testTask(future), testTask(future)];
    assertPending(first.poll());
    assertPending(second.poll());
    assert.equal(listeners(controller.signal), 1);
    controller.abort();
    assert(!first.isWoken && second.isWoken);
  });

  it("takes an AbortSignal and nothing else", () => {
    for (const wrong of [undefined, null, 5, {}, new AbortController(), new EventTarget()]) {
      assert.throws(
        () => aborted(wrong as never),
        (error) =>
          error instanceof InvalidArgumentError && /^aborted: signal must be an AbortSignal, got/.test(error.message),
      );
    }
  });

  it("any number of tasks may wait on one signal, without a warning", async () => {
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.message);
    process.on("warning", note);
    await using rt = new Runtime();
    const controller = new AbortController();
    const waiters = Array.from({ length: 200 }, () => rt.spawn(aborted(controller.signal)));
    await rt.run(settle());
    assert.equal(listeners(controller.signal), 1, "one for all");
    waiters[0]?.abort();
    waiters[100]?.abort();
    await rt.run(settle());
    for (const index of [100, 0]) waiters.splice(index, 1);
    assert.equal(listeners(controller.signal), 1);
    controller.abort("all");
    for (const waiter of waiters) assert.equal(await waiter, "all");
    assert.equal(listeners(controller.signal), 0);
    await turn();
    process.off("warning", note);
    assert.deepEqual(warnings, []);
  });
});

for (const { name, options } of flavors) {
  describe(`aborted, in a task [${name}]`, () => {
    it(
      "is a branch of a select; the other branch winning removes the listener",
      test(function* () {
        const controller = new AbortController();
        const { key } = yield* select.biased({ aborted: aborted(controller.signal), other: yieldNow() });
        assert.equal(key, "other");
        assert.equal(listeners(controller.signal), 0);
        setTimeout(() => controller.abort("late"), 1);
        const keepAlive = new Gate();
        const won = yield* select({ aborted: aborted(controller.signal), never: keepAlive });
        assert.deepEqual(won, { key: "aborted", value: "late" });
      }, options),
    );
  });

  describe(`cancelOn [${name}]`, () => {
    const guarded = fn(function* guarded(log: string[], gate: Gate<string> = new Gate<string>()) {
      try {
        return yield* gate;
      } catch {
        log.push("caught");
        return "caught";
      } finally {
        log.push("cleanup begins");
        yield* yieldNow();
        log.push("cleanup ends");
      }
    });

    it(
      "gives the future's value if the signal stays quiet, and its error",
      test(function* () {
        const { signal } = new AbortController();
        assert.equal(yield* cancelOn(signal, ready(1)), 1);
        assert.equal(yield* outcomeOf(cancelOn(signal, failLater("inner"))), "threw inner");
        assert.equal(listeners(signal), 0);
      }, options),
    );

    it(
      "throws the signal's reason itself, after the future's cleanup",
      test(function* () {
        const log: string[] = [];
        const controller = new AbortController();
        const reason = { client: "gone" };
        const task = spawn(function* () {
          try {
            return yield* cancelOn(controller.signal, guarded(log));
          } catch (error) {
            log.push("thrown");
            return error;
          }
        });
        yield* settle();
        assert.equal(listeners(controller.signal), 1);
        controller.abort(reason);
        assert.deepEqual(log, []);
        assert.equal(yield* task, reason);
        assert.deepEqual(log, ["cleanup begins", "cleanup ends", "thrown"]);
        assert.equal(listeners(controller.signal), 0);
      }, options),
    );

    it(
      "with a signal that is aborted from the start the future is never polled",
      test(function* () {
        const end = yield* outcomeOf(
          cancelOn(AbortSignal.abort(new Error("from the start")), function* () {
            assert.fail();
          }),
        );
        assert.equal(end, "threw from the start");
      }, options),
    );

    it(
      "a value that is ready wins over a signal that was aborted meanwhile",
      test(function* () {
        const gate = new Gate<string>();
        const controller = new AbortController();
        const task = spawn(cancelOn(controller.signal, gate));
        yield* settle();
        controller.abort();
        gate.open("value");
        assert.equal(yield* task, "value");
      }, options),
    );

    it(
      "a future that aborts the signal itself is cancelled at its next await",
      test(function* () {
        const log: string[] = [];
        const controller = new AbortController();
        const end = yield* outcomeOf(
          cancelOn(controller.signal, function* () {
            controller.abort(new Error("by itself"));
            log.push("goes on");
            yield* yieldNow();
            log.push("too far");
          }),
        );
        assert.equal(end, "threw by itself");
        assert.deepEqual(log, ["goes on"]);
      }, options),
    );

    it(
      "cancelled itself, it cancels the future, awaits its cleanup and removes the listener",
      test(function* () {
        const log: string[] = [];
        const controller = new AbortController();
        const task = spawn(cancelOn(controller.signal, guarded(log)));
        yield* settle();
        task.abort();
        assert.match(yield* outcomeOf(task), /was cancelled/);
        assert.deepEqual(log, ["cleanup begins", "cleanup ends"]);
        assert.equal(listeners(controller.signal), 0);
        controller.abort();
      }, options),
    );

    it(
      "aborted during its cleanup it goes on with that, once",
      test(function* () {
        const log: string[] = [];
        const controller = new AbortController();
        const task = spawn(cancelOn(controller.signal, guarded(log)));
        yield* settle();
        controller.abort();
        yield* yieldNow();
        task.abort();
        assert.match(yield* outcomeOf(task), /was cancelled/);
        assert.deepEqual(log, ["cleanup begins", "cleanup ends"]);
      }, options),
    );

    it(
      "an error in the cleanup is thrown in place of the reason",
      test(function* () {
        const controller = new AbortController();
        const task = spawn(
          outcomeOf(
            cancelOn(controller.signal, function* () {
              try {
                yield* pending();
              } finally {
                throw new Error("cleanup");
              }
            }),
          ),
        );
        yield* settle();
        controller.abort();
        assert.equal(yield* task, "threw cleanup");
      }, options),
    );

    it(
      "one signal cancels many",
      test(function* () {
        const controller = new AbortController();
        const ends = spawn(
          join(...Array.from({ length: 50 }, () => outcomeOf(cancelOn(controller.signal, sleep(60_000))))),
        );
        yield* settle();
        controller.abort(new Error("all"));
        assert.deepEqual(
          yield* ends,
          Array.from({ length: 50 }, () => "threw all"),
        );
        assert.equal(listeners(controller.signal), 0);
      }, options),
    );
  });

  describe(`withAbortSignal [${name}]`, () => {
    it(
      "gives the body's value or error, and leaves the signal alone then",
      test(function* () {
        let signal!: AbortSignal;
        const value = yield* withAbortSignal(function* (s) {
          signal = s;
          yield* yieldNow();
          return "value";
        });
        assert.equal(value, "value");
        assert.equal(signal.aborted, false);
        const end = yield* outcomeOf(
          withAbortSignal((s) => {
            signal = s;
            return failLater("error");
          }),
        );
        assert.equal(end, "threw error");
        assert.equal(signal.aborted, false);
      }, options),
    );

    it(
      "cancelled, it aborts the signal first, then the body's cleanup runs and is awaited",
      test(function* () {
        const log: string[] = [];
        const task = spawn(
          withAbortSignal(function* (signal) {
            signal.addEventListener("abort", () => log.push("aborted"));
            try {
              yield* pending();
            } finally {
              yield* yieldNow();
              log.push(`cleanup, aborted: ${signal.aborted}`);
            }
          }),
        );
        yield* settle();
        task.abort();
        assert.match(yield* outcomeOf(task), /was cancelled/);
        assert.deepEqual(log, ["aborted", "cleanup, aborted: true"]);
      }, options),
    );

    it(
      "its signal cancels what is written with signals: an AbortSignal all the way through",
      test(
        function* () {
          const log: string[] = [];
          const outer = new AbortController();
          const task = spawn(
            outcomeOf(
              cancelOn(
                outer.signal,
                withAbortSignal(function* (signal) {
                  const inner = spawn(
                    cancelOn(signal, function* () {
                      try {
                        yield* pending();
                      } finally {
                        log.push("inner cleaned");
                      }
                    }),
                  );
                  yield* outcomeOf(inner);
                }),
              ),
            ),
          );
          yield* settle();
          outer.abort(new Error("outermost"));
          assert.equal(yield* task, "threw outermost");
          yield* settle();
          assert.deepEqual(log, ["inner cleaned"]);
        },
        { ...keepFailures(options) },
      ),
    );
  });
}

describe("cancelOn and withAbortSignal by hand", () => {
  it("dropped before the first poll: nothing runs, no listener is left", () => {
    const { signal } = new AbortController();
    const gate = new Gate();
    cancelOn(signal, gate)[Symbol.dispose]();
    assert.deepEqual([gate.polls, listeners(signal)], [0, 0]);
    const future = withAbortSignal(() => assert.fail());
    future[Symbol.dispose]();
    assert.throws(() => testTask(future).poll(), /after completion/);
  });

  it("dropped while pending: the future inside is dropped, the listener removed, the signal aborted", () => {
    const { signal } = new AbortController();
    const gate = new Gate();
    const on = testTask(cancelOn(signal, gate));
    assertPending(on.poll());
    on[Symbol.dispose]();
    assert.deepEqual([gate.drops, listeners(signal)], [1, 0]);
    const inside = new Gate();
    let own!: AbortSignal;
    const task = testTask(
      withAbortSignal((s) => {
        own = s;
        return inside;
      }),
    );
    assertPending(task.poll());
    task[Symbol.dispose]();
    assert.deepEqual([inside.drops, own.aborted], [1, true]);
  });

  it("polled after completion they say so", () => {
    const { signal } = new AbortController();
    const on = testTask(cancelOn(signal, ready(1)));
    on.poll();
    assert.throws(() => testTask(on.inner).poll(), /Cannot poll a cancelOn after completion/);
    const within = testTask(withAbortSignal(() => ready(1)));
    within.poll();
    assert.throws(() => testTask(within.inner).poll(), /Cannot poll a withAbortSignal after completion/);
  });

  it("tell what is wrong with an argument", () => {
    const { signal } = new AbortController();
    assert.throws(() => cancelOn(5 as never, ready(1)), /cancelOn: signal must be an AbortSignal/);
    assert.throws(() => cancelOn(signal, 5 as never), /cancelOn: expected a future/);
    assert.throws(() => withAbortSignal(5 as never), MisuseError);
    assert.throws(() => testTask(withAbortSignal((() => 5) as never)).poll(), /withAbortSignal: expected a future/);
  });

  it("show in an await tree", async () => {
    await using rt = new Runtime();
    const controller = new AbortController();
    rt.spawn(cancelOn(controller.signal, aborted(controller.signal)));
    rt.spawn(withAbortSignal(() => pending()));
    await rt.run(settle());
    const dump = String(rt.dump());
    assert.match(dump, /└─ cancelOn\n {3}└─ AbortSignal \(not aborted\)/);
    assert.match(dump, /└─ withAbortSignal\n {3}└─ pending/);
  });
});

const failLater = fn(function* failLater(message: string) {
  yield* yieldNow();
  throw new Error(message);
});
