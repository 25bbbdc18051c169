// Never more than so many at once: take the permit before spawning, so that waiting requests are not even tasks yet. Or let `mapConcurrent` do it.
// Programs 64, 86.
import { fn, main, pause, sleep, spawn } from "toki";
import { Semaphore, type SemaphorePermit } from "toki/sync";
import { mapConcurrent } from "toki/util";

let running = 0;
let peak = 0;

const fetchUrl = fn(function* fetchUrl(url: string) {
  peak = Math.max(peak, ++running);
  try {
    yield* sleep(10 + (url.length % 7));
    return `body of ${url}`;
  } finally {
    running--;
  }
});

const fetchWith = fn(function* fetchWith(url: string, permit: SemaphorePermit) {
  using _slot = permit; // given back when the task ends, however it ends
  return yield* fetchUrl(url);
});

const boundedFetch = fn(function* boundedFetch(urls: readonly string[], maxConcurrent: number) {
  const slots = new Semaphore(maxConcurrent);
  const tasks = [];
  for (const url of urls) {
    const permit = yield* slots.acquire();
    tasks.push(spawn(fetchWith(url, permit)));
  }
  const bodies: string[] = [];
  for (const task of tasks) bodies.push(yield* task);
  return bodies;
});

const report = (name: string, urls: readonly string[], bodies: readonly string[]) => {
  console.log(`${name}: peak ${peak}`);
  console.log("in order:", bodies.length === urls.length && bodies.every((body, i) => body === `body of ${urls[i]}`));
  peak = 0;
};

await main(
  function* () {
    pause();
    const urls = Array.from({ length: 10_000 }, (_, i) => `/item/${i}`);
    report("permits", urls, yield* boundedFetch(urls, 100));
    report("mapConcurrent", urls, yield* mapConcurrent(urls, 100, (url) => fetchUrl(url)));
  },
  { flavor: "currentThread" },
);
