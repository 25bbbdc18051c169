// The arena as its tests use it: internal, so that the package's types do not have it.
import * as arenaModule from "../../dist/memory/arena.js";
import type { SharedMemory } from "../../dist/memory/shared-memory.js";

export interface Arena {
  readonly memory: SharedMemory;
  readonly buffer: SharedArrayBuffer;
  readonly slot: number;
  readonly inUse: number;
  readonly byteLength: number;
  alloc(k: number): number;
  free(block: number, k: number): void;
  reserveSlot(): number;
  releaseSlot(slot: number): void;
}

export const { Arena, classFor, MAX_BLOCK_WORDS } = arenaModule as unknown as {
  Arena: { new (buffer: SharedArrayBuffer, slot?: number): Arena; createBuffer(maxBytes?: number): SharedArrayBuffer };
  classFor(words: number): number;
  MAX_BLOCK_WORDS: number;
};

/** How many classes of blocks there are. */
export const CLASSES = 15;

export const wordsOf = (k: number) => 16 << k;

/** A block in use, and what it was filled with. */
export interface Held {
  readonly block: number;
  readonly k: number;
  readonly stamp: number;
}

/** Fills a block's first and last words, or all of them if it is short. */
export function fill({ memory }: Arena, { block, k, stamp }: Held): void {
  for (const word of places(k)) memory.write(block + word, stamp + word);
}

/** Whether nobody else has written to the block. */
export function isIntact({ memory }: Arena, { block, k, stamp }: Held): boolean {
  return places(k).every((word) => memory.read(block + word) === ((stamp + word) | 0));
}

function places(k: number): number[] {
  const words = wordsOf(k);
  if (words <= 64) return Array.from({ length: words }, (_, i) => i);
  return [0, 1, 15, 16, words >> 1, words - 2, words - 1];
}
