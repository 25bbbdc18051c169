// An interval behind a lock is a rate limiter that makes up for an idle second with a burst. One that counts time instead does not.
// Program 69.
import { type Future, fn, Instant, type Interval, interval, main, pause, sleep } from "toki";
import { Mutex } from "toki/sync";
import { rateLimiter } from "toki/util";

/** As in the article. */
class Ticks {
  readonly #ticks = new Mutex<Interval>(interval(1000 / 100));

  acquire = fn(function* acquire(this: Ticks) {
    using ticks = yield* this.#ticks.lock(); // callers queue here, first come first served
    yield* ticks.value.tick();
  });
}

const measure = fn(function* measure(name: string, limiter: { acquire(): Future<void> }) {
  const start = Instant.now();
  for (let i = 0; i < 101; i++) yield* limiter.acquire();
  console.log(`${name}: 100 more requests took ${Math.round(start.elapsed())} ms`);

  yield* sleep({ seconds: 1 }); // idle
  const again = Instant.now();
  let atOnce = 0;
  for (;;) {
    yield* limiter.acquire();
    if (again.elapsed() > 5) break;
    atOnce++;
  }
  console.log(`${name}: after an idle second ${atOnce} go through at once`);
});

await main(
  function* () {
    pause();
    yield* measure("interval", new Ticks());
    yield* measure("rateLimiter", rateLimiter(100));
    yield* measure("with a burst of 10", rateLimiter(100, { burst: 10 }));
  },
  { flavor: "currentThread" },
);
