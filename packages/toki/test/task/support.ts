import { type Future, fn, pending, type RuntimeOptions, type Suspend, type TaskFailure, yieldNow } from "toki";

/** Polls every task that is ready, several times over. */
export const settle = fn(function* settle() {
  for (let i = 0; i < 8; i++) yield* yieldNow();
});

/** Waits until it is cancelled; its cleanup awaits, and logs the name. */
export const guarded = fn(function* guarded(log: string[], name: string): Generator<Suspend, never, unknown> {
  try {
    return yield* pending();
  } finally {
    yield* yieldNow();
    log.push(name);
  }
});

/** How a future ends, as a line. */
export const outcomeOf = fn(function* outcomeOf(future: Future<unknown>) {
  try {
    return `value ${yield* future}`;
  } catch (error) {
    return `threw ${error instanceof Error ? error.message : error}`;
  }
});

/** Runtime options that keep the failures nobody joined, as messages. */
export function keepFailures(options: RuntimeOptions = {}): RuntimeOptions & { readonly failures: string[] } {
  const failures: string[] = [];
  return {
    ...options,
    failures,
    onUnhandledFailure: (failure: TaskFailure) => void failures.push((failure.error as Error).message),
  };
}

/** One turn of the event loop. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
