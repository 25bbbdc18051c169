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
const MAX_LINES = 10;
let passing: unknown;
let passed: FnInfo[] = [];

const GENERATOR_CALL = /\.(?:next|return|throw) \(<anonymous>\)$/;
const DRIVER_POLL = /(?:FnFuture\.poll|pollUnwind) \(.*\/future\/(?:frame|unwind)\.[jt]s:/;
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
  try {
    if (!(error instanceof Error) || isControlFlow in error || traced.has(error)) return;
    traced.add(error);
    const own = error.stack;
    if (typeof own !== "string") return;
    const callers = [...natively, frame.info];
    for (let at = frame; !at.isStarted && at.link !== null && callers.length <= natively.length + MAX_LINES; ) {
      at = at.link;
      callers.push(at.info);
    }
    Object.defineProperty(error, "stack", { value: render(own, callers), writable: true, configurable: true });
  } catch {
    // A frozen error, or one that throws when it is looked at, keeps the stack it has.
  }
}

/**
 * Takes the driver's lines out of `stack`, and adds the callers that it does not name. They belong before the line of the driver that ran them: what
 * is below that polled the driver, a combinator in another frame.
 */
function render(stack: string, callers: readonly FnInfo[]): string {
  const lines = stack.split("\n");
  const boundary = lines.findIndex((line) => DRIVER_POLL.test(line));
  const end = boundary < 0 ? lines.length : boundary;
  const kept: string[] = [];
  let shown = 0;
  for (const line of lines.slice(0, end)) {
    if (GENERATOR_CALL.test(line)) shown++;
    else if (!DRIVER.test(line)) kept.push(line);
  }
  // Where the engine's ten lines end with a body, the line of its call is missing, which would have counted it.
  const last = lines.at(-1) as string;
  const next = callers[shown]?.name;
  if (boundary < 0 && next && kept.at(-1) === last && last.includes(` ${next} `)) shown++;
  for (const info of callers.slice(shown, shown + MAX_LINES)) {
    const name = info.name || "<anonymous fn>";
    const site = siteOf(info);
    kept.push(site === undefined ? `    at async ${name}` : `    at async ${name} (${site})`);
  }
  for (const line of lines.slice(end)) if (!GENERATOR_CALL.test(line) && !DRIVER.test(line)) kept.push(line);
  return kept.join("\n");
}
