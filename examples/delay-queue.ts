// A cache whose entries expire. One DelayQueue has the deadlines of all: reading an entry puts its deadline off, writing it anew replaces it, and one task
// throws out what is due.
import { fn, main, pause, sleep, spawn } from "toki";
import { Notify } from "toki/sync";
import { type DelayKey, DelayQueue } from "toki/util";

class Cache<V> {
  readonly #entries = new Map<string, { value: V; key: DelayKey<string> }>();
  readonly #expirations = new DelayQueue<string>();
  readonly #filled = new Notify();
  readonly #ttl: number;

  constructor(ttl: number) {
    this.#ttl = ttl;
  }

  set(name: string, value: V): void {
    const old = this.#entries.get(name);
    if (old !== undefined) this.#expirations.remove(old.key);
    this.#entries.set(name, { value, key: this.#expirations.insert(name, this.#ttl) });
    this.#filled.notifyOne();
  }

  get(name: string): V | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    this.#expirations.reset(entry.key, this.#ttl);
    return entry.value;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Throws out what expires, until it is cancelled. */
  expire = fn(function* expire(this: Cache<V>, onExpired: (name: string) => void) {
    for (;;) {
      const expired = yield* this.#expirations.next();
      if (expired === undefined) {
        yield* this.#filled.notified(); // the queue is empty, and of use again once something is in it
        continue;
      }
      this.#entries.delete(expired.value);
      onExpired(expired.value);
    }
  });
}

await main(
  function* () {
    pause();
    const cache = new Cache<number>(100);
    let now = 0;
    const wait = fn(function* wait(ms: number) {
      yield* sleep(ms);
      now += ms;
    });
    spawn(cache.expire((name) => console.log(`${name} expires`)));

    for (const name of ["a", "b", "c"]) cache.set(name, name.length);
    yield* wait(60);
    cache.get("b");
    cache.set("c", 2);
    yield* wait(60);
    console.log(`at ${now} ms: size ${cache.size}, a is ${cache.get("a")}, c is ${cache.get("c")}`);
    yield* wait(90);
    console.log(`at ${now} ms: size ${cache.size}`);
    yield* wait(60);
    cache.set("d", 4);
    console.log(`at ${now} ms: size ${cache.size}`);
    yield* wait(150);
    console.log(`at ${now} ms: size ${cache.size}`);
  },
  { flavor: "currentThread" },
);
