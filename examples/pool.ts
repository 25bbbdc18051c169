// A pool of connections. Waiting is in `get`, giving back is synchronous, as the end of a scope is.
// Program 70.
import { fn, main, pause, sleep, spawn, yieldNow } from "toki";
import { Pool } from "toki/util";

let made = 0;
const connect = fn(function* connect() {
  yield* sleep(1);
  return `connection ${++made}`;
});
const pool = new Pool({ maxSize: 2, create: connect });

const query = fn(function* query(name: string, ms: number) {
  using connection = yield* pool.get();
  console.log(`${name} has ${connection.value}`);
  yield* sleep(ms);
});

await main(
  function* () {
    pause();
    const tasks = [spawn(query("a", 30)), spawn(query("b", 20)), spawn(query("c", 10)), spawn(query("d", 10))];
    yield* yieldNow();
    tasks[2]?.abort(); // c, which waits, gives up its place in the queue
    for (const task of tasks) {
      try {
        yield* task;
      } catch (error) {
        console.log((error as Error).message.replace(/\d+/, "c"));
      }
    }
    pool.close();
    yield* pool.closed();
    console.log("connections made:", made);
  },
  { flavor: "currentThread" },
);
