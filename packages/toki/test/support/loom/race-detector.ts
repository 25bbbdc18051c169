// Vector clocks: which plain accesses are ordered by atomic operations, and which only happened to come in this order.
//
// An atomic operation that reads takes over what the last atomic write of that word knew; one that writes leaves what its
// thread knows with the word. A plain access races with a conflicting access of another thread that its thread does not
// know of. (A read that fails to exchange counts as a read only, which is the weaker assumption.)

const PLAIN_READ = 0;
const PLAIN_WRITE = 1;
const ATOMIC_READ = 2;
const ATOMIC_WRITE = 3;
const KINDS = ["plain read", "plain write", "atomic read", "atomic write"];

export class RaceDetector {
  private readonly threads: number;
  private readonly clocks: Int32Array;
  private readonly released: Int32Array;
  // Of each word, for each kind of access and each thread: that thread's own time at its last such access.
  private readonly accesses: Int32Array;
  private readonly touched: number[] = [];
  private readonly isTouched: Uint8Array;

  constructor(words: number, threads: number) {
    this.threads = threads;
    this.clocks = new Int32Array(threads * threads);
    for (let t = 0; t < threads; t++) this.clocks[t * threads + t] = 1;
    this.released = new Int32Array(words * threads);
    this.accesses = new Int32Array(words * threads * 4);
    this.isTouched = new Uint8Array(words);
  }

  /** Returns a description of the access it races with, or `null`. */
  plain(thread: number, index: number, writes: boolean): string | null {
    const conflict =
      this.unknown(thread, index, PLAIN_WRITE) ??
      this.unknown(thread, index, ATOMIC_WRITE) ??
      (writes ? (this.unknown(thread, index, PLAIN_READ) ?? this.unknown(thread, index, ATOMIC_READ)) : null);
    this.note(thread, index, writes ? PLAIN_WRITE : PLAIN_READ);
    return conflict;
  }

  atomic(thread: number, index: number, reads: boolean, writes: boolean): string | null {
    const { threads, clocks, released } = this;
    const conflict =
      this.unknown(thread, index, PLAIN_WRITE) ?? (writes ? this.unknown(thread, index, PLAIN_READ) : null);
    const own = thread * threads;
    const at = index * threads;
    if (reads) {
      for (let t = 0; t < threads; t++) if (released[at + t]! > clocks[own + t]!) clocks[own + t] = released[at + t]!;
    }
    if (reads) this.note(thread, index, ATOMIC_READ);
    if (writes) {
      this.note(thread, index, ATOMIC_WRITE);
      for (let t = 0; t < threads; t++) released[at + t] = clocks[own + t]!;
      clocks[own + thread]!++;
      if (this.isTouched[index] === 0) {
        this.isTouched[index] = 1;
        this.touched.push(index);
      }
    }
    return conflict;
  }

  /** Mixes everything that decides about future races into a hash (two executions that agree here may be merged). */
  hash(
    mix: (value: number) => void,
    each: (index: number, clock: Int32Array, at: number, length: number) => void,
  ): void {
    for (let i = 0; i < this.clocks.length; i++) mix(this.clocks[i]!);
    for (const index of this.touched) each(index, this.released, index * this.threads, this.threads);
  }

  private unknown(thread: number, index: number, kind: number): string | null {
    const { threads, clocks, accesses } = this;
    const at = (index * 4 + kind) * threads;
    for (let t = 0; t < threads; t++)
      if (t !== thread && accesses[at + t]! > clocks[thread * threads + t]!) return `a ${KINDS[kind]} by thread ${t}`;
    return null;
  }

  private note(thread: number, index: number, kind: number): void {
    this.accesses[(index * 4 + kind) * this.threads + thread] = this.clocks[thread * this.threads + thread]!;
  }
}
