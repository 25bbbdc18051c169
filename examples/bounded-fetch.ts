// Never more than so many at once: take the permit before spawning, so that waiting requests are not even tasks yet.
// Programs 64, 86.
import { fn, main, pause, sleep, spawn } from "toki";
import { Semaphore, type SemaphorePermit } from "toki/sync";

let running = 0;
let peak = 0;

const fetchUrl = fn(function* fetchUrl(url: string, permit: SemaphorePermit) {
  using _slot = permit; // given back when the task ends, however it ends
  peak = Math.max(peak, ++running);
  try {
    yield* sleep(10 + (url.length % 7));
    return `body of ${url}`;
  } finally {
    running--;
  }
});

const boundedFetch = fn(function* boundedFetch(urls: readonly string[], maxConcurrent: number) {
  const slots = new Semaphore(maxConcurrent);
  const tasks = [];
  for (const url of urls) {
    const permit = yield* slots.acquire();
    tasks.push(spawn(fetchUrl(url, permit)));
  }
  const bodies: string[] = [];
  for (const task of tasks) bodies.push(yield* task);
  return bodies;
});

await main(
  function* () {
    pause();
    const urls = Array.from({ length: 10_000 }, (_, i) => `/item/${i}`);
    const bodies = yield* boundedFetch(urls, 100);
    console.log("peak:", peak);
    console.log("in order:", bodies.length === urls.length && bodies.every((body, i) => body === `body of ${urls[i]}`));
  },
  { flavor: "currentThread" },
);
