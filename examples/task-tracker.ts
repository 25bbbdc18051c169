// Tasks that nobody leaks. A tracker counts them, a token stops them, and the shutdown waits until each has finished what it is at. A child that must not
// outlive its parent goes with it. Programs 60 and 62 as one wants them; as written they are in detached.ts.
import { fn, main, pause, select, sleep, spawn, timeout } from "toki";
import { AbortOnDropHandle, CancellationToken, TaskTracker } from "toki/util";

const tracker = new TaskTracker();

const background = fn(function* background(name: string, stop: CancellationToken) {
  for (let rounds = 0; ; rounds++) {
    const { key } = yield* select.biased({ stop: stop.cancelled(), tick: sleep(10) });
    if (key === "tick") continue;
    yield* sleep(5);
    console.log(`${name}: saved after ${rounds} rounds`);
    return;
  }
});

const audit = fn(function* audit(id: number) {
  yield* sleep(20);
  console.log(`audit of request ${id}: written`);
});

const request = fn(function* request(id: number) {
  yield* sleep(15);
  tracker.spawn(audit(id)); // nobody joins it, and yet it is not lost
  console.log(`request ${id}: answered`);
});

const child = fn(function* child() {
  try {
    yield* sleep(50);
    console.log("child: finished all the same");
  } finally {
    console.log("child: cleaned up");
  }
});

const parent = fn(function* parent() {
  using task = new AbortOnDropHandle(spawn(child()));
  yield* task;
});

await main(
  function* () {
    pause();
    const stop = new CancellationToken();
    for (const name of ["first", "second"]) tracker.spawn(background(name, stop));
    yield* sleep(95);
    for (const id of [1, 2]) tracker.spawn(request(id));
    console.log("tracked:", tracker.length);

    stop.cancel();
    tracker.close();
    yield* timeout(1000, tracker.wait());
    console.log("tracked:", tracker.length);

    const aborted = spawn(parent());
    yield* sleep(10);
    aborted.abort();
    yield* sleep(100);
    console.log("main returns");
  },
  { flavor: "currentThread" },
);
