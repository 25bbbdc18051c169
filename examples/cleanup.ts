// Cancellation unwinds a task from the inside out, one function at a time, and every `finally` may await. No `catch` sees it.
import { fn, main, pause, sleep, spawn, yieldNow } from "toki";

const query = fn(function* query() {
  try {
    yield* sleep({ hours: 1 });
  } finally {
    yield* sleep(10);
    console.log("1. query: cancelled on the server");
  }
});

const transaction = fn(function* transaction() {
  try {
    yield* query();
    console.log("never printed: nothing after the await runs");
  } catch {
    console.log("never printed: an abort is no error");
  } finally {
    yield* sleep(10);
    console.log("2. transaction: rolled back");
  }
});

const request = fn(function* request() {
  using _guard = { [Symbol.dispose]: () => console.log("3. request: guard released") };
  yield* transaction();
});

await main(
  function* () {
    pause();
    const task = spawn(request());
    yield* yieldNow(); // it is in query() now
    task.abort(); // a request: the task is over once its cleanup is
    console.log("aborted; over:", task.isFinished());
    try {
      yield* task;
    } catch (error) {
      console.log((error as Error).message.replace(/\d+/, "N"));
    }
  },
  { flavor: "currentThread" },
);
