// Functions that end the thread they run on. Imported by workers.
import { fn, pending } from "toki";
import { block, mark } from "./signals.js";

export const exits = fn(import.meta, function* exits(code: number) {
  process.exit(code);
});

export const throwsInCallback = fn(import.meta, function* throwsInCallback() {
  setImmediate(() => {
    throw new Error("nobody catches it");
  });
  yield* pending();
});

/** Marks 0, blocks until 1, and exits in a callback. */
export const stopsInCallback = fn(import.meta, function* stopsInCallback(words: Int32Array) {
  setImmediate(() => {
    mark(words, 0);
    block(words, 1);
    process.exit(0);
  });
  yield* pending();
});

export const exhausts = fn(import.meta, function* exhausts() {
  const kept: number[][] = [];
  for (;;) kept.push(new Array(100_000).fill(kept.length));
});
