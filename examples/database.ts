// An asynchronous interface is a plain interface whose methods return futures; implementations are swapped as usual.
// Program 71.
import { type Future, fn, main, ready, sleep } from "toki";

interface Database {
  find(id: number): Future<string | undefined>;
}

class RemoteDatabase implements Database {
  readonly #rows = new Map([[1, "alice"]]);

  find = fn(function* find(this: RemoteDatabase, id: number) {
    yield* sleep(10);
    return this.#rows.get(id);
  });
}

class EmptyDatabase implements Database {
  find(): Future<undefined> {
    return ready(undefined);
  }
}

const greet = fn(function* greet(db: Database, id: number) {
  return `hello ${(yield* db.find(id)) ?? "stranger"}`;
});

await main(function* () {
  console.log(yield* greet(new RemoteDatabase(), 1));
  console.log(yield* greet(new EmptyDatabase(), 1));
});
