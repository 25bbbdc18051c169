// A limit that follows the latency it sees: one more while answers are quick, half as soon as they are slow (AIMD).
// Program 65; the article's version has the fields and never adapts.
import { type Future, fn, Instant, main, pause, sleep, spawn } from "toki";
import { Semaphore } from "toki/sync";

class AdaptiveSemaphore {
  readonly #slots: Semaphore;
  #limit: number;
  /** Permits to take back as they come home. */
  #excess = 0;
  /** Answers to requests from before the latest cut say nothing new. */
  #cutAt = Instant.now();

  constructor(
    initial: number,
    private readonly bounds: { min: number; max: number; target: number },
  ) {
    this.#slots = new Semaphore(initial);
    this.#limit = initial;
  }

  get limit(): number {
    return this.#limit;
  }

  run = fn(function* run<T>(this: AdaptiveSemaphore, work: () => Future<T>) {
    const permit = yield* this.#slots.acquire();
    const start = Instant.now();
    try {
      return yield* work();
    } finally {
      this.#observe(start, start.elapsed());
      if (this.#excess > 0) {
        this.#excess--;
        permit.forget();
      } else permit.release();
    }
  });

  #observe(start: Instant, latency: number): void {
    const { min, max, target } = this.bounds;
    const slow = latency > target;
    if (slow && start.compare(this.#cutAt) < 0) return;
    if (slow) this.#cutAt = Instant.now();
    const wanted = slow ? Math.max(min, Math.floor(this.#limit / 2)) : Math.min(max, this.#limit + 1);
    const change = wanted - this.#limit;
    this.#limit = wanted;
    if (change > 0) {
      const kept = Math.min(change, this.#excess);
      this.#excess -= kept;
      if (change > kept) this.#slots.addPermits(change - kept);
    } else if (change < 0) this.#excess += -change - this.#slots.forgetPermits(-change);
  }
}

/** A server that answers in 10 ms until it has more than `capacity` requests at once. */
class Server {
  capacity = 8;
  inFlight = 0;

  request = fn(function* request(this: Server) {
    this.inFlight++;
    try {
      yield* sleep(10 + 20 * Math.max(0, this.inFlight - this.capacity));
    } finally {
      this.inFlight--;
    }
  });
}

const client = fn(function* client(limiter: AdaptiveSemaphore, server: Server) {
  for (let i = 0; i < 200; i++) yield* limiter.run(() => server.request());
});

const load = fn(function* load(limiter: AdaptiveSemaphore, server: Server) {
  const clients = Array.from({ length: 20 }, () => spawn(client(limiter, server)));
  let sum = 0;
  let samples = 0;
  for (; clients.some((task) => !task.isFinished()); samples++) {
    yield* sleep(1);
    sum += limiter.limit;
  }
  return `limit around ${Math.round(sum / samples)}`;
});

await main(
  function* () {
    pause();
    const server = new Server();
    const limiter = new AdaptiveSemaphore(1, { min: 1, max: 64, target: 15 });
    console.log("capacity 8:", yield* load(limiter, server));
    server.capacity = 3;
    console.log("capacity 3:", yield* load(limiter, server));
  },
  { flavor: "currentThread" },
);
