// How tests follow tasks on other threads: words of shared memory that tasks set and wait for. No sleeps.
import { fn, fromPromise } from "toki";

interface WaitAsync {
  waitAsync(words: Int32Array, index: number, value: number): { async: boolean; value: Promise<string> | string };
}

/** Sets a word and tells who waits for it. */
export function mark(words: Int32Array, index: number, value = 1): void {
  Atomics.store(words, index, value);
  Atomics.notify(words, index);
}

/** Adds one to a word and tells who waits for it. */
export function count(words: Int32Array, index: number): number {
  const before = Atomics.add(words, index, 1);
  Atomics.notify(words, index);
  return before;
}

/** Resolves once a word is at least `value`. */
export async function until(words: Int32Array, index: number, value = 1): Promise<void> {
  // A pending waitAsync does not keep a process alive.
  const hold = setInterval(() => {}, 60_000);
  try {
    for (let seen = Atomics.load(words, index); seen < value; seen = Atomics.load(words, index)) {
      await (Atomics as unknown as WaitAsync).waitAsync(words, index, seen).value;
    }
  } finally {
    clearInterval(hold);
  }
}

/** Waits until a word is at least `value`. */
export const reached = fn(function* reached(words: Int32Array, index: number, value: number = 1) {
  yield* fromPromise(() => until(words, index, value));
});

/** Blocks the thread until a word is at least `value`. */
export function block(words: Int32Array, index: number, value = 1): void {
  for (let seen = Atomics.load(words, index); seen < value; seen = Atomics.load(words, index)) {
    Atomics.wait(words, index, seen);
  }
}
