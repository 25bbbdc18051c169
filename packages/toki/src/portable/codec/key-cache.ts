/*
 * The names of properties that came last. Messages repeat them, and to compare a few words is cheaper than to make a string and have the engine find the
 * one that it uses as a name.
 */
import { LATIN1, PAYLOAD_SHIFT } from "./tags.js";

const SLOTS = 256;
const WORDS = 4;
/** Longer names are not kept. */
export const MAX_CACHED = 12;
const NO_NAME = -1;

export class KeyCache {
  /** Whether the name found last can be assigned: no property of `Object.prototype` is in the way. */
  isPlain = true;
  /** For each slot the head of the string, and its characters in three words. */
  private readonly words = new Int32Array(SLOTS * WORDS).fill(NO_NAME);
  private readonly names: string[] = new Array(SLOTS).fill("");
  private readonly plain = new Uint8Array(SLOTS);

  /** The name that is a Latin-1 string of 1 to MAX_CACHED characters at `at`. */
  find(source: Int32Array, at: number): string {
    const head = source[at]!;
    const count = head >>> PAYLOAD_SHIFT;
    const first = source[at + 1]!;
    const second = count > 4 ? source[at + 2]! : 0;
    const third = count > 8 ? source[at + 3]! : 0;
    let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b) ^ Math.imul(third ^ head, 0xc2b2ae35);
    hash = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const slot = hash * WORDS;
    const { words } = this;
    if (words[slot] !== head || words[slot + 1] !== first || words[slot + 2] !== second || words[slot + 3] !== third) {
      this.fill(hash, nameOf(source, at + 1, count));
      words[slot] = head;
      words[slot + 1] = first;
      words[slot + 2] = second;
      words[slot + 3] = third;
    }
    this.isPlain = this.plain[hash] === 1;
    return this.names[hash]!;
  }

  private fill(slot: number, name: string): void {
    const isPlain = isPlainName(name);
    this.names[slot] = Object.keys({ [name]: 0 })[0]!; // as the engine keeps names
    this.plain[slot] = isPlain ? 1 : 0;
  }
}

function nameOf(source: Int32Array, at: number, count: number): string {
  let name = "";
  for (let i = 0; i < count; i++) name += String.fromCharCode((source[at + (i >> 2)]! >>> ((i & 3) << 3)) & 0xff);
  return name;
}

export function isPlainName(name: string): boolean {
  return !(name in Object.prototype);
}

/** Whether the head of a string says that `find` takes it. */
export function isCached(head: number): boolean {
  const count = head >>> PAYLOAD_SHIFT;
  return ((head >>> 1) & 31) === LATIN1 && count > 0 && count <= MAX_CACHED;
}
