// What the tour runs on workers. They import this module and nothing else of the tour.
import { createHash } from "node:crypto";
import { fn, sleep, spawn, workerIndex } from "toki";

/** Each thread that imports this module has its own. */
let scratch = new Uint32Array(0);

/** Hashes bytes that differ from piece to piece. Awaited, it runs where it is awaited; spawned, on any worker. */
export const hashPiece = fn(import.meta, function* hashPiece(piece: number, bytes: number) {
  if (scratch.byteLength !== bytes) scratch = new Uint32Array(bytes / 4);
  let state = piece + 1;
  for (let i = 0; i < scratch.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    scratch[i] = state;
  }
  return { digest: createHash("sha256").update(scratch).digest("hex"), worker: workerIndex() };
});

const countPrimes = fn(import.meta, function* countPrimes(below: number) {
  let primes = 0;
  for (let n = 2; n < below; n++) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor !== 0) divisor++;
    if (divisor * divisor > n) primes++;
  }
  return { primes, worker: workerIndex() ?? -1 };
});

/** Spawns tasks on the worker it runs on, each longer than the one before: nobody can split that fairly in advance. */
export const fanOut = fn(import.meta, function* fanOut(tasks: number, step: number) {
  const handles = Array.from({ length: tasks }, (_, i) => spawn(countPrimes((i + 1) * step)));
  const ranOn: Record<number, number> = {};
  let primes = 0;
  try {
    for (const handle of handles) {
      const done = yield* handle;
      primes += done.primes;
      ranOn[done.worker] = (ranOn[done.worker] ?? 0) + 1;
    }
  } finally {
    for (const handle of handles) handle.abort(); // those that are over take no notice
  }
  return { primes, ranOn, spawnedOn: workerIndex() ?? -1 };
});

/** What `transaction` counts, in memory that all threads see. */
export const [BEGUN, ROLLED_BACK, CLOSED] = [0, 1, 2];

const query = fn(function* query(counts: Int32Array) {
  try {
    Atomics.add(counts, BEGUN, 1);
    yield* sleep({ hours: 1 });
  } finally {
    yield* sleep(5);
    Atomics.add(counts, ROLLED_BACK, 1);
  }
});

/** Waits for ever, two functions deep; each cleans up with an await when it is cancelled. */
export const transaction = fn(import.meta, function* transaction(counts: Int32Array) {
  try {
    yield* query(counts);
  } finally {
    yield* sleep(5);
    Atomics.add(counts, CLOSED, 1);
  }
});
