// A test need not wait: the clock stands still and moves when it is told to, or when everything waits.
// Program 44.
import { advance, fn, Instant, main, pause, sleep, spawn, yieldNow } from "toki";

const nap = fn(function* nap() {
  yield* sleep({ seconds: 10 });
  console.log("slept 10 s");
});

await main(
  function* () {
    pause();
    const task = spawn(nap());
    yield* yieldNow(); // let it reach its sleep
    yield* advance({ seconds: 10 });
    console.log("advanced; task over:", task.isFinished()); // due, but its turn may be yet to come
    yield* task;

    const start = Instant.now();
    yield* sleep({ hours: 24 }); // nothing else to do: the clock jumps
    console.log("a day later:", Math.round(start.elapsed()), "ms");
  },
  { flavor: "currentThread" },
);
