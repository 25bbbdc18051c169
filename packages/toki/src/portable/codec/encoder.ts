/*
 * Values to words. One message at a time:
 *
 *   begin()            nothing is written, no reference is held; whatever came before belongs to who took it
 *   value(), args()    each complete, or it throws and undoes everything since begin(): words, parcels, references
 *   depart()           the message goes out: what is carried has left its objects (carriage.ts)
 *
 * While value() or args() runs (`isActive`), code of the program can run too: getters, and traps of proxies. A begin() from there would write over the
 * message, so it is refused.
 *
 * Nothing on the way says where in the value the encoder is. If a value cannot be sent, REFUSED is thrown, and the Inspector walks the value again to
 * say what is wrong and where.
 */
import { MAX_HOLES, namesOf } from "../arrays.js";
import { NotSendError } from "../not-send-error.js";
import { BufferWriter } from "./buffers.js";
import { Cargo, type Carriage } from "./carriage.js";
import { type Crossing, MessageInspector } from "./crossing.js";
import { writeInstance } from "./encode-instance.js";
import { Identity } from "./identity.js";
import { REFUSED } from "./refused.js";
import {
  ARRAY,
  CARGO,
  CROSSING,
  HOLE,
  LIST,
  MAX_BYTES,
  MAX_INLINE_BYTES,
  NAMED_ARRAY,
  OBJECT,
  PARCEL,
  PROPS,
  REF,
  SPARSE,
} from "./tags.js";
import { WordWriter } from "./writer.js";

const NOTHING: readonly unknown[] = Object.freeze([]);
const hasOwn = Object.prototype.hasOwnProperty;

interface Held {
  readonly crossing: Crossing;
  readonly a: number;
  readonly b: number;
}

interface Leaving {
  readonly carriage: Carriage;
  readonly object: object;
}

/** What `rewind` goes back to. */
interface Mark {
  readonly length: number;
  readonly objects: number;
  readonly parcels: number;
  readonly transfer: number;
  readonly held: number;
  readonly leaving: number;
}

export class Encoder extends WordWriter {
  /** What travels beside the words, in the order of their indices. */
  parcels: readonly unknown[] = NOTHING;
  /** What the platform takes away from this thread when it carries the parcels. */
  transfer: readonly unknown[] = NOTHING;
  errorDepth = 0;
  /** Whether anybody will carry parcels. Without, large buffers are written as words, and what cannot be is refused. */
  readonly hasParcels: boolean;
  readonly identity = new Identity();
  readonly buffers: BufferWriter;
  private readonly held: Held[] = [];
  private readonly leaving: Leaving[] = [];
  private where = "";
  /** Code of the program may be running: a getter, say. */
  isActive = false;

  constructor(hasParcels = true) {
    super();
    this.hasParcels = hasParcels;
    this.buffers = new BufferWriter(this, hasParcels ? MAX_INLINE_BYTES : MAX_BYTES);
  }

  /** Whether the message holds references to shared objects. */
  get hasCrossings(): boolean {
    return this.held.length > 0;
  }

  /** @param where - the operation, for error messages */
  begin(where: string): void {
    if (this.isActive) throw new NotSendError(`${where}: called by a getter of a value that is being sent`, "");
    this.where = where;
    if (this.parcels !== NOTHING) this.parcels = this.transfer = NOTHING;
    if (this.held.length > 0) this.held.length = 0;
    if (this.leaving.length > 0) this.leaving.length = 0;
    this.restart();
  }

  /**
   * Writes one value.
   *
   * @throws NotSendError if it cannot be sent, and whatever its getters throw; then everything since `begin` is undone
   */
  value(value: unknown, path: string): void {
    if (!this.message(value, false)) throw this.refusal([value], () => path);
  }

  /** Writes arguments as one message: what two of them have in common arrives so. Throws as `value` does. */
  args(args: readonly unknown[]): void {
    if (!this.message(args, true)) throw this.refusal(args, (i) => `argument ${i}`);
  }

  /** Writes one message: a value, or a list of them. False if it cannot be sent; then, and if it throws, everything since `begin` is undone. */
  private message(value: unknown, isList: boolean): boolean {
    this.isActive = true;
    try {
      const { length } = this;
      const parcels = this.parcels.length;
      const transfer = this.transfer.length;
      const held = this.held.length;
      const leaving = this.leaving.length;
      if (isList) this.list(value as readonly unknown[]);
      else this.write(value);
      if (this.buffers.hasHulls) {
        this.rewind({ length, objects: 0, parcels, transfer, held, leaving });
        this.buffers.isFirst = false;
        if (isList) this.list(value as readonly unknown[]);
        else this.write(value);
      }
    } catch (error) {
      this.undo();
      if (error === REFUSED) return false;
      throw error;
    }
    this.end();
    return true;
  }

  /** The message goes out. Before this, whoever asked for it may still give it up. */
  depart(): void {
    for (const { carriage, object } of this.leaving.splice(0)) carriage.depart(object);
  }

  // For the parts of the encoder

  write(value: unknown): void {
    switch (typeof value) {
      case "number":
        this.number(value);
        return;
      case "string":
        this.string(value);
        return;
      case "object":
        if (value === null) this.null();
        else this.object(value);
        return;
      case "undefined":
        this.undefined();
        return;
      case "boolean":
        this.boolean(value);
        return;
      case "bigint":
        this.bigint(value);
        return;
      default:
        throw REFUSED;
    }
  }

  plain(object: Record<string, unknown>): void {
    const head = this.open();
    let count = 0;
    for (const key in object) {
      if (!hasOwn.call(object, key)) continue;
      this.string(key);
      this.write(object[key]);
      count++;
    }
    this.close(head, OBJECT, count);
  }

  /** Writes a reference to an object that the message has had already. */
  reference(object: object): boolean {
    const number = this.identity.find(object);
    if (number < 0) return false;
    this.head(REF, number);
    return true;
  }

  /** Leaves `value` to the platform; `taken` is what this thread loses by that. */
  parcel(value: unknown, taken?: unknown, tag = PARCEL): void {
    if (!this.hasParcels) throw REFUSED;
    if (this.parcels === NOTHING) this.parcels = [];
    this.head(tag, (this.parcels as unknown[]).push(value) - 1);
    if (taken === undefined) return;
    if (this.transfer === NOTHING) this.transfer = [];
    if (!this.transfer.includes(taken)) (this.transfer as unknown[]).push(taken);
  }

  crossing(object: object, crossing: Crossing): void {
    this.reserve(4);
    const { a, b } = crossing.send(object);
    this.held.push({ crossing, a, b });
    this.head(CROSSING, crossing.kind);
    this.word(a);
    this.word(b);
  }

  carry(object: object, carriage: Carriage): void {
    if (carriage.reasonToStay(object) !== undefined) throw REFUSED;
    const cargo = new Cargo(carriage, object);
    this.parcel(cargo, cargo.handle, CARGO);
    this.leaving.push({ carriage, object });
  }

  mark(): Mark {
    return {
      length: this.length,
      objects: this.identity.count,
      parcels: this.parcels.length,
      transfer: this.transfer.length,
      held: this.held.length,
      leaving: this.leaving.length,
    };
  }

  /** Whether what was written since takes nothing along: no reference to a shared object, nothing that leaves this thread. */
  isPlainSince(mark: Mark): boolean {
    return (
      this.held.length === mark.held && this.leaving.length === mark.leaving && this.transfer.length === mark.transfer
    );
  }

  rewind(mark: Mark): void {
    this.length = mark.length;
    this.identity.truncate(mark.objects);
    if (this.parcels !== NOTHING) (this.parcels as unknown[]).length = mark.parcels;
    if (this.transfer !== NOTHING) (this.transfer as unknown[]).length = mark.transfer;
    while (this.held.length > mark.held) {
      const { crossing, a, b } = this.held.pop()!;
      if (crossing.undo === undefined) crossing.release(a, b);
      else crossing.undo(a, b);
    }
    this.leaving.length = mark.leaving;
  }

  // The walk

  private list(args: readonly unknown[]): void {
    const count = args.length;
    this.head(LIST, count);
    for (let i = 0; i < count; i++) this.write(args[i]);
  }

  private object(object: object): void {
    const { identity } = this;
    if (identity.count > 0 && this.reference(object)) return;
    identity.add(object);
    if (Array.isArray(object)) {
      this.array(object);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(object);
    if (prototype === Object.prototype || prototype === null) this.plain(object as Record<string, unknown>);
    else writeInstance(this, object, prototype as object);
  }

  private array(array: readonly unknown[]): void {
    const { length } = array;
    const mark = length > MAX_HOLES ? this.mark() : undefined;
    const head = this.open();
    let present = length;
    let inRow = 0;
    for (let i = 0; i < length; i++) {
      const value = array[i];
      if (value !== undefined || hasOwn.call(array, i)) {
        inRow = 0;
        this.write(value);
        continue;
      }
      present--;
      if (++inRow > MAX_HOLES && mark !== undefined) {
        this.rewind(mark);
        this.sparse(array);
        return;
      }
      this.head(HOLE, 0);
    }
    const names = namesOf(array, present);
    this.close(head, names.length === 0 ? ARRAY : NAMED_ARRAY, length);
    if (names.length > 0) this.properties(array, names);
  }

  private sparse(array: readonly unknown[]): void {
    this.head(SPARSE, 0);
    this.number(array.length);
    this.properties(array, Object.keys(array));
  }

  private properties(array: readonly unknown[], keys: readonly string[]): void {
    const head = this.open();
    let count = 0;
    for (const key of keys) {
      if (!hasOwn.call(array, key)) continue;
      this.string(key);
      this.write((array as unknown as Record<string, unknown>)[key]);
      count++;
    }
    this.close(head, PROPS, count);
  }

  // The end of a message

  private end(): void {
    if (this.identity.count > 0) {
      this.identity.truncate(0);
      if (this.buffers.isUsed) this.buffers.reset();
    }
    this.isActive = false;
  }

  /** Takes everything since `begin` back, also after a value was complete: it is not sent after all. */
  undo(): void {
    this.rewind({ length: 0, objects: 0, parcels: 0, transfer: 0, held: 0, leaving: 0 });
    this.parcels = NOTHING;
    this.transfer = NOTHING;
    this.errorDepth = 0;
    this.buffers.reset();
    this.isActive = false;
  }

  private refusal(values: readonly unknown[], pathOf: (i: number) => string): unknown {
    const inspector = new MessageInspector(this.where);
    try {
      for (let i = 0; i < values.length; i++) inspector.check(values[i], pathOf(i));
    } catch (error) {
      return error;
    }
    if (!this.hasParcels) {
      return new NotSendError(
        `${this.where}: ${pathOf(0)} is, or has in it, what only an argument or a result of a task can be: something marked by move(), a SharedArrayBuffer, or an object of the platform's`,
        pathOf(0),
      );
    }
    // The values are not what they were a moment ago.
    return new NotSendError(`${this.where}: ${pathOf(0)} cannot be sent`, pathOf(0));
  }
}
