// Retry with a backoff that doubles, up to a cap. So many retries are one attempt more.
// Program 67; 66 for the timeout in each attempt.
import { fn, Instant, main, pause, sleep, timeout } from "toki";
import { exponential, retry } from "toki/util";

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
    const backoff = exponential(100).capped(30_000); // in production also .jittered()
    console.log(yield* retry(backoff.upTo(5), flaky));

    const stuck = fn(function* stuck() {
      yield* sleep(Number.POSITIVE_INFINITY);
    });
    try {
      yield* retry(backoff.upTo(2), () => timeout({ seconds: 10 }, stuck()));
    } catch (error) {
      console.log("gave up:", (error as Error).message);
    }
  },
  { flavor: "currentThread" },
);
