import { invalidArgument } from "../internal/invalid-argument.js";
import type { Memory, WaitOutcome } from "./memory.js";

type AsyncWait = { async: false; value: string } | { async: true; value: Promise<string> };

// Not in the ES2023 library; every engine that runs Toki on threads has it.
const atomics = Atomics as unknown as {
  waitAsync(words: Int32Array, index: number, expected: number): AsyncWait;
};

/**
 * `Memory` over a `SharedArrayBuffer`: each method is one `Atomics` call (or one plain access).
 *
 * The buffer may grow, on any thread. A view that follows its buffer's length makes every access several times slower, so `words` has a fixed length and
 * is made anew when an index lies beyond it: the other thread grew the buffer before it handed the index out, so the new view reaches it. The
 * comparison costs nothing, since it replaces the one the engine would make.
 *
 * `mayBlock` is false on a thread that must not sleep, such as a browser's main thread; `wait` then returns at once, and
 * the loop around it spins.
 */
export class SharedMemory implements Memory {
  /** The view to use for one access; another one may be there after the next call that allocates. */
  words: Int32Array;
  /** Of a thread with a slot, from `sign` on. */
  owner = 1;
  private readonly mayBlock: boolean;
  readonly spins: number;
  /** Where the next lock is to be written down; 0 on a thread without a slot. */
  private held = 0;
  private firstHeld = 0;
  private patience = Number.POSITIVE_INFINITY;
  private readonly onStalled: (() => void)[] = [];

  constructor(words: Int32Array, mayBlock = true, spins = 400) {
    if (!(words instanceof Int32Array) || !(words.buffer instanceof SharedArrayBuffer))
      throw invalidArgument("SharedMemory", "words", "an Int32Array over a SharedArrayBuffer", words);
    this.words = words;
    this.mayBlock = mayBlock;
    this.spins = spins;
  }

  /** The view, made anew if `index` lies beyond it. */
  reaching(index: number): Int32Array {
    const { words } = this;
    if (index < words.length) return words;
    const { buffer } = words;
    this.words = new Int32Array(buffer, 0, buffer.byteLength >>> 2);
    return this.words;
  }

  load(index: number): number {
    return Atomics.load(this.reaching(index), index);
  }

  store(index: number, value: number): void {
    Atomics.store(this.reaching(index), index, value);
  }

  add(index: number, value: number): number {
    return Atomics.add(this.reaching(index), index, value);
  }

  sub(index: number, value: number): number {
    return Atomics.sub(this.reaching(index), index, value);
  }

  and(index: number, value: number): number {
    return Atomics.and(this.reaching(index), index, value);
  }

  or(index: number, value: number): number {
    return Atomics.or(this.reaching(index), index, value);
  }

  exchange(index: number, value: number): number {
    return Atomics.exchange(this.reaching(index), index, value);
  }

  compareExchange(index: number, expected: number, replacement: number): number {
    return Atomics.compareExchange(this.reaching(index), index, expected, replacement);
  }

  read(index: number): number {
    return this.reaching(index)[index] as number;
  }

  write(index: number, value: number): void {
    this.reaching(index)[index] = value;
  }

  /** From now on this thread marks its locks with `owner`, and writes them down from word `held` on. */
  sign(owner: number, held: number): void {
    this.owner = owner;
    this.held = held;
    this.firstHeld = held;
  }

  /** Whether this thread has a lock, or is about to take one. */
  get isLocking(): boolean {
    return this.held > this.firstHeld;
  }

  enter(entry: number): void {
    // ATOMICS: plain; read by another thread only when this one is no more, which it was told of.
    if (this.held !== 0) this.words[this.held++] = entry;
  }

  leave(): void {
    if (this.held !== 0) this.words[--this.held] = 0;
  }

  /** Calls back when this thread has waited for a lock for `ms` milliseconds: its owner may be no more. Returns the way to stop. */
  watch(callback: () => void, ms: number): () => void {
    const { onStalled } = this;
    onStalled.push(callback);
    this.patience = ms;
    return () => {
      onStalled.splice(onStalled.indexOf(callback), 1);
      if (onStalled.length === 0) this.patience = Number.POSITIVE_INFINITY;
    };
  }

  wait(index: number, expected: number): WaitOutcome {
    if (!this.mayBlock) return "not-equal";
    const outcome = Atomics.wait(this.reaching(index), index, expected, this.patience);
    if (outcome === "timed-out") for (const callback of [...this.onStalled]) callback();
    return outcome === "not-equal" ? "not-equal" : "ok";
  }

  /** As `wait`, at most `ms` milliseconds. */
  waitFor(index: number, expected: number, ms: number): void {
    if (this.mayBlock) Atomics.wait(this.reaching(index), index, expected, ms);
  }

  waitAsync(index: number, expected: number): Promise<unknown> | null {
    const wait = atomics.waitAsync(this.reaching(index), index, expected);
    return wait.async ? wait.value : null;
  }

  notify(index: number, count: number): number {
    return Atomics.notify(this.reaching(index), index, count);
  }

  pause(): void {}
}
