// The first of two wins; the other is cancelled where it waits, and its cleanup (which may await) is over before the winner is delivered.
// Programs 33, 49, 66.
import { ElapsedError, fn, main, pause, select, sleep, timeout } from "toki";

const fetchData = fn(function* fetchData(ms: number) {
  try {
    yield* sleep(ms);
    return "data";
  } finally {
    yield* sleep(10); // closing a connection, say
    console.log(`fetch of ${ms} ms: connection closed`);
  }
});

const fetchWithTimeout = fn(function* fetchWithTimeout(ms: number) {
  const winner = yield* select({ data: fetchData(ms), timeout: sleep(100) });
  if (winner.key === "data") return winner.value;
  console.log("Timed out waiting for data");
  return undefined;
});

await main(
  function* () {
    pause(); // nobody has to wait for it
    console.log(yield* fetchWithTimeout(200));
    console.log(yield* fetchWithTimeout(20));
    try {
      yield* timeout(100, fetchData(200));
    } catch (error) {
      if (!(error instanceof ElapsedError)) throw error;
      console.log(`timeout: ${error.message}`);
    }
  },
  { flavor: "currentThread" },
);
