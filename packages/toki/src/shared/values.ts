/*
 * A value in shared memory: a message, what a mutex protects. One block; what is too long for the longest block goes on in pieces.
 *
 *   word   name     the first block              a further piece
 *   0      NEXT     for the list it is in
 *   1      LENGTH   words of the value
 *   2      CLASS    of this block, and HANDLES   the class
 *   3      REST     the next piece, or NONE      the same
 *   4-     the words
 */
import { Pending, type Poll } from "../future/poll.js";
import { classFor, MAX_BLOCK_WORDS } from "../memory/arena.js";
import type { Crossing } from "../portable/codec/crossing.js";
import { discard } from "../portable/codec/decoder.js";
import { forEachCrossing } from "../portable/codec/discard.js";
import { NotSendError } from "../portable/not-send-error.js";
import type { SharedHandle } from "./handle.js";
import { NONE } from "./layout.js";
import type { Share } from "./share.js";
import type { SharedThread } from "./thread.js";

/** @internal */
export const VALUE_NEXT = 0;
const LENGTH = 1;
const CLASS = 2;
const REST = 3;
const WORDS = 4;
/** In CLASS: the value has handles in it. */
const HANDLES = 256;
const CLASS_BITS = 255;
const PIECE_WORDS = MAX_BLOCK_WORDS - WORDS;
const NO_PARCELS: readonly unknown[] = [];

/**
 * Puts a value into a block.
 *
 * @param where - the operation, for error messages
 * @param isKept - whether it may be read more than once
 * @throws NotSendError, OutOfMemoryError
 * @internal
 */
export function putValue(thread: SharedThread, value: unknown, where: string, path: string, isKept: boolean): number {
  const { encoder } = thread;
  encoder.begin(where);
  encoder.value(value, path);
  const { hasCrossings, length, words } = encoder;
  try {
    if (isKept && hasCrossings) refuseUnique(words, where, path);
    return write(thread, words, length, hasCrossings ? HANDLES : 0);
  } catch (error) {
    encoder.undo();
    throw error;
  }
}

/**
 * Puts the first value into a new object, which is given up if that fails.
 *
 * @param handle - the only one of the object
 * @param at - where the object has its value
 * @throws NotSendError, OutOfMemoryError
 * @internal
 */
export function putFirst(handle: SharedHandle, at: number, value: unknown, where: string): void {
  const { thread, object } = handle.share;
  try {
    thread.memory.write(object + at, putValue(thread, value, where, "value", true));
  } catch (error) {
    handle[Symbol.dispose]();
    throw error;
  }
}

function write(thread: SharedThread, words: Int32Array, length: number, flags: number): number {
  const { memory, arena } = thread;
  let first = NONE;
  let last = NONE;
  try {
    for (let from = 0; from < length || from === 0; ) {
      const count = Math.min(length - from, PIECE_WORDS);
      const k = classFor(WORDS + count);
      const block = arena.alloc(k);
      const shared = memory.reaching(block + WORDS + count);
      shared[block + LENGTH] = length;
      shared[block + CLASS] = k | flags;
      shared[block + REST] = NONE;
      if (count < 64) for (let i = 0; i < count; i++) shared[block + WORDS + i] = words[from + i] as number;
      else shared.set(words.subarray(from, from + count), block + WORDS);
      if (first === NONE) first = block;
      else memory.write(last + REST, block);
      last = block;
      from += count;
    }
    return first;
  } catch (error) {
    if (first !== NONE) free(thread, first);
    throw error;
  }
}

/** Reads a value and frees its block. @internal */
export function takeValue(thread: SharedThread, block: number): unknown {
  try {
    return read(thread, block);
  } finally {
    free(thread, block);
  }
}

/** Reads a value that stays where it is. @internal */
export function readValue(thread: SharedThread, block: number): unknown {
  if ((thread.memory.read(block + CLASS) & HANDLES) !== 0) {
    const { words, at } = wordsOf(thread, block);
    forEachCrossing(words, at, at, (crossing, a, b) => crossing.retain?.(a, b));
  }
  return read(thread, block);
}

/** Scratch memory for `copyValue`: what is in it is made a value before anything else is copied. */
const scratch = new Int32Array(64);

/** The words of a value, with a reference to each handle in it: for `makeValue`, at once. @internal */
export function copyValue(thread: SharedThread, block: number): Int32Array {
  const { memory } = thread;
  const { words, at } = wordsOf(thread, block);
  const length = memory.read(block + LENGTH);
  if ((memory.read(block + CLASS) & HANDLES) !== 0) {
    forEachCrossing(words, at, at, (crossing, a, b) => crossing.retain?.(a, b));
  }
  if (length > scratch.length) return words.slice(at, at + length);
  for (let i = 0; i < length; i++) scratch[i] = words[at + i] as number;
  return scratch;
}

/** Adds to a small integer where it is. @returns what it was; undefined if it is none, or would not be one @internal */
export function addInPlace(thread: SharedThread, block: number, n: number): number | undefined {
  const { memory } = thread;
  const word = memory.read(block + WORDS);
  if (memory.read(block + LENGTH) !== 1 || (word & 1) === 0) return undefined;
  const before = word >> 1;
  const sum = before + n;
  if (sum < -(2 ** 30) || sum >= 2 ** 30) return undefined;
  memory.write(block + WORDS, (sum << 1) | 1);
  return before;
}

/** The value of words that were copied. @internal */
export function makeValue(thread: SharedThread, words: Int32Array): unknown {
  return thread.decoder.value(words, 0, NO_PARCELS);
}

/** The value that an object has at `at`, copied under its lock; Pending if there is none. @internal */
export function readAt<T>({ thread, object, lock }: Share, at: number): Poll<T> {
  lock.lock();
  const block = thread.memory.read(object + at);
  const words = block === NONE ? undefined : copyValue(thread, block);
  lock.unlock();
  return words === undefined ? Pending : (makeValue(thread, words) as T);
}

function read(thread: SharedThread, block: number): unknown {
  const { words, at } = wordsOf(thread, block);
  return thread.decoder.value(words, at, NO_PARCELS);
}

/** Frees a value that nobody will read, with the references in it. @internal */
export function dropValue(thread: SharedThread, block: number): void {
  if ((thread.memory.read(block + CLASS) & HANDLES) !== 0) {
    const { words, at } = wordsOf(thread, block);
    discard(words, at);
  }
  free(thread, block);
}

/** Frees the value that an object has at `at`: `ObjectKind.destroy`. @internal */
export function dropAt(at: number): (thread: SharedThread, object: number) => void {
  return (thread, object) => {
    const value = thread.memory.load(object + at);
    if (value !== NONE) dropValue(thread, value);
  };
}

/** Whether two values have the same words. @internal */
export function equalValues(thread: SharedThread, a: number, b: number): boolean {
  const { memory } = thread;
  const length = memory.read(a + LENGTH);
  if (length !== memory.read(b + LENGTH)) return false;
  let [left, right] = [a, b];
  for (let from = 0; from < length; from += PIECE_WORDS) {
    const count = Math.min(length - from, PIECE_WORDS);
    for (let i = 0; i < count; i++) {
      if (memory.read(left + WORDS + i) !== memory.read(right + WORDS + i)) return false;
    }
    left = memory.read(left + REST);
    right = memory.read(right + REST);
  }
  return true;
}

function wordsOf(thread: SharedThread, block: number): { words: Int32Array; at: number } {
  const { memory } = thread;
  const length = memory.read(block + LENGTH);
  if (length <= PIECE_WORDS) {
    const words = memory.reaching(block + WORDS + length);
    return { words, at: block + WORDS };
  }
  const words = new Int32Array(length);
  for (let from = 0, piece = block; from < length; piece = memory.read(piece + REST)) {
    const count = Math.min(length - from, PIECE_WORDS);
    words.set(memory.reaching(piece + WORDS + count).subarray(piece + WORDS, piece + WORDS + count), from);
    from += count;
  }
  return { words, at: 0 };
}

function free(thread: SharedThread, block: number): void {
  const { memory, arena } = thread;
  for (let piece = block; piece !== NONE; ) {
    const rest = memory.read(piece + REST);
    arena.free(piece, memory.read(piece + CLASS) & CLASS_BITS);
    piece = rest;
  }
}

function refuseUnique(words: Int32Array, where: string, path: string): void {
  let isUnique = false;
  forEachCrossing(words, 0, 0, (crossing: Crossing) => {
    if (crossing.retain === undefined) isUnique = true;
  });
  if (!isUnique) return;
  throw new NotSendError(
    `${where}: ${path} is, or has in it, a receiver or another handle that can be in one place only; send it in a message`,
    path,
  );
}
