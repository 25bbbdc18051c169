// A plain function that blocks, on a thread of the blocking pool, while a ticker ticks here.
// Programs 13, 18, 30, 59.
import { createHash } from "node:crypto";
import { blocking, fn, interval, main, spawn, spawnBlocking } from "toki";

/** As slow as a password hash should be. */
const hashPassword = blocking(import.meta, function hashPassword(password: string) {
  const end = performance.now() + 100;
  let digest = password;
  while (performance.now() < end) digest = createHash("sha256").update(password).digest("hex");
  return digest;
});

const ticker = fn(function* ticker(ticks: { count: number }) {
  const every = interval(1);
  for (;;) {
    yield* every.tick();
    ticks.count++;
  }
});

await main(function* () {
  const ticks = { count: 0 };
  const beside = spawn(ticker(ticks));
  console.log("Hash:", yield* spawnBlocking(hashPassword("password")));
  beside.abort();
  console.log("this thread was free:", ticks.count > 1);
});
