// A Mutex protects state across awaits: concurrent callers see one value for a key, that of the first writer.
// Between two awaits plain code needs no lock.
// Program 34.
import { fn, join, main, sleep } from "toki";
import { Mutex } from "toki/sync";

const cache = new Mutex(new Map<string, string>());
let computed = 0;

const getOrSet = fn(function* getOrSet(key: string, value: string) {
  using guard = yield* cache.lock(); // released on return, throw and cancellation
  const known = guard.value.get(key);
  if (known !== undefined) return known;
  yield* sleep(10); // the lock is held meanwhile
  computed++;
  guard.value.set(key, value);
  return value;
});

await main(function* () {
  console.log(yield* join(getOrSet("a", "first"), getOrSet("a", "second"), getOrSet("b", "third")));
  console.log("computed:", computed);
});
