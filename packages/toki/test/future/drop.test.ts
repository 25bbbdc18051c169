import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Future, fn, fromPromise, pending, sleep, spawn, timeout } from "toki";
import { test } from "toki/test";
import { outcomeOf, settle } from "../task/support.js";

const paused = { startPaused: true };

/** Waits for `future`; its cleanup takes 50 ms. */
const work = fn(function* work(log: string[], future: Future<unknown>, onCleanup: () => void = () => {}) {
  try {
    yield* future;
  } finally {
    onCleanup();
    log.push("begins");
    yield* sleep(50);
    log.push("ends");
  }
});

describe("a future that is disposed while it is being cancelled", () => {
  it(
    "by its own cleanup: that goes on",
    test(function* () {
      const log: string[] = [];
      const future = work(log, pending(), () => future[Symbol.dispose]());
      assert.match(yield* outcomeOf(timeout(5, future)), /elapsed/);
      assert.deepEqual(log, ["begins", "ends"]);
    }, paused),
  );

  it(
    "by a listener of the signal that its await aborts: cleanup runs whole",
    test(function* () {
      const log: string[] = [];
      const wait = fromPromise((signal) => {
        signal.addEventListener("abort", () => future[Symbol.dispose]());
        return new Promise(() => {});
      });
      const future: Future<void> = work(log, wait);
      assert.match(yield* outcomeOf(timeout(5, future)), /elapsed/);
      assert.deepEqual(log, ["begins", "ends"]);
    }, paused),
  );

  it(
    "by another task: whoever waits for the cleanup learns of its end",
    test(function* () {
      const log: string[] = [];
      const future = work(log, pending());
      const task = spawn(outcomeOf(timeout(5, future)));
      yield* sleep(20);
      assert.deepEqual(log, ["begins"]);
      future[Symbol.dispose]();
      assert.match(yield* timeout(1000, task), /elapsed/);
      assert.deepEqual(log, ["begins", "ends"]);
    }, paused),
  );

  it(
    "by another task, while the task that has it is aborted: nothing happens",
    test(function* () {
      const log: string[] = [];
      const future = work(log, pending());
      const task = spawn(future);
      yield* settle();
      task.abort();
      yield* settle();
      assert.deepEqual(log, ["begins"]);
      future[Symbol.dispose]();
      assert.match(yield* outcomeOf(timeout(1000, task)), /cancelled/);
      assert.deepEqual(log, ["begins", "ends"]);
    }, paused),
  );
});
