/*
 * Objects that are neither plain nor arrays, found by their prototype; what is not found there, by the tests of `Inspector`, in their order.
 */
import { NotSendError } from "../not-send-error.js";
import { carriageOf } from "./carriage.js";
import { crossingOf, MessageInspector } from "./crossing.js";
import { writeError } from "./encode-error.js";
import type { Encoder } from "./encoder.js";
import { REFUSED } from "./refused.js";
import { BOXED, DATE, MAP, REGEXP, SET } from "./tags.js";

const IS_DATE = 1;
const IS_REGEXP = 2;
const IS_BOXED = 3;
const IS_MAP = 4;
const IS_SET = 5;
const IS_BUFFER = 6;
const IS_ERROR = 7;

const KINDS = new Map<object, number>([
  [Date.prototype, IS_DATE],
  [RegExp.prototype, IS_REGEXP],
  [Boolean.prototype, IS_BOXED],
  [Number.prototype, IS_BOXED],
  [String.prototype, IS_BOXED],
  [BigInt.prototype, IS_BOXED],
  [Map.prototype, IS_MAP],
  [Set.prototype, IS_SET],
  [ArrayBuffer.prototype, IS_BUFFER],
]);
const timeOf = Date.prototype.getTime;
const entriesOf = Map.prototype.entries;
const valuesOf = Set.prototype.values;

/** @internal */
export function writeInstance(encoder: Encoder, object: object, prototype: object): void {
  if (ArrayBuffer.isView(object)) {
    encoder.buffers.view(object, prototype);
    return;
  }
  const crossing = crossingOf(prototype);
  if (crossing !== undefined) {
    encoder.crossing(object, crossing);
    return;
  }
  const carriage = carriageOf(prototype);
  if (carriage !== undefined) {
    encoder.carry(object, carriage);
    return;
  }
  switch (KINDS.get(prototype) ?? kindOf(object)) {
    case IS_DATE:
      encoder.head(DATE, 0);
      encoder.double(timeOf.call(object as Date));
      return;
    case IS_REGEXP:
      encoder.head(REGEXP, 0);
      encoder.string((object as RegExp).source);
      encoder.string((object as RegExp).flags);
      return;
    case IS_BOXED:
      encoder.head(BOXED, 0);
      encoder.write(prototype.valueOf.call(object));
      return;
    case IS_MAP: {
      const head = encoder.open();
      let count = 0;
      for (const [key, value] of entriesOf.call(object as Map<unknown, unknown>)) {
        encoder.write(key);
        encoder.write(value);
        count++;
      }
      encoder.close(head, MAP, count);
      return;
    }
    case IS_SET: {
      const head = encoder.open();
      let count = 0;
      for (const value of valuesOf.call(object as Set<unknown>)) {
        encoder.write(value);
        count++;
      }
      encoder.close(head, SET, count);
      return;
    }
    case IS_BUFFER:
      encoder.buffers.buffer(object as ArrayBuffer);
      return;
    case IS_ERROR:
      writeError(encoder, object as Error);
      return;
    default:
      writeForeign(encoder, object, prototype);
  }
}

function kindOf(object: object): number | undefined {
  if (object instanceof Error) return IS_ERROR;
  if (object instanceof Map) return IS_MAP;
  if (object instanceof Set) return IS_SET;
  if (object instanceof ArrayBuffer) return IS_BUFFER;
  return undefined;
}

/** What only the platform can carry, if it can. */
function writeForeign(encoder: Encoder, object: object, prototype: object): void {
  if (typeof MessagePort !== "undefined" && object instanceof MessagePort) {
    if (!encoder.buffers.isMoved(object)) throw REFUSED;
    encoder.parcel(object, object);
  } else if (typeof SharedArrayBuffer !== "undefined" && object instanceof SharedArrayBuffer) encoder.parcel(object);
  else if (isPlainOfAnotherRealm(prototype)) encoder.plain(object as Record<string, unknown>);
  else {
    try {
      new MessageInspector("").check(object, "");
    } catch (error) {
      throw error instanceof NotSendError ? REFUSED : error;
    }
    encoder.parcel(object);
  }
}

function isPlainOfAnotherRealm(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "__lookupGetter__");
}
