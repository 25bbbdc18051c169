// A limit that follows the latency it sees: one more while answers are quick, half as soon as they are slow (AIMD).
// Program 65; the article's version has the fields and never adapts.
import { fn, main, pause, sleep, spawn } from "toki";
import { type AdaptiveLimit, adaptiveLimit } from "toki/util";

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

const client = fn(function* client(limiter: AdaptiveLimit, server: Server) {
  for (let i = 0; i < 200; i++) yield* limiter.run(() => server.request());
});

const load = fn(function* load(limiter: AdaptiveLimit, server: Server) {
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
    const limiter = adaptiveLimit({ targetLatency: 15, max: 64 });
    console.log("capacity 8:", yield* load(limiter, server));
    server.capacity = 3;
    console.log("capacity 3:", yield* load(limiter, server));
  },
  { flavor: "currentThread" },
);
