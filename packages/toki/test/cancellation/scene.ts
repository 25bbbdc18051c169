import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ElapsedError,
  Future,
  fn,
  JoinError,
  type JoinHandle,
  MisuseError,
  Pending,
  pending,
  pollFn,
  Runtime,
  RuntimeError,
  type Suspend,
  yieldNow,
} from "toki";
import * as currentModule from "../../dist/future/current.js";
import { type Flavor, flavors } from "../support/flavors.js";

/** What one scenario writes to while it runs. */
export class Scene {
  readonly trace: string[] = [];
  readonly unhandled: string[] = [];
  readonly rt: Runtime;

  constructor(flavor: Flavor) {
    this.rt = new Runtime({
      ...flavor.options,
      onUnhandledFailure: (failure) => void this.unhandled.push(describeError(failure.error)),
    });
  }

  log = (line: string): void => {
    this.trace.push(line);
  };

  /** A guard for `using` that logs when it is disposed. */
  guard(name: string, error?: Error): Disposable {
    return {
      [Symbol.dispose]: () => {
        this.log(`${name} disposed`);
        if (error !== undefined) throw error;
      },
    };
  }

  /** Waits until it is cancelled, `depth` calls down; every call logs its cleanup. */
  park = fn(function* park(this: Scene, name: string, depth: number = 0): Generator<Suspend, void, unknown> {
    try {
      if (depth > 0) yield* this.park(name, depth - 1);
      else yield* pending();
      this.log(`${name}${depth} went on`);
    } catch {
      this.log(`${name}${depth} caught`);
    } finally {
      this.log(`${name}${depth} cleanup`);
    }
  });

  /** As `park`, with cleanup that awaits. */
  linger = fn(function* linger(this: Scene, name: string, depth: number = 0): Generator<Suspend, void, unknown> {
    try {
      if (depth > 0) yield* this.linger(name, depth - 1);
      else yield* pending();
      this.log(`${name}${depth} went on`);
    } catch {
      this.log(`${name}${depth} caught`);
    } finally {
      this.log(`${name}${depth} cleanup begins`);
      yield* pause();
      this.log(`${name}${depth} cleanup ends`);
    }
  });

  /** Waits until it is cancelled, and throws in its cleanup. */
  explode = fn(function* explode(this: Scene, name: string) {
    try {
      yield* pending();
    } finally {
      this.log(`${name} cleanup`);
      throw new Error(name);
    }
  });

  /** Timers in the runtime's wheel. */
  get timers(): number {
    using _guard = this.rt.enter();
    return (currentModule as unknown as Internals).current.runtime.time.wheel.size;
  }
}

interface Internals {
  readonly current: { readonly runtime: { readonly time: { readonly wheel: { readonly size: number } } } };
}

/** One row of the table. */
export interface Row {
  /** What happens, and what has to come of it. */
  readonly name: string;
  /** Runs on the runtime; gives the outcome. */
  readonly body?: (s: Scene) => Generator<Suspend, string, unknown>;
  /** In place of `body`, for what happens outside of the runtime. */
  readonly outside?: (s: Scene) => Promise<string> | string;
  /** What is logged, in order, up to the end of the runtime. */
  readonly trace: readonly string[];
  readonly outcome: string;
  /** The failures that nobody joined. */
  readonly unhandled?: readonly string[];
  /** Why the row cannot pass yet. */
  readonly todo?: string;
}

/** Suspends once, for certain: a yield may go on at once where nothing else is ready. */
export function pause(): Future<void> {
  let polled = false;
  return pollFn(function pause(cx) {
    if (polled) return undefined;
    polled = true;
    cx.waker.wake();
    return Pending;
  });
}

/** Polls every task that is ready, several times over. */
export const settle = fn(function* settle() {
  for (let i = 0; i < 8; i++) yield* yieldNow();
});

/** How a future ends. */
export const outcomeOf = fn(function* outcomeOf(future: Future<unknown>) {
  try {
    const value: unknown = yield* future;
    return `value ${String(value)}`;
  } catch (error) {
    return describeError(error);
  }
});

/** Aborts a task that has had the time to park, and waits for it. */
export const abortParked = fn(function* abortParked(handle: JoinHandle<unknown>) {
  yield* settle();
  handle.abort();
  return yield* outcomeOf(handle);
});

export async function settled(promise: PromiseLike<unknown>): Promise<string> {
  try {
    return `value ${String(await promise)}`;
  } catch (error) {
    return describeError(error);
  }
}

export function describeError(error: unknown): string {
  if (error instanceof JoinError) return error.isCancelled() ? "cancelled" : `panic: ${describeError(error.cause)}`;
  if (error instanceof ElapsedError) return "elapsed";
  if (error instanceof MisuseError) return error.code;
  if (error instanceof RuntimeError) return error.name;
  if (!(error instanceof Error)) return `thrown ${String(error)}`;
  if (error.name !== "SuppressedError") return error.message;
  const { error: later, suppressed: earlier } = error as Error & { error: unknown; suppressed: unknown };
  return `${describeError(later)} suppresses (${describeError(earlier)})`;
}

/** Far beyond what any row takes: a row that hangs fails alone, and says where it hangs. */
const LIMIT_MS = 10_000;

async function play(row: Row, flavor: Flavor): Promise<void> {
  const scene = new Scene(flavor);
  let watchdog: NodeJS.Timeout | undefined;
  const hung = new Promise<never>((_, reject) => {
    watchdog = setTimeout(() => {
      reject(new Error(`The row does not end. Logged so far: ${scene.trace.join("; ")}\n${scene.rt.dump()}`));
    }, LIMIT_MS);
  });
  try {
    await Promise.race([playOut(row, scene), hung]);
  } finally {
    clearTimeout(watchdog);
  }
}

async function playOut(row: Row, scene: Scene): Promise<void> {
  const { rt } = scene;
  const { body, outside } = row;
  let outcome: string;
  if (body !== undefined) {
    outcome = await rt.run(Future.from(body(scene)));
    // Whatever was cancelled has let go of its timers by the time its cancellation is seen to have ended.
    if (rt.metrics().numAliveTasks === 0) assert.equal(scene.timers, 0, "timers left after the last task");
  } else outcome = (await outside?.(scene)) ?? "";
  await rt.shutdown();
  assert.equal(scene.timers, 0, "timers left after shutdown");
  assert.equal(rt.metrics().numAliveTasks, 0, "tasks left after shutdown");
  assert.deepEqual(scene.trace, row.trace);
  assert.equal(outcome, row.outcome);
  assert.deepEqual(scene.unhandled, row.unhandled ?? []);
}

/** Runs every row on every flavour. */
export function playAll(section: string, rows: readonly Row[]): void {
  for (const flavor of flavors) {
    describe(`${section} (${flavor.name})`, () => {
      for (const row of rows) {
        test(row.name, row.todo === undefined ? {} : { todo: row.todo }, () => play(row, flavor));
      }
    });
  }
}
