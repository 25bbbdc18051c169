// A sleep, a timeout that is met, an interval; and what an interval does when its handler is too slow.
// Programs 95, 96.
import { fn, Instant, interval, type MissedTickBehavior, main, pause, sleep, timeout } from "toki";

const slowOperation = fn(function* slowOperation() {
  yield* sleep({ seconds: 2 });
  return "result";
});

const lateTicks = fn(function* lateTicks(behavior: MissedTickBehavior) {
  const start = Instant.now();
  const every = interval(1000);
  every.missedTickBehavior = behavior;
  yield* every.tick();
  yield* sleep(3300); // one slow handler
  const at: number[] = [];
  for (let i = 0; i < 5; i++) {
    yield* every.tick();
    at.push(Math.round(start.elapsed()));
  }
  return at;
});

await main(
  function* () {
    pause(); // virtual time: the numbers below are exact, and nobody waits
    yield* sleep(100);
    console.log("100 ms elapsed");
    console.log("Completed:", yield* timeout({ seconds: 5 }, slowOperation()));

    const start = Instant.now();
    const every = interval({ seconds: 1 });
    for (let i = 0; i < 5; i++) {
      yield* every.tick();
      console.log("tick at", Math.round(start.elapsed()), "ms");
    }

    console.log("burst:", yield* lateTicks("burst"));
    console.log("delay:", yield* lateTicks("delay"));
    console.log("skip: ", yield* lateTicks("skip"));
  },
  { flavor: "currentThread" },
);
