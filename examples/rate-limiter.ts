// A rate limiter is an interval behind a lock. With the default behaviour an idle second is made up for by a burst; "delay" avoids that.
// Program 69.
import { fn, Instant, type Interval, interval, type MissedTickBehavior, main, pause, sleep } from "toki";
import { Mutex } from "toki/sync";

class RateLimiter {
  readonly #ticks: Mutex<Interval>;

  constructor(perSecond: number, behavior: MissedTickBehavior) {
    const ticks = interval(1000 / perSecond);
    ticks.missedTickBehavior = behavior;
    this.#ticks = new Mutex(ticks);
  }

  acquire = fn(function* acquire(this: RateLimiter) {
    using ticks = yield* this.#ticks.lock(); // callers queue here, first come first served
    yield* ticks.value.tick();
  });
}

const measure = fn(function* measure(behavior: MissedTickBehavior) {
  const limiter = new RateLimiter(100, behavior);
  const start = Instant.now();
  for (let i = 0; i < 101; i++) yield* limiter.acquire();
  console.log(`${behavior}: 100 more requests took ${Math.round(start.elapsed())} ms`);

  yield* sleep({ seconds: 1 }); // idle
  const again = Instant.now();
  let atOnce = 0;
  for (;;) {
    yield* limiter.acquire();
    if (again.elapsed() > 5) break;
    atOnce++;
  }
  console.log(`${behavior}: after an idle second ${atOnce} go through at once`);
});

await main(
  function* () {
    pause();
    yield* measure("burst");
    yield* measure("delay");
  },
  { flavor: "currentThread" },
);
