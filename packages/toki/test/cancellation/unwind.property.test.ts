import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, Pending, type Suspend } from "toki";
import { testTask } from "toki/test";
import fc from "../support/property.js";
import { describeError, pause } from "./scene.js";

/** One call: what it does before and after the call further in, and in its finally block. */
interface Frame {
  readonly before: number;
  readonly after: number;
  readonly cleanup: number;
  readonly throws: boolean;
}

const frame = fc.record({
  before: fc.nat(2),
  after: fc.nat(2),
  cleanup: fc.nat(2),
  throws: fc.boolean(),
});
const calls = fc.oneof(
  { weight: 9, arbitrary: fc.array(frame, { minLength: 1, maxLength: 8 }) },
  { weight: 1, arbitrary: fc.array(frame, { minLength: 100, maxLength: 120 }) },
);

/** Calls `frames` one inside the other, from `depth` on. Logs `+` on entry, `.` after the inner call, `-` and `=` around cleanup. */
const call = fn(function* (
  frames: readonly Frame[],
  depth: number,
  log: (line: string) => void,
): Generator<Suspend, void, unknown> {
  const { before, after, cleanup, throws } = frames[depth] as Frame;
  log(`+${depth}`);
  try {
    for (let i = 0; i < before; i++) yield* pause();
    if (depth + 1 < frames.length) yield* call(frames, depth + 1, log);
    log(`.${depth}`);
    for (let i = 0; i < after; i++) yield* pause();
  } finally {
    log(`-${depth}`);
    for (let i = 0; i < cleanup; i++) yield* pause();
    log(`=${depth}`);
    if (throws) throw new Error(`error ${depth}`);
  }
});

interface Step {
  /** What is logged, or nothing for a pause. */
  readonly line: string | undefined;
  /** The calls that are open here and whose finally block has not begun, outermost first. */
  readonly open: readonly number[];
}

/** All steps of a run that nothing disturbs, up to the first error. */
function stepsOf(frames: readonly Frame[]): { steps: Step[]; fails: number | undefined } {
  const steps: Step[] = [];
  const open: number[] = [];
  let fails: number | undefined;
  const step = (line?: string) => steps.push({ line, open: [...open] });
  const pauses = (count: number) => {
    for (let i = 0; i < count; i++) step();
  };
  for (const [depth, { before }] of frames.entries()) {
    open.push(depth);
    step(`+${depth}`);
    pauses(before);
  }
  for (const [depth, { after, cleanup, throws }] of [...frames.entries()].reverse()) {
    if (fails === undefined) {
      step(`.${depth}`);
      pauses(after);
    }
    open.pop();
    step(`-${depth}`);
    pauses(cleanup);
    step(`=${depth}`);
    if (throws) fails = depth;
  }
  return { steps, fails };
}

/** What has to be logged, and what the cancellation throws, when the run is cancelled after `polls` polls; undefined if it is over by then. */
function expectation(frames: readonly Frame[], polls: number): { trace: string[]; error: string } | undefined {
  const { steps } = stepsOf(frames);
  const trace: string[] = [];
  let left = polls;
  for (const { line, open } of steps) {
    if (line !== undefined) {
      trace.push(line);
      continue;
    }
    if (--left > 0) continue;
    let error = "";
    for (const depth of [...open].reverse()) {
      trace.push(`-${depth}`, `=${depth}`);
      if (frames[depth]?.throws) error = error === "" ? `error ${depth}` : `error ${depth} suppresses (${error})`;
    }
    return { trace, error };
  }
  return undefined;
}

function play(frames: readonly Frame[], polls: number): { trace: string[]; error: string } | undefined {
  const trace: string[] = [];
  const task = testTask(call(frames, 0, (line) => trace.push(line)));
  for (let i = 0; i < polls; i++) {
    try {
      if (task.poll() !== Pending) return undefined;
    } catch {
      return undefined;
    }
  }
  let error = "";
  try {
    while (task.cancel() === Pending) assert.equal(task.isWoken, true);
  } catch (thrown) {
    error = describeError(thrown);
  }
  assert.equal(task.cancel(), undefined);
  return { trace, error };
}

describe("unwinding", () => {
  test("cancelled after any number of polls, exactly the calls that are open clean up: once, innermost first, and no error is lost", () => {
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 40 }), (frames, polls) => {
        assert.deepEqual(play(frames, polls), expectation(frames, polls));
      }),
      { numRuns: 500 },
    );
  });

  test("cut short at any moment of the cleanup, every call that is open begins its cleanup, innermost first", () => {
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 40 }), fc.nat(20), (frames, polls, cancels) => {
        const calm = frames.map((one) => ({ ...one, throws: false }));
        const expected = expectation(calm, polls);
        fc.pre(expected !== undefined);
        const trace: string[] = [];
        const task = testTask(call(calm, 0, (line) => trace.push(line)));
        for (let i = 0; i < polls; i++) task.poll();
        for (let i = 0; i < cancels; i++) if (task.cancel() !== Pending) break;
        task[Symbol.dispose]();
        const begun = (lines: readonly string[]) => lines.filter((line) => !line.startsWith("="));
        assert.deepEqual(begun(trace), begun((expected as { trace: string[] }).trace));
      }),
      { numRuns: 300 },
    );
  });
});
