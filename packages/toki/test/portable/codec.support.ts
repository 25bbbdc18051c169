import assert from "node:assert/strict";
import * as decoderModule from "../../dist/portable/codec/decoder.js";
import * as encoderModule from "../../dist/portable/codec/encoder.js";

export const encoder = new encoderModule.Encoder();
export const decoder = new decoderModule.Decoder();
export const { Encoder } = encoderModule;
export const { Decoder, discard, discardArgs } = decoderModule;

/** Not the head of a value: what reads too far fails. */
const POISON = 62;
const AT = 5;

export interface Message {
  readonly words: Int32Array;
  readonly at: number;
  readonly end: number;
  readonly parcels: readonly unknown[];
}

/** The message as another thread would see it: in shared memory, its parcels carried by the platform. */
export function post(): Message {
  const { length } = encoder;
  // The view begins inside the memory, as views of a larger arena may.
  const words = new Int32Array(new SharedArrayBuffer((length + 16) * 4), 8, length + 12).fill(POISON);
  words.set(encoder.words.subarray(0, length), AT);
  const parcels: unknown[] =
    encoder.parcels.length === 0
      ? []
      : structuredClone([...encoder.parcels], { transfer: [...encoder.transfer] as ArrayBuffer[] });
  return { words, at: AT, end: AT + length, parcels };
}

export function receive({ words, at, end, parcels }: Message): unknown {
  const value = decoder.value(words, at, parcels);
  assert.equal(decoder.position, end, "all of the message is read, and nothing else");
  return value;
}

export function send(value: unknown): Message {
  encoder.begin("spawn crunch");
  encoder.value(value, "argument 0");
  return post();
}

export function trip<T>(value: T): T {
  return receive(send(value)) as T;
}

export function tripArgs(...args: unknown[]): unknown[] {
  encoder.begin("spawn crunch");
  encoder.args(args);
  const { words, at, end, parcels } = post();
  const result = decoder.args(words, at, parcels);
  assert.equal(decoder.position, end);
  return result;
}

/** deepStrictEqual, which tells -0 from 0, holes from undefined, and prototypes; and the order of keys besides. */
export function same(actual: unknown, expected: unknown): void {
  assert.deepStrictEqual(actual, expected);
  sameOrder(actual, expected, new Set());
}

function sameOrder(actual: unknown, expected: unknown, seen: Set<unknown>): void {
  if (typeof expected !== "object" || expected === null || seen.has(expected)) return;
  seen.add(expected);
  assert.equal(Object.getPrototypeOf(actual), Object.getPrototypeOf(expected));
  if (ArrayBuffer.isView(expected) || expected instanceof String) return; // elements and characters are no usual properties
  const keys = Object.keys(expected);
  assert.deepStrictEqual(Object.keys(actual as object), keys);
  for (const key of keys) {
    const property = Object.getOwnPropertyDescriptor(actual, key)!;
    assert.ok(property.writable && property.configurable);
    sameOrder(property.value, (expected as Record<string, unknown>)[key], seen);
  }
}

/** Round trip compared to what the platform does. */
export function likePlatform(value: unknown): void {
  same(trip(value), structuredClone(value));
}
