import { type FnInfo, siteOf } from "./fn-info.js";

/*
 * An error thrown in a resumed frame has a native stack that ends at the driver: the callers are suspended generators, not native frames.
 * When such an error leaves its frame, the callers are appended to `stack` the way V8 shows async functions. It is done once for each error,
 * with the whole chain of callers known at that moment.
 */

interface TracedFrame {
  readonly info: FnInfo;
  /** The frame that awaits this one; meaningless on a root, where the chain ends. */
  readonly link: TracedFrame | null;
  readonly isStarted: boolean;
}

const traced = new WeakSet<object>();
const MAX_LINES = 10;

/** Errors of Toki's own control flow (closed, elapsed, cancelled) carry this mark and keep their short stacks. @internal */
export const isControlFlow: unique symbol = Symbol.for("toki.controlFlow") as never;

/** @internal */
export function addAsyncTrace(error: unknown, caller: TracedFrame | null): void {
  if (!(error instanceof Error) || isControlFlow in error || traced.has(error)) return;
  traced.add(error);
  const own = error.stack;
  if (typeof own !== "string") return;
  const lines: string[] = [];
  for (let frame = caller; frame !== null && lines.length < MAX_LINES; ) {
    const site = siteOf(frame.info);
    const name = frame.info.name || "<anonymous fn>";
    lines.push(site === undefined ? `    at async ${name}` : `    at async ${name} (${site})`);
    frame = frame.isStarted ? null : frame.link;
  }
  if (lines.length === 0) return;
  try {
    Object.defineProperty(error, "stack", {
      value: `${own}\n${lines.join("\n")}`,
      writable: true,
      configurable: true,
    });
  } catch {
    // A frozen error keeps the stack it has.
  }
}
