import { type Future, fn, type RuntimeOptions, type TaskFailure, yieldNow } from "toki";

/** Polls every task that is ready, several times over. */
export const settle = fn(function* settle() {
  for (let i = 0; i < 8; i++) yield* yieldNow();
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
