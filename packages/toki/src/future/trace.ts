import { type FnInfo, siteOf } from "./fn-info.js";

/*
 * Making the stack of an error name the functions it went through.
 *
 * The engine records ten native frames. Between any two frames of a program there are three of the driver, so few of them are the program's; and the
 * callers of a resumed frame are suspended generators, no native frames at all. Therefore, when an error leaves the frames that one driver runs:
 *
 *   - lines of the driver between the program's own are taken out
 *   - callers that ran natively but were not recorded are appended, from what each of them noted as the error passed through (`passThrough`)
 *   - suspended callers are appended from the frame stack, the way V8 shows async functions
 *
 * That is done once for each error, where it leaves the innermost driver that ran it. `passed` holds the notes of the error that is on its way; a new
 * error replaces them.
 */

interface TracedFrame {
  readonly info: FnInfo;
  /** The frame that awaits this one; meaningless on a root, where the chain ends. */
  readonly link: TracedFrame | null;
  readonly isStarted: boolean;
}

const traced = new WeakSet<object>();
const MAX_LINES = 12;
let passing: unknown;
let passed: FnInfo[] = [];

const GENERATOR_CALL = /\.(?:next|return|throw) \(<anonymous>\)$/;
const DRIVER =
  /\/(?:future|runtime)\/(?:[\w-]+\/)*(?:frame|future|unwind|executor|core|time-driver)\.[jt]s:\d+:\d+\)?$/;

/** Errors of Toki's own control flow (closed, elapsed, cancelled) carry this mark and keep their short stacks. @internal */
export const isControlFlow: unique symbol = Symbol.for("toki.controlFlow") as never;

/** Notes that an error leaves a frame that ran natively. @internal */
export function passThrough(error: unknown, info: FnInfo): void {
  if (passing !== error) {
    passing = error;
    passed = [];
  }
  passed.push(info);
}

/** Completes the stack of an error that leaves `frame`, which a driver had resumed. @internal */
export function completeTrace(error: unknown, frame: TracedFrame): void {
  const natively = passing === error ? passed : [];
  passing = undefined;
  passed = [];
  if (!(error instanceof Error) || isControlFlow in error || traced.has(error)) return;
  traced.add(error);
  const own = error.stack;
  if (typeof own !== "string") return;
  const callers = [...natively, frame.info];
  for (let at = frame; !at.isStarted && at.link !== null && callers.length < natively.length + MAX_LINES; ) {
    at = at.link;
    callers.push(at.info);
  }
  try {
    Object.defineProperty(error, "stack", { value: render(own, callers), writable: true, configurable: true });
  } catch {
    // A frozen error keeps the stack it has.
  }
}

/** Takes the driver's lines out of `stack`, and appends the callers that it does not name. */
function render(stack: string, callers: readonly FnInfo[]): string {
  const lines = stack.split("\n");
  let shown = 0;
  const kept = lines.filter((line) => {
    if (GENERATOR_CALL.test(line)) {
      shown++;
      return false;
    }
    return !DRIVER.test(line);
  });
  // A body at the very end of the ten lines has no line of its call behind it.
  const isBody = lines.length > 1 && kept.at(-1) === lines.at(-1) && !GENERATOR_CALL.test(lines.at(-1) as string);
  if (isBody && shown < callers.length && kept.at(-1)?.includes(`at ${callers[shown]?.name || "<"}`)) shown++;
  for (const info of callers.slice(shown, shown + MAX_LINES)) {
    const name = info.name || "<anonymous fn>";
    const site = siteOf(info);
    kept.push(site === undefined ? `    at async ${name}` : `    at async ${name} (${site})`);
  }
  return kept.join("\n");
}
