/*
 * Words to values. If that fails half-way, because the stack ends or memory does, the references that no object of this thread owns yet are given back:
 * those of CROSSINGs at `received` and after.
 */
import { decodeThrown, hiddenKeysOf } from "../errors.js";
import { unload } from "./carriage.js";
import { crossingOfKind } from "./crossing.js";
import { discard } from "./discard.js";
import { isCached, isPlainName, KeyCache } from "./key-cache.js";
import { WordReader } from "./reader.js";
import * as tags from "./tags.js";
import { makeView, UINT8 } from "./views.js";

export { discard, discardArgs } from "./discard.js";

const NOTHING: readonly unknown[] = Object.freeze([]);
const HOLE_WORD = tags.HOLE << 1;
/** A longer table is not kept for the next message. */
const KEPT = 1024;

export class Decoder extends WordReader {
  private parcels: readonly unknown[] = NOTHING;
  private objects: (object | undefined)[] = [];
  private count = 0;
  /** After the last CROSSING whose reference an object owns. */
  private received = 0;
  private readonly keys = new KeyCache();

  /** Reads what `Encoder.value` wrote; it must be read once. */
  value(words: Int32Array, at: number, parcels: readonly unknown[]): unknown {
    this.begin(words, at, parcels);
    try {
      const value = this.read();
      this.end();
      return value;
    } catch (error) {
      this.fail(words, at);
      throw error;
    }
  }

  /** Reads what `Encoder.args` wrote; it must be read once. */
  args(words: Int32Array, at: number, parcels: readonly unknown[]): unknown[] {
    this.begin(words, at, parcels);
    try {
      const args = this.list();
      this.end();
      return args;
    } catch (error) {
      this.fail(words, at);
      throw error;
    }
  }

  private begin(words: Int32Array, at: number, parcels: readonly unknown[]): void {
    this.open(words, at);
    this.parcels = parcels;
    this.received = at;
  }

  private end(): void {
    this.parcels = NOTHING;
    const { objects, count } = this;
    if (count === 0) return;
    if (count > KEPT) this.objects = [];
    else for (let i = 0; i < count; i++) objects[i] = undefined;
    this.count = 0;
  }

  private fail(words: Int32Array, at: number): void {
    this.end();
    discard(words, at, this.received);
  }

  private read(): unknown {
    const head = this.words[this.position++]!;
    if ((head & 1) === 1) return head >> 1;
    switch ((head >>> 1) & tags.TAG_MASK) {
      case tags.DOUBLE:
        return this.double();
      case tags.LATIN1:
        return this.latin1(head);
      case tags.UNDEFINED:
        return undefined;
      case tags.NULL:
        return null;
      case tags.FALSE:
        return false;
      case tags.TRUE:
        return true;
      case tags.OBJECT:
        return this.plain(this.payload(head));
      case tags.ARRAY:
        return this.array(this.payload(head));
      default:
        return this.rare(head);
    }
  }

  private rare(head: number): unknown {
    switch ((head >>> 1) & tags.TAG_MASK) {
      case tags.UTF16:
        return this.utf16(head);
      case tags.BIGINT64:
        return this.bigint();
      case tags.BIGINT:
        return this.digits(this.payload(head) === 1);
      case tags.REF:
        return this.objects[this.payload(head)];
      case tags.PARCEL:
        return this.add(this.parcels[this.payload(head)] as object);
      case tags.BYTES:
        return this.bytesOf(this.payload(head));
      case tags.BUFFER:
        return this.add(this.copy(this.payload(head)).buffer);
      case tags.VIEW:
        return this.view(this.payload(head));
      case tags.NAMED_ARRAY: {
        const array = this.array(this.payload(head));
        this.properties(array);
        return array;
      }
      case tags.SPARSE: {
        const array = this.add([] as unknown[]);
        array.length = this.read() as number;
        this.properties(array);
        return array;
      }
      case tags.MAP: {
        const map = this.add(new Map<unknown, unknown>());
        for (let left = this.payload(head); left > 0; left--) map.set(this.read(), this.read());
        return map;
      }
      case tags.SET: {
        const set = this.add(new Set<unknown>());
        for (let left = this.payload(head); left > 0; left--) set.add(this.read());
        return set;
      }
      case tags.DATE:
        return this.add(new Date(this.double()));
      case tags.REGEXP:
        return this.add(new RegExp(this.string(), this.string()));
      case tags.BOXED:
        return this.add(Object(this.read()));
      case tags.ERROR:
        return this.error(this.payload(head));
      case tags.CROSSING:
        return this.crossing(this.payload(head));
      case tags.CARGO:
        return this.add(unload(this.parcels[this.payload(head)]));
      default:
        throw new Error(`not a message: ${head} at ${this.position - 1}`);
    }
  }

  private add<T extends object>(object: T): T {
    this.objects[this.count++] = object;
    return object;
  }

  private list(): unknown[] {
    const count = this.payload(this.words[this.position++]!);
    // Most functions have few parameters, and literals are made fastest.
    switch (count) {
      case 0:
        return [];
      case 1:
        return [this.read()];
      case 2:
        return [this.read(), this.read()];
      case 3:
        return [this.read(), this.read(), this.read()];
      default: {
        const list: unknown[] = new Array(count);
        for (let i = 0; i < count; i++) list[i] = this.read();
        return list;
      }
    }
  }

  private plain(count: number): object {
    const object = this.add({} as Record<string, unknown>);
    const { keys } = this;
    for (let left = count; left > 0; left--) {
      const head = this.words[this.position]!;
      let key: string;
      let isPlain: boolean;
      if (isCached(head)) {
        key = keys.find(this.words, this.position);
        this.position += 1 + (((head >>> tags.PAYLOAD_SHIFT) + 3) >>> 2);
        isPlain = keys.isPlain;
      } else {
        key = this.string();
        isPlain = isPlainName(key);
      }
      if (isPlain) object[key] = this.read();
      else define(object, key, this.read());
    }
    return object;
  }

  private array(length: number): unknown[] {
    const array: unknown[] = this.add(new Array(length));
    for (let i = 0; i < length; i++) {
      if (this.words[this.position] === HOLE_WORD) this.position++;
      else array[i] = this.read();
    }
    return array;
  }

  /** PROPS */
  private properties(object: object): void {
    for (let left = this.payload(this.words[this.position++]!); left > 0; left--) {
      define(object, this.string(), this.read());
    }
  }

  private digits(isNegative: boolean): bigint {
    const value = BigInt(`0x${this.string()}`);
    return isNegative ? -value : value;
  }

  private bytesOf(payload: number): object {
    const kind = payload & ((1 << tags.VIEW_KIND_BITS) - 1);
    const copy = this.copy(payload >>> tags.VIEW_KIND_BITS);
    return this.add(kind === UINT8 ? copy : makeView(kind, copy.buffer, 0, copy.length));
  }

  private view(kind: number): object {
    const number = this.count++;
    const offset = this.read() as number;
    const size = this.read() as number;
    return (this.objects[number] = makeView(kind, this.read() as ArrayBufferLike, offset, size));
  }

  private error(flags: number): Error {
    const isDom = flags === tags.IS_DOM;
    const className = this.string();
    const crossing = this.isPresent() ? this.string() : undefined;
    const name = this.string();
    const message = this.string();
    const stack = this.read() as string | undefined;
    const error = this.add(
      isDom
        ? new DOMException(message, name)
        : (decodeThrown({
            isError: true,
            className,
            crossing,
            name,
            message,
            stack,
            properties: {},
            ...(flags === tags.IS_AGGREGATE ? { errors: [] } : {}),
          }) as Error),
    );
    if (isDom) hide(error, "stack", stack);
    if (this.isPresent()) hide(error, "cause", this.read());
    if (this.isPresent()) hide(error, "errors", this.list());
    this.properties(error);
    for (const key of hiddenKeysOf(error, crossing)) {
      if (Object.hasOwn(error, key)) Object.defineProperty(error, key, { enumerable: false });
    }
    return error;
  }

  private isPresent(): boolean {
    if (this.words[this.position] !== tags.ABSENT << 1) return true;
    this.position++;
    return false;
  }

  private crossing(kind: number): object {
    const a = this.words[this.position++]!;
    const b = this.words[this.position++]!;
    const object = crossingOfKind(kind).receive(a, b);
    this.received = this.position;
    return this.add(object);
  }
}

function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
}

function hide(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, configurable: true, enumerable: false, writable: true });
}
