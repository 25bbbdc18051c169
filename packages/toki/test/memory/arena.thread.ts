// Allocates and frees at random, and leaves blocks for other threads to check and free.
import { parentPort, workerData } from "node:worker_threads";
import { OutOfMemoryError } from "toki";
import { generator } from "../support/loom/strategy.js";
import { Arena, fill, type Held, isIntact } from "./support.js";

const { buffer, shared, seed, steps, slot } = workerData as {
  buffer: SharedArrayBuffer;
  shared: SharedArrayBuffer;
  seed: number;
  steps: number;
  slot: number;
};

const arena = new Arena(buffer, slot);
const places = new Int32Array(shared);
const random = generator(seed);
const held: Held[] = [];
let fulls = 0;

/** What says of a block all there is to know: its class and where it is. */
const stampOf = (block: number, k: number) => (Math.imul(block, 31) + k) | 0;

function drop(block: number, k: number): void {
  if (!isIntact(arena, { block, k, stamp: stampOf(block, k) }))
    throw new Error(`block ${block} of class ${k} was written to`);
  arena.free(block, k);
}

for (let step = 0; step < steps; step++) {
  const what = random(10);
  if (what < 5) {
    const k = random(20) === 0 ? 8 + random(5) : random(6);
    try {
      const block = arena.alloc(k);
      const one = { block, k, stamp: stampOf(block, k) };
      fill(arena, one);
      held.push(one);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      fulls++;
      for (const one of held.splice(0)) drop(one.block, one.k);
    }
  } else if (held.length > 0) {
    const [one] = held.splice(random(held.length), 1) as [Held];
    if (what < 8) drop(one.block, one.k);
    else {
      // Blocks are at even words: the class goes with the place.
      const place = one.k * 8 + random(8);
      const before = Atomics.exchange(places, place, one.block);
      if (before !== 0) drop(before, one.k);
    }
  }
}
for (const one of held) drop(one.block, one.k);
for (let place = 0; place < places.length; place++) {
  const block = Atomics.exchange(places, place, 0);
  if (block !== 0) drop(block, place >> 3);
}
parentPort?.postMessage(fulls);
