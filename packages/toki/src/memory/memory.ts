// The one way in which the scheduler touches memory that threads share.
//
// The queues and the parking protocol are written against `Memory` and not against `Atomics`, so that a test can run the
// same compiled code over a simulated memory which decides, at each atomic operation, which thread goes next.
// Production has a single implementation, `SharedMemory`; every call site then sees one shape and is inlined.
//
// ATOMICS: JavaScript's atomic operations are sequentially consistent: all of them, on all words, have one total order
// which every thread agrees on, and an atomic read that sees an atomic write also sees all that came before that write.
// `read` and `write` are the plain accesses: cheaper (a plain store is no barrier), and allowed only where a chain of
// atomic operations orders every pair of conflicting accesses. The note at each use names the chain.

/** What a thread that waited was told. */
export type WaitOutcome = "ok" | "not-equal";

/** Words of 32 bits shared between threads; `index` counts words. */
export interface Memory {
  /** How often a lock is tried before its thread goes to sleep. */
  readonly spins: number;
  /** The number of this thread, above 0, which locks are marked with. */
  readonly owner: number;

  load(index: number): number;
  store(index: number, value: number): void;
  /** Each of the five below returns the value from before. */
  add(index: number, value: number): number;
  sub(index: number, value: number): number;
  and(index: number, value: number): number;
  or(index: number, value: number): number;
  exchange(index: number, value: number): number;
  /** Returns the value found; the exchange was made if that is `expected`. */
  compareExchange(index: number, expected: number, replacement: number): number;

  /** A plain read; needs a proof that no other thread writes the word meanwhile. */
  read(index: number): number;
  /** A plain write; needs a proof that no other thread touches the word meanwhile. */
  write(index: number, value: number): void;

  /**
   * Blocks the thread while the word holds `expected`, until `notify`. May return early: look at the word again.
   * The comparison and going to sleep are one atomic step.
   */
  wait(index: number, expected: number): WaitOutcome;
  /** The same without blocking: `null` when the word does not hold `expected`, or a promise that settles on `notify`. */
  waitAsync(index: number, expected: number): Promise<unknown> | null;
  /** Wakes up to `count` of the threads that wait for the word; returns how many. */
  notify(index: number, count: number): number;
  /** Writes down a lock that this thread is about to take, for whoever clears up if it dies (shared-lock.ts). */
  enter(entry: number): void;
  /** Strikes out the last one. */
  leave(): void;
  /** Says that this thread spins and can do nothing until another thread has written. */
  pause(): void;
}
