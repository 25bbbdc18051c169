// A cache that makes each value once, they say. Every test of it passes, until the tasks come in another order: `explore` finds the order, and says how to see it again.
import { type Future, fn, join, sleep, spawn, yieldNow } from "toki";
import { OnceCell } from "toki/sync";
import { ExploreError, explore } from "toki/test";

let made = 0;
const make = fn(function* make() {
  yield* sleep(1);
  return ++made;
});

/** Looks, waits, and then writes: two tasks can look before one has written. */
class Cache {
  #value: number | undefined;

  get = fn(function* get(this: Cache) {
    this.#value ??= yield* make();
    return this.#value;
  });
}

/** The cell has its waiters wait for the one that makes the value. */
class OnceCache {
  readonly #cell = new OnceCell<number>();

  get(): Future<number> {
    return this.#cell.getOrInit(() => make());
  }
}

/** One asks at once, another some time later. */
const askTwice = (Kind: new () => { get(): Future<number> }) =>
  function* askTwice({ choose }: { choose(count: number): number }) {
    made = 0;
    const cache = new Kind();
    const later = fn(function* later() {
      for (let turns = 3 - choose(4); turns > 0; turns--) yield* sleep(1);
      yield* yieldNow();
      return yield* cache.get();
    });
    yield* join(spawn(cache.get()), spawn(later()));
    if (made !== 1) throw new Error(`made ${made} times`);
  };

for (const Kind of [Cache, OnceCache]) {
  try {
    const { runs } = await explore(askTwice(Kind), { runs: 500, seed: 1 });
    console.log(`${Kind.name}: nothing found in ${runs} runs`);
  } catch (error) {
    if (!(error instanceof ExploreError)) throw error;
    console.log(`${Kind.name}: ${(error.cause as Error).message}, found in run ${error.runs}`);
    console.log(error.steps.map((step) => `  ${step}`).join("\n"));
  }
}
