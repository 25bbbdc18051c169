import { invalidArgument } from "../../../internal/invalid-argument.js";
import type { Memory, WaitOutcome } from "./memory.js";

type AsyncWait = { async: false; value: string } | { async: true; value: Promise<string> };

// Not in the ES2023 library; every engine that runs Toki on threads has it.
const atomics = Atomics as unknown as {
  waitAsync(words: Int32Array, index: number, expected: number): AsyncWait;
};

/**
 * `Memory` over a `SharedArrayBuffer`: each method is one `Atomics` call (or one plain access).
 *
 * `mayBlock` is false on a thread that must not sleep, such as a browser's main thread; `wait` then returns at once, and
 * the loop around it spins.
 */
export class SharedMemory implements Memory {
  private readonly words: Int32Array;
  private readonly mayBlock: boolean;
  readonly spins: number;

  constructor(words: Int32Array, mayBlock = true, spins = 100) {
    if (!(words instanceof Int32Array) || !(words.buffer instanceof SharedArrayBuffer))
      throw invalidArgument("SharedMemory", "words", "an Int32Array over a SharedArrayBuffer", words);
    this.words = words;
    this.mayBlock = mayBlock;
    this.spins = spins;
  }

  load(index: number): number {
    return Atomics.load(this.words, index);
  }

  store(index: number, value: number): void {
    Atomics.store(this.words, index, value);
  }

  add(index: number, value: number): number {
    return Atomics.add(this.words, index, value);
  }

  sub(index: number, value: number): number {
    return Atomics.sub(this.words, index, value);
  }

  and(index: number, value: number): number {
    return Atomics.and(this.words, index, value);
  }

  or(index: number, value: number): number {
    return Atomics.or(this.words, index, value);
  }

  exchange(index: number, value: number): number {
    return Atomics.exchange(this.words, index, value);
  }

  compareExchange(index: number, expected: number, replacement: number): number {
    return Atomics.compareExchange(this.words, index, expected, replacement);
  }

  read(index: number): number {
    return this.words[index] as number;
  }

  write(index: number, value: number): void {
    this.words[index] = value;
  }

  wait(index: number, expected: number): WaitOutcome {
    if (!this.mayBlock) return "not-equal";
    return Atomics.wait(this.words, index, expected) === "not-equal" ? "not-equal" : "ok";
  }

  waitAsync(index: number, expected: number): Promise<unknown> | null {
    const wait = atomics.waitAsync(this.words, index, expected);
    return wait.async ? wait.value : null;
  }

  notify(index: number, count: number): number {
    return Atomics.notify(this.words, index, count);
  }

  pause(): void {}
}
