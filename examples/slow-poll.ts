// A timeout cannot interrupt synchronous code: it runs to its end, and its value wins. Who holds the thread, the detector of slow polls says.
// Program 79.
import { fn, main, timeout, yieldNow } from "toki";

/** Keeps the thread, as a synchronous driver or a large JSON.parse would. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const parseReport = fn(function* parseReport() {
  yield* yieldNow();
  block(300);
  return "parsed";
});

const handleRequest = fn(function* handleRequest() {
  return yield* parseReport();
});

await main(
  function* () {
    console.log("a timeout of 100 ms:", yield* timeout(100, handleRequest()));
  },
  {
    flavor: "currentThread",
    slowPollThreshold: 250,
    onSlowPoll({ functions, duration }) {
      // Each has its file and line, too.
      const names = functions.map((each) => each.replace(/ \(.*/, ""));
      console.log(`${names.join(" > ")} held the thread for at least 250 ms:`, duration >= 250);
    },
  },
);
