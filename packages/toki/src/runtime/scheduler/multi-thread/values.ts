/*
 * The values in a record: a task's arguments, then its outcome. They are in the record's own words if they fit, else in a block of their own.
 */
import { type Arena, classFor, MAX_BLOCK_WORDS } from "../../../memory/arena.js";
import { BLOCK_WORDS } from "../../../memory/layout.js";
import type { SharedMemory } from "../../../memory/shared-memory.js";
import type { LongValues } from "../../../portable/codec/carriage.js";
import { Decoder, discard, discardArgs } from "../../../portable/codec/decoder.js";
import { Encoder } from "../../../portable/codec/encoder.js";
import { DATA, DATA_CLASS, INLINE_WORDS, VALUES } from "./record.js";

/** In DATA_CLASS: some values come by message. @internal */
export const HAS_PARCELS = 256;
/** In DATA_CLASS: the encoded values are too long for a block, and come by message themselves, as the first parcel. @internal */
export const IS_PARCEL = 512;
/** In DATA_CLASS: the task's name follows the arguments. @internal */
export const HAS_NAME = 1024;
const CLASS = 255;

const NONE: readonly unknown[] = [];

/** @internal */
export class Values {
  readonly encoder = new Encoder();
  private readonly decoder = new Decoder();
  private readonly arena: Arena;
  private readonly memory: SharedMemory;

  constructor(arena: Arena) {
    this.arena = arena;
    this.memory = arena.memory;
  }

  /** Puts what was encoded into a record that holds no data; false if it is too long: then it has to go by message (`message`). */
  put(record: number, flags: number): boolean {
    const { encoder, memory } = this;
    const { length, words } = encoder;
    if (length <= INLINE_WORDS) {
      const shared = memory.reaching(record + BLOCK_WORDS - 1);
      for (let i = 0; i < length; i++) shared[record + VALUES + i] = words[i] as number;
      shared[record + DATA] = 0;
      shared[record + DATA_CLASS] = flags;
      return true;
    }
    if (length > MAX_BLOCK_WORDS) {
      memory.write(record + DATA, 0);
      memory.write(record + DATA_CLASS, flags | IS_PARCEL);
      return false;
    }
    const k = classFor(length);
    const block = this.arena.alloc(k);
    const shared = memory.reaching(block + length);
    if (length < 64) for (let i = 0; i < length; i++) shared[block + i] = words[i] as number;
    else shared.set(words.subarray(0, length), block);
    // In this order: if the thread dies in between, there is no data, rather than data of another class.
    memory.write(record + DATA_CLASS, k | flags);
    memory.write(record + DATA, block);
    return true;
  }

  /** What was encoded, as the parcels of a message; what of them is transferred is added to `transfer`. */
  message(transfer: unknown[]): readonly unknown[] {
    const { encoder } = this;
    const words = encoder.words.slice(0, encoder.length);
    transfer.push(words.buffer, ...encoder.transfer);
    const long: LongValues = { isLong: true, words };
    return [long, ...encoder.parcels];
  }

  flagsOf(record: number): number {
    return this.memory.read(record + DATA_CLASS) & ~CLASS;
  }

  /** Reads the arguments and frees the data. */
  takeArgs(record: number, parcels: readonly unknown[] = NONE): unknown[] {
    const at = this.place(record);
    try {
      return this.decoder.args(this.wordsOf(record, parcels), at, this.besides(record, parcels));
    } finally {
      this.freeData(record);
    }
  }

  /** Reads the arguments, then the task's name, and frees the data. */
  takeNamedArgs(record: number, parcels: readonly unknown[] = NONE): { args: unknown[]; name: string } {
    const at = this.place(record);
    try {
      const args = this.decoder.args(this.wordsOf(record, parcels), at, this.besides(record, parcels));
      const name = this.decoder.value(this.wordsOf(record, parcels), this.decoder.position, NONE) as string;
      return { args, name };
    } finally {
      this.freeData(record);
    }
  }

  /** Reads one value and frees the data. */
  takeValue(record: number, parcels: readonly unknown[] = NONE): unknown {
    const at = this.place(record);
    try {
      return this.decoder.value(this.wordsOf(record, parcels), at, this.besides(record, parcels));
    } finally {
      this.freeData(record);
    }
  }

  /** Frees arguments that nobody will read. */
  dropArgs(record: number): void {
    if (!this.isMessage(record)) {
      const at = this.place(record);
      discardArgs(this.memory.words, at);
    }
    this.freeData(record);
  }

  /** Frees an outcome that nobody will read. */
  dropValue(record: number): void {
    if (!this.isMessage(record)) {
      const at = this.place(record);
      discard(this.memory.words, at);
    }
    this.freeData(record);
  }

  /** Where the values are in `wordsOf`, which reaches them then: before, the view may be too short. */
  private place(record: number): number {
    const { memory } = this;
    if (this.isMessage(record)) return 0;
    const data = memory.read(record + DATA);
    if (data === 0) return record + VALUES;
    memory.reaching(data + (BLOCK_WORDS << (memory.read(record + DATA_CLASS) & CLASS)) - 1);
    return data;
  }

  private isMessage(record: number): boolean {
    return (this.memory.read(record + DATA_CLASS) & IS_PARCEL) !== 0;
  }

  private wordsOf(record: number, parcels: readonly unknown[]): Int32Array {
    return this.isMessage(record) ? (parcels[0] as LongValues).words : this.memory.words;
  }

  /** The parcels beside the words. */
  private besides(record: number, parcels: readonly unknown[]): readonly unknown[] {
    return this.isMessage(record) ? parcels.slice(1) : parcels;
  }

  /** Frees the block of a record's values. What the values refer to stays as it is. */
  freeData(record: number): void {
    const { memory } = this;
    const data = memory.read(record + DATA);
    if (data === 0) return;
    memory.write(record + DATA, 0);
    this.arena.free(data, memory.read(record + DATA_CLASS) & CLASS);
  }
}
