// Tasks have no parents. Ignoring a handle detaches its task; aborting one that awaits a child leaves the child running.
// Programs 53, 60, 62.
import { fn, Handle, main, pause, sleep, spawn, yieldNow } from "toki";

const forever = fn(function* forever(name: string) {
  try {
    for (;;) yield* sleep(10);
  } finally {
    console.log(`${name}: ended`);
  }
});

const leaky = fn(function* leaky() {
  spawn(forever("first"));
  spawn(forever("second"));
});

const child = fn(function* child() {
  yield* sleep(50);
  console.log("child: finished all the same");
  return "value from the child";
});

const parent = fn(function* parent() {
  return yield* spawn(child());
});

await main(
  function* () {
    pause();
    yield* leaky();
    yield* sleep(100);
    console.log("the function has returned, tasks alive:", Handle.current().metrics().numAliveTasks);

    console.log(yield* spawn(parent()));

    const aborted = spawn(parent());
    yield* yieldNow();
    aborted.abort();
    yield* sleep(100);
    console.log("main returns");
  },
  { flavor: "currentThread" },
);
