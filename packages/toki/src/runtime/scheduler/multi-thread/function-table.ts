/*
 * The functions that tasks call, by number: one table for the whole arena, so that a record holds a number and not a URL.
 *
 * In the arena: FUNCTIONS (lock, count, list). The list is a linked list of blocks, [next, number, words of text, text...], newest first; entries are added
 * under the lock and never changed. A function gets its number when a thread first spawns it. Each thread keeps what it has looked up.
 */
import { type Arena, classFor, MAX_BLOCK_WORDS } from "../../../memory/arena.js";
import { FUNCTIONS } from "../../../memory/layout.js";
import { SharedLock } from "../../../memory/shared-lock.js";
import { nameIn } from "../../../portable/module-meta.js";
import type { PortableFn } from "../../../portable/portable-fn.js";

const LOCK = FUNCTIONS;
const COUNT = FUNCTIONS + 1;
const HEAD = FUNCTIONS + 2;
const NEXT = 0;
const NUMBER = 1;
const LENGTH = 2;
const TEXT = 3;

/** A function as far as a thread knows it. @internal */
export interface Known {
  readonly key: string;
  /** What errors call the operation. */
  readonly where: string;
}

/** @internal */
export class FunctionTable {
  private readonly arena: Arena;
  private readonly lock: SharedLock;
  private readonly known: Known[] = [];

  constructor(arena: Arena) {
    this.arena = arena;
    this.lock = new SharedLock(arena.memory, LOCK);
  }

  /** The number of a function; given to it if it has none. */
  numberOf(fn: PortableFn): number {
    if (fn.id >= 0) return fn.id;
    this.lock.lock();
    let number: number;
    try {
      number = this.find(fn.key) ?? this.add(fn.key);
    } finally {
      this.lock.unlock();
    }
    fn.id = number;
    return number;
  }

  /** What has this number. */
  get(number: number): Known {
    const known = this.known[number];
    if (known !== undefined) return known;
    const { memory } = this.arena;
    this.lock.lock();
    let entry = memory.read(HEAD);
    while (entry !== 0 && memory.read(entry + NUMBER) !== number) entry = memory.read(entry + NEXT);
    const key = entry === 0 ? "" : this.textOf(entry);
    this.lock.unlock();
    const found = { key, where: `spawn ${nameIn(key)}` };
    this.known[number] = found;
    return found;
  }

  private find(key: string): number | undefined {
    const { memory } = this.arena;
    for (let entry = memory.read(HEAD); entry !== 0; entry = memory.read(entry + NEXT)) {
      if (memory.read(entry + LENGTH) === key.length && this.textOf(entry) === key) return memory.read(entry + NUMBER);
    }
    return undefined;
  }

  private add(key: string): number {
    const { arena } = this;
    const { memory } = arena;
    const words = TEXT + key.length;
    if (words > MAX_BLOCK_WORDS) throw new RangeError("the URL of the module is too long");
    const entry = arena.alloc(classFor(words));
    const number = memory.read(COUNT);
    memory.write(entry + NUMBER, number);
    memory.write(entry + LENGTH, key.length);
    for (let i = 0; i < key.length; i++) memory.write(entry + TEXT + i, key.charCodeAt(i));
    memory.write(entry + NEXT, memory.read(HEAD));
    // The count first: if the thread dies here, a number is never used, and none is used twice.
    memory.write(COUNT, number + 1);
    memory.write(HEAD, entry);
    return number;
  }

  private textOf(entry: number): string {
    const { memory } = this.arena;
    let text = "";
    for (let i = memory.read(entry + LENGTH), at = entry + TEXT; i > 0; i--) {
      text += String.fromCharCode(memory.read(at++));
    }
    return text;
  }
}
