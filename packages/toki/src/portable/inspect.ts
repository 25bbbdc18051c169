/*
 * The run-time half of `Send`: walks a value before it is sent, names the place of what cannot be, and collects what is transferred.
 */
import { describeValue } from "../future/misuse.js";
import { MAX_HOLES, namesOf } from "./arrays.js";
import { NotSendError } from "./not-send-error.js";
import { portable } from "./registry.js";

const CLONED = new Set(
  [
    Date,
    RegExp,
    ArrayBuffer,
    Boolean,
    Number,
    String,
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
  ].map((builtin) => builtin.prototype as object),
);
const LOST = [Promise, WeakMap, WeakSet, WeakRef];

/** Whether nothing has to be copied when `value` is sent. @internal */
export function isPrimitive(value: unknown): boolean {
  return (typeof value !== "object" || value === null) && typeof value !== "function" && typeof value !== "symbol";
}

/** @internal */
export class Inspector {
  /** What is transferred: what `move` was called with, or with `takesAll` whatever can be. */
  get transfer(): unknown[] {
    return [...this.taken];
  }

  private readonly taken = new Set<unknown>();
  private readonly seen = new Set<object>();
  private readonly where: string;
  private readonly takesAll: boolean;

  constructor(where: string, takesAll = false) {
    this.where = where;
    this.takesAll = takesAll;
  }

  /** @throws NotSendError */
  check(value: unknown, path: string): void {
    if (isPrimitive(value)) return;
    if (typeof value === "function") throw this.refuse(path, `is ${describeValue(value)}, and code cannot be sent`);
    if (typeof value === "symbol") throw this.refuse(path, "is a symbol, which means nothing on another thread");
    const object = value as object;
    if (this.seen.has(object)) return;
    this.seen.add(object);
    if (isDetached(ArrayBuffer.isView(object) ? object.buffer : object)) {
      throw this.refuse(path, "is a buffer that has been moved away");
    }
    const moved = portable().moved.has(object);
    if (moved) this.taken.add(ArrayBuffer.isView(object) ? object.buffer : object);
    const proto: unknown = Object.getPrototypeOf(object);
    if (Array.isArray(object)) this.checkArray(object, path);
    else if (proto === Object.prototype || proto === null || isPlainOfAnotherRealm(proto as object)) {
      this.checkKeys(object, Object.keys(object), path);
    } else if (object instanceof Map) {
      for (const [key, entry] of object) {
        this.check(key, `${path} (a key)`);
        this.check(entry, `${path}.get(${typeof key === "string" ? JSON.stringify(key) : String(typeof key)})`);
      }
    } else if (object instanceof Set) {
      for (const entry of object) this.check(entry, `${path} (an entry)`);
    } else if (ArrayBuffer.isView(object)) {
      if (this.takesAll && object.buffer instanceof ArrayBuffer) this.taken.add(object.buffer);
    } else if (object instanceof ArrayBuffer) {
      if (this.takesAll) this.taken.add(object);
    } else if (object instanceof MessagePort) {
      if (!moved && !this.takesAll)
        throw this.refuse(path, "is a MessagePort, which can only be moved: send move(port)");
      this.taken.add(object);
    } else if (!CLONED.has(proto as object)) this.checkInstance(object, path);
  }

  private checkArray(array: readonly unknown[], path: string): void {
    const { length } = array;
    let present = length;
    for (let i = 0, inRow = 0; i < length; i++) {
      const value = array[i];
      if (value === undefined && !Object.hasOwn(array, i)) {
        present--;
        if (++inRow > MAX_HOLES) {
          this.checkKeys(array, Object.keys(array), path);
          return;
        }
      } else {
        inRow = 0;
        if (!isPrimitive(value)) this.check(value, `${path}[${i}]`);
      }
    }
    this.checkKeys(array, namesOf(array, present), path);
  }

  private checkKeys(object: object, keys: readonly string[], path: string): void {
    for (const key of keys) this.check((object as Record<string, unknown>)[key], property(path, key));
  }

  /** An instance of some class: what the platform knows how to clone keeps its class. */
  private checkInstance(object: object, path: string): void {
    if (typeof SharedArrayBuffer !== "undefined" && object instanceof SharedArrayBuffer) return;
    if (LOST.some((Class) => object instanceof Class) || !keepsItsClass(object)) {
      throw this.refuse(path, `is ${describeValue(object)}, which belongs to this thread; send plain data`);
    }
  }

  protected refuse(path: string, reason: string): NotSendError {
    return new NotSendError(`${this.where}: ${path} ${reason}`, path);
  }
}

/** Whether `value` is a buffer that was transferred. Posting one does not throw on every version of Node. @internal */
export function isDetached(value: unknown): boolean {
  if (!(value instanceof ArrayBuffer) || value.byteLength > 0) return false;
  try {
    new Uint8Array(value);
    return false;
  } catch {
    return true;
  }
}

function property(path: string, key: string): string {
  if (/^\d+$/.test(key)) return `${path}[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function isPlainOfAnotherRealm(proto: object): boolean {
  return Object.getPrototypeOf(proto) === null && Object.hasOwn(proto, "__lookupGetter__");
}

function keepsItsClass(object: object): boolean {
  if (object instanceof Error) return true;
  try {
    return Object.getPrototypeOf(structuredClone(object)) === Object.getPrototypeOf(object);
  } catch {
    return false;
  }
}
