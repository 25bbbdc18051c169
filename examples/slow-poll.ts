// A timeout cannot interrupt synchronous code: it runs to its end, and its value wins. Who holds the thread, the detector of slow polls says.
// Program 79.
import { fn, main, type SlowPoll, timeout, yieldNow } from "toki";

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

const slow: SlowPoll[] = [];

await main(
  function* () {
    console.log("a timeout of 100 ms:", yield* timeout(100, handleRequest()));
  },
  // Without a callback they are printed as they come, with file and line of each function.
  { flavor: "currentThread", slowPollThreshold: 250, onSlowPoll: (poll) => slow.push(poll) },
);

const culprit = slow.find(({ functions }) => functions.some((each) => each.startsWith("parseReport")));
console.log("held the thread:", culprit?.functions.map((each) => each.replace(/ \(.*/, "")).join(" > "));
