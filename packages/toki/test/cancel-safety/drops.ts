/*
 * The ways to drop a future. Each polls it once, finds it waiting, does `meanwhile`, and drops it before it is polled again: what `meanwhile` gives to
 * the future (a message, a permit, a connection) is what it has been handed and has not fetched.
 */
import assert from "node:assert/strict";
import {
  advance,
  Future,
  fn,
  Handle,
  JoinError,
  Pending,
  pending,
  pollFn,
  ready,
  type Suspend,
  select,
  spawn,
  yieldNow,
} from "toki";
import { assertPending, type Spawn, testTask } from "toki/test";
import type { Body } from "./proof.js";

export type Drop = (future: Future<unknown>, meanwhile?: () => void) => Future<void>;

/** Polls every task that is ready, several times over. */
export const settle = fn(function* settle() {
  for (let i = 0; i < 8; i++) yield* yieldNow();
});

/** Runs what is ready until a cancellation that is polled by hand has ended. */
const cancelled = fn(function* cancelled(task: { cancel(): unknown }) {
  while (task.cancel() === Pending) yield* settle();
});

const byHand = (future: Future<unknown>) => testTask(future, { runtime: Handle.current() });

const aborted = fn(function* aborted(future: Future<unknown>, isPolled: boolean, meanwhile?: () => void) {
  let begun = false;
  const task = spawn(function* () {
    begun = true;
    yield* future;
  });
  while (isPolled && !begun) yield* yieldNow();
  assert.equal(task.isFinished(), false, "it was to wait");
  meanwhile?.();
  task.abort();
  try {
    yield* task;
  } catch (error) {
    if (!(error instanceof JoinError && error.isCancelled())) throw error;
    return;
  }
  assert.fail("the task was to be cancelled");
});

/** Tasks polled by hand that have let go of their future: nothing may wake them any more. */
type Gone = Spawn<unknown>[];

/** Drops of a future that waits. */
export const drops = {
  "loses a select": fn(function* (future: Future<unknown>, meanwhile: () => void) {
    const { key } = yield* select.biased({ future, other: once(meanwhile) });
    assert.equal(key, "other", "it was to wait");
  }),

  "loses a select of many": fn(function* (future: Future<unknown>, meanwhile: () => void) {
    const branches: Record<string, Future<unknown>> = { future };
    for (let i = 0; i < 40; i++) branches[`branch ${i}`] = pending();
    const { key } = yield* select.biased({ ...branches, other: once(meanwhile) });
    assert.equal(key, "other", "it was to wait");
  }),

  "its task is aborted": fn(function* (future: Future<unknown>, meanwhile: () => void) {
    yield* aborted(future, true, meanwhile);
  }),

  "cancelled by hand": fn(function* (future: Future<unknown>, meanwhile: () => void, gone: Gone) {
    const task = byHand(future);
    assertPending(task.poll());
    meanwhile();
    yield* cancelled(task);
    gone.push(task);
  }),

  "disposed by hand": fn(function* (future: Future<unknown>, meanwhile: () => void, gone: Gone) {
    const task = byHand(future);
    assertPending(task.poll());
    meanwhile();
    task[Symbol.dispose]();
    gone.push(task);
    yield* settle(); // cleanup that awaits goes on as a task
  }),

  // Where there is no runtime, cleanup cannot go on.
  "its body is cut short": fn(function* (future: Future<unknown>, meanwhile: () => void, gone: Gone) {
    const polled = byHand(
      Future.from(function* () {
        yield* future;
      }),
    );
    assertPending(polled.poll());
    meanwhile();
    testTask(polled.inner)[Symbol.dispose]();
    polled.enter(() => {}); // forgets the wakes before
    gone.push(polled);
  }),
} satisfies Record<string, (future: Future<unknown>, meanwhile: () => void, gone: Gone) => Future<void>>;

export type Manner = keyof typeof drops;

interface DropOptions {
  /** Ways that the scenario is not about. */
  readonly except?: readonly Manner[];
  /** The future's cleanup awaits: it cannot be cut short, and may wake whoever began it. */
  readonly cleanupAwaits?: true;
  /** What is dropped is not the future itself, which stays registered. */
  readonly isLent?: true;
}

function once(callback: () => void): Future<void> {
  return pollFn(() => {
    callback();
  });
}

/** Drops of a future that was never polled. */
const unpolled: Record<string, (future: Future<unknown>) => Future<void>> = {
  "loses a select": fn(function* (future: Future<unknown>) {
    assert.equal((yield* select.biased({ other: ready("other"), future })).key, "other");
  }),
  "its task is aborted": fn(function* (future: Future<unknown>) {
    yield* aborted(future, false);
  }),
  "cancelled by hand": fn(function* (future: Future<unknown>) {
    yield* cancelled(byHand(future));
  }),
  "disposed by hand": fn(function* (future: Future<unknown>) {
    byHand(future)[Symbol.dispose]();
    yield* settle();
  }),
};

type Scenario = (drop: Drop) => Generator<Suspend, void, unknown>;

/**
 * A test for each way to drop a future that waits. Whoever polled it by hand must not be woken after the drop, by nothing that the scenario does: what the
 * future had registered is released.
 */
export function everyDrop(name: string, scenario: Scenario, options: DropOptions = {}): Record<string, Body> {
  const { except = [], cleanupAwaits = false, isLent = false } = options;
  const tests: Record<string, Body> = {};
  for (const [manner, drop] of Object.entries(drops)) {
    if (except.includes(manner as Manner) || (cleanupAwaits && manner === "its body is cut short")) continue;
    tests[`${name}; ${manner}`] = function* () {
      const gone: Gone = [];
      yield* Future.from(scenario((future, meanwhile) => drop(future, meanwhile ?? (() => {}), gone)));
      if (!cleanupAwaits && !isLent) for (const task of gone) assert.equal(task.isWoken, false, "woken after the drop");
    };
  }
  return tests;
}

/** A test for each way to drop a future that was never polled. */
export function everyDropUnpolled(
  name: string,
  scenario: Scenario,
  { except = [] }: DropOptions = {},
): Record<string, Body> {
  const tests: Record<string, Body> = {};
  for (const [manner, drop] of Object.entries(unpolled)) {
    if (!except.includes(manner as Manner)) tests[`${name}; never polled, ${manner}`] = () => scenario(drop);
  }
  return tests;
}

/** Moves the paused clock at once: what becomes due is fired, nobody runs. */
export function moveClock(ms: number): void {
  assertPending(testTask(advance(ms)).poll());
}
