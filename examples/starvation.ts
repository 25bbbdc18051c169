// One thread runs all tasks. A body that computes without awaiting stops everything else; one that awaits now and then does not.
// Programs 7, 12, 29, 57.
import { fn, main, sleep, spawn, yieldNow } from "toki";

/** Keeps the thread busy, as a hash or a parser would. */
function burn(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const ticks = fn(function* ticks(counter: { count: number }) {
  for (;;) {
    yield* sleep(10);
    counter.count++;
  }
});

const inOnePiece = fn(function* inOnePiece() {
  burn(300);
});

const inSlices = fn(function* inSlices() {
  for (let i = 0; i < 60; i++) {
    burn(5);
    yield* yieldNow();
  }
});

/** How often a 10 ms ticker gets to run while `work` does. */
const ticksDuring = fn(function* ticksDuring(work: () => ReturnType<typeof inOnePiece>) {
  const counter = { count: 0 };
  const ticker = spawn(ticks(counter));
  yield* yieldNow();
  const count = yield* spawn(function* () {
    const before = counter.count;
    yield* work();
    return counter.count - before;
  });
  ticker.abort();
  return count;
});

await main(function* () {
  console.log("300 ms in one piece: ticker ran", yield* ticksDuring(inOnePiece), "times");
  const sliced = yield* ticksDuring(inSlices);
  console.log("300 ms in slices of 5 ms: ticker ran", sliced > 10 ? "all along" : `${sliced} times`);
});

// As the article has it: main returns at once, so both tasks are dropped before their first poll and nothing is printed.
await main(function* () {
  spawn(function* () {
    burn(5000);
    console.log("never printed");
  });
  spawn(function* () {
    console.log("never printed");
  });
});
console.log("main returned at once: its tasks were dropped");
