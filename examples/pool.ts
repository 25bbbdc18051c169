// A pool of connections: a semaphore counts the free ones, a guard brings one back. Waiting is in `get`, giving back is synchronous.
// Program 70.
import { fn, main, pause, sleep, spawn, yieldNow } from "toki";
import { Semaphore, type SemaphorePermit } from "toki/sync";

class PoolGuard<C> implements Disposable {
  #returned = false;

  constructor(
    readonly connection: C,
    private readonly idle: C[],
    private readonly permit: SemaphorePermit,
  ) {}

  [Symbol.dispose](): void {
    if (this.#returned) return;
    this.#returned = true;
    this.idle.push(this.connection);
    this.permit.release(); // wakes the first that waits
  }
}

class Pool<C> {
  created = 0;
  readonly #idle: C[] = [];
  readonly #slots: Semaphore;

  constructor(
    maxSize: number,
    private readonly connect: (n: number) => C,
  ) {
    this.#slots = new Semaphore(maxSize);
  }

  get = fn(function* get(this: Pool<C>) {
    const permit = yield* this.#slots.acquire();
    return new PoolGuard(this.#idle.pop() ?? this.connect(++this.created), this.#idle, permit);
  });
}

const pool = new Pool(2, (n) => `connection ${n}`);

const query = fn(function* query(name: string, ms: number) {
  using guard = yield* pool.get();
  console.log(`${name} has ${guard.connection}`);
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
    console.log("connections made:", pool.created);
  },
  { flavor: "currentThread" },
);
