/*
 * Views of buffers, by number. The numbers are the same on all threads: they run the same engine.
 */
import { BUFFER_PROTOTYPE } from "./text.js";

type ViewClass = new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => ArrayBufferView;

const Float16 = (globalThis as { Float16Array?: unknown }).Float16Array;
const CLASSES: readonly ViewClass[] = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
  ...(Float16 === undefined ? [] : [Float16]),
] as ViewClass[];
export const UINT8 = 0;

const KINDS = new Map<object, number>(CLASSES.map((Class, kind) => [Class.prototype as object, kind]));
if (BUFFER_PROTOTYPE !== undefined) KINDS.set(BUFFER_PROTOTYPE, UINT8);

const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!.get!;

export function viewKind(view: ArrayBufferView, prototype: object): number {
  const kind = KINDS.get(prototype);
  if (kind !== undefined) return kind;
  const name = (tagOf.call(view) as string | undefined) ?? "DataView"; // of a subclass, or of another realm
  return CLASSES.findIndex((Class) => Class.name === name);
}

/** `byteLength` is a multiple of the size of an element. */
export function makeView(
  kind: number,
  buffer: ArrayBufferLike,
  byteOffset: number,
  byteLength: number,
): ArrayBufferView {
  const Class = CLASSES[kind]!;
  const size = (Class as unknown as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
  return new Class(buffer, byteOffset, byteLength / size);
}
