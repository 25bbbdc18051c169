// A driver that blocks (here a table in memory that takes its time) behind an asynchronous interface: calls run on a blocking thread.
// Program 74. A connection cannot cross threads, so it is made where it is used: one thread, one connection.
import { blocking, fn, join, main, spawnBlocking } from "toki";

class Connection {
  readonly #rows = new Map<number, string>();

  execute(id: number, name: string): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    this.#rows.set(id, name);
  }

  query(): [number, string][] {
    return [...this.#rows];
  }
}

/** Each thread that imports this module has its own; the pool has one thread. */
let connection: Connection | undefined;

const execute = blocking(import.meta, function execute(id: number, name: string) {
  connection ??= new Connection();
  connection.execute(id, name);
});

const query = blocking(import.meta, function query() {
  return connection?.query() ?? [];
});

const insert = fn(function* insert(id: number, name: string) {
  yield* spawnBlocking(execute(id, name));
  return name;
});

await main(
  function* () {
    console.log(yield* join(insert(1, "alice"), insert(2, "bob")));
    console.log(yield* spawnBlocking(query()));
    console.log("here:", connection);
  },
  { maxBlockingThreads: 1 },
);
