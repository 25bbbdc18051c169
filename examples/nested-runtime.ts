// blockOn starts a runtime: fine from plain code, an error from code that a runtime is running.
// Programs 19, 101.
import { fn, main, pending, Runtime, sleep } from "toki";

const work = fn(function* work() {
  yield* sleep(100);
  return "Work done";
});

const rt = new Runtime({ name: "custom" });
rt.spawn(function* () {
  try {
    yield* pending();
  } finally {
    console.log("leftover task: cancelled");
  }
});
console.log("Custom runtime!");
console.log(rt.blockOn(work()));
await rt.shutdown();

await main(function* () {
  const inner = new Runtime(); // making one is fine
  try {
    inner.blockOn(work());
  } catch (error) {
    console.log((error as Error).message);
  }
  console.log(yield* work()); // what to do instead
});
