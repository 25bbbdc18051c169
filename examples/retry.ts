// Retry with a backoff that doubles, up to a cap. `maxRetries` retries are `maxRetries + 1` attempts.
// Program 67; 66 for the timeout in each attempt.
import { type Future, fn, Instant, main, pause, sleep, timeout } from "toki";

interface RetryOptions {
  maxRetries: number;
  /** First delay in milliseconds. @default 100 */
  initial?: number;
  /** Longest delay in milliseconds. @default 30 000 */
  cap?: number;
}

/** Takes a function that makes the future, not a future: each attempt needs a new one. */
const retry = fn(function* retry<T>(
  attempt: () => Future<T>,
  { maxRetries, initial = 100, cap = 30_000 }: RetryOptions,
) {
  for (let retries = 0, delay = initial; ; retries++) {
    try {
      return yield* attempt();
    } catch (error) {
      if (retries === maxRetries) throw error;
      yield* sleep(delay);
      delay = Math.min(delay * 2, cap);
    }
  }
});

await main(
  function* () {
    pause();
    const start = Instant.now();

    let calls = 0;
    const flaky = fn(function* flaky() {
      console.log(`attempt ${++calls} at ${Math.round(start.elapsed())} ms`);
      yield* sleep(0);
      if (calls < 4) throw new Error("503");
      return "ok";
    });
    console.log(yield* retry(flaky, { maxRetries: 5 }));

    const stuck = fn(function* stuck() {
      yield* sleep(Number.POSITIVE_INFINITY);
    });
    try {
      yield* retry(() => timeout({ seconds: 10 }, stuck()), { maxRetries: 2 });
    } catch (error) {
      console.log("gave up:", (error as Error).message);
    }
  },
  { flavor: "currentThread" },
);
