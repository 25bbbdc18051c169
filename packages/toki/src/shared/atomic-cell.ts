/*
 * A shared cell: VALUE, a block with the value, and VERSION, which counts how often it was replaced. Both change under the lock. A value is written to its block
 * before the lock is taken; a load copies the words under the lock, and makes the value of them afterwards.
 *
 * Each operation takes effect at one moment between its call and its return, while it has the lock: all threads see one order of them (sequentially consistent,
 * linearizable). What a thread did before a store is seen by whoever loads what it stored.
 */
import { invalidArgument } from "../internal/invalid-argument.js";
import { registerCrossing } from "../portable/codec/crossing.js";
import { sharing } from "./crossing.js";
import { SharedHandle } from "./handle.js";
import { CELL, defineKind } from "./kinds.js";
import { OWN } from "./layout.js";
import { Share } from "./share.js";
import {
  addInPlace,
  copyValue,
  dropAt,
  dropValue,
  equalValues,
  makeValue,
  putFirst,
  putValue,
  takeValue,
} from "./values.js";

const VALUE = OWN;
const VERSION = OWN + 1;

const kind = defineKind({
  number: CELL,
  blockClass: 0,
  passOn() {},
  abandon() {},
  destroy: dropAt(VALUE),
});

/**
 * One value that all threads see: read, replaced and counted up in single steps, without waiting. Of any kind that can be sent; values are copied.
 *
 * Operations are sequentially consistent: all threads agree on one order of them. For changes that take more than one step there is {@link AtomicCell.update},
 * or a shared `Mutex` if they await.
 *
 * Threads: can be sent to other threads, which then have a handle each to the same cell.
 *
 * @example
 * ```ts
 * import { fn, join, main, spawn } from "toki";
 * import { AtomicCell } from "toki/shared";
 *
 * export const count = fn(import.meta, function* count(total: AtomicCell<number>, n: number) {
 *   for (let i = 0; i < n; i++) total.fetchAdd(1);
 * });
 *
 * await main(function* () {
 *   const total = new AtomicCell(0);
 *   yield* join(spawn(count(total, 1000)), spawn(count(total, 1000)));
 *   console.log(total.load()); // 2000
 * });
 * ```
 */
export class AtomicCell<T> extends SharedHandle {
  /**
   * @param value - the first value; copied
   * @throws NotSendError if it cannot be sent
   */
  constructor(value: T);
  /** @internal */
  constructor(value: T, share?: Share);
  constructor(value: T, share?: Share) {
    super(share ?? Share.create(kind));
    if (share === undefined) putFirst(this, VALUE, value, "new AtomicCell");
  }

  /**
   * A copy of the value.
   *
   * @throws DisposedError if this handle was disposed
   */
  load(): T {
    return this.look("load").value;
  }

  private look(method: string): { readonly value: T; readonly version: number } {
    const { thread, object, lock } = this.open(method);
    const { memory } = thread;
    lock.lock();
    const words = copyValue(thread, memory.read(object + VALUE));
    const version = memory.read(object + VERSION);
    lock.unlock();
    return { value: makeValue(thread, words) as T, version };
  }

  /**
   * Replaces the value.
   *
   * @throws NotSendError if it cannot be sent
   * @throws DisposedError if this handle was disposed
   */
  store(value: T): void {
    const { thread } = this.open("store");
    const before = this.exchange(putValue(thread, value, "AtomicCell.store", "value", true));
    dropValue(thread, before);
  }

  /**
   * Replaces the value, and gives the one from before.
   *
   * @throws NotSendError if it cannot be sent
   * @throws DisposedError if this handle was disposed
   */
  swap(value: T): T {
    const { thread } = this.open("swap");
    return takeValue(thread, this.exchange(putValue(thread, value, "AtomicCell.swap", "value", true))) as T;
  }

  private exchange(next: number): number {
    const { thread, object, lock } = this.share;
    const { memory } = thread;
    lock.lock();
    const before = memory.read(object + VALUE);
    memory.write(object + VALUE, next);
    memory.write(object + VERSION, (memory.read(object + VERSION) + 1) | 0);
    lock.unlock();
    return before;
  }

  /**
   * Replaces the value if it is equal to `expected`. Primitives are compared as by `Object.is`; objects by their content, in the order of their keys.
   *
   * @returns whether it was replaced
   * @throws NotSendError if one of the values cannot be sent
   * @throws DisposedError if this handle was disposed
   *
   * @example
   * ```ts
   * import { AtomicCell } from "toki/shared";
   *
   * const state = new AtomicCell("idle");
   * console.log(state.compareExchange("idle", "busy")); // true
   * console.log(state.compareExchange("idle", "busy")); // false
   * ```
   */
  compareExchange(expected: T, replacement: T): boolean {
    const { thread, object, lock } = this.open("compareExchange");
    const { memory } = thread;
    const wanted = putValue(thread, expected, "AtomicCell.compareExchange", "expected", true);
    let next: number;
    try {
      next = putValue(thread, replacement, "AtomicCell.compareExchange", "replacement", true);
    } catch (error) {
      dropValue(thread, wanted);
      throw error;
    }
    lock.lock();
    const before = memory.read(object + VALUE);
    const isEqual = equalValues(thread, before, wanted);
    if (isEqual) {
      memory.write(object + VALUE, next);
      memory.write(object + VERSION, (memory.read(object + VERSION) + 1) | 0);
    }
    lock.unlock();
    dropValue(thread, wanted);
    dropValue(thread, isEqual ? before : next);
    return isEqual;
  }

  /**
   * Replaces the value by what `change` makes of it, a copy of its own. If another thread has replaced it meanwhile, `change` is called again with the new value: it should do
   * nothing else than compute.
   *
   * @returns the value from before
   * @throws NotSendError if what `change` returns cannot be sent; and whatever `change` throws: then the value is as it was
   * @throws DisposedError if this handle was disposed
   *
   * @example
   * ```ts
   * import { AtomicCell } from "toki/shared";
   *
   * const best = new AtomicCell({ name: "", score: 0 });
   * best.update((now) => (now.score < 7 ? { name: "ann", score: 7 } : now));
   * console.log(best.load()); // { name: "ann", score: 7 }
   * ```
   */
  update(change: (value: T) => T): T {
    if (typeof change !== "function") throw invalidArgument("AtomicCell.update", "change", "a function", change);
    for (;;) {
      const { value, version } = this.look("update");
      if (this.replace(version, change(value))) return value;
    }
  }

  private replace(version: number, value: T): boolean {
    const { thread, object, lock } = this.open("update");
    const { memory } = thread;
    const next = putValue(thread, value, "AtomicCell.update", "the new value", true);
    lock.lock();
    const before = memory.read(object + VALUE);
    const isSame = memory.read(object + VERSION) === version;
    if (isSame) {
      memory.write(object + VALUE, next);
      memory.write(object + VERSION, (version + 1) | 0);
    }
    lock.unlock();
    dropValue(thread, isSame ? before : next);
    return isSame;
  }

  /**
   * Adds to an integer.
   *
   * @param n - a whole number, or a bigint if the value is one
   * @returns the value from before
   * @throws InvalidArgumentError if `n` is neither, or not of the value's type
   * @throws RangeError if the sum is beyond what a number holds exactly: the value is as it was
   * @throws DisposedError if this handle was disposed
   */
  fetchAdd<N extends T & (number | bigint)>(n: N): T {
    if (typeof n !== "bigint" && !Number.isSafeInteger(n)) {
      throw invalidArgument("AtomicCell.fetchAdd", "n", "a whole number or a bigint", n);
    }
    const before = typeof n === "number" ? this.addSmall(n) : undefined;
    if (before !== undefined) return before as T;
    return this.update((value) => {
      if (typeof value !== typeof n) {
        throw invalidArgument("AtomicCell.fetchAdd", "n", `of the type of the cell's value, ${typeof value}`, n);
      }
      const sum = ((value as number) + (n as number)) as number | bigint;
      if (typeof sum === "number" && !Number.isSafeInteger(sum)) {
        throw new RangeError(`AtomicCell.fetchAdd: ${value} + ${n} is not a safe integer`);
      }
      return sum as T;
    });
  }

  /** Most counters are small integers, which are one word. */
  private addSmall(n: number): number | undefined {
    const { thread, object, lock } = this.open("fetchAdd");
    const { memory } = thread;
    lock.lock();
    const before = addInPlace(thread, memory.read(object + VALUE), n);
    if (before !== undefined) memory.write(object + VERSION, (memory.read(object + VERSION) + 1) | 0);
    lock.unlock();
    return before;
  }

  /** Another handle to this cell. */
  clone(): AtomicCell<T> {
    return new AtomicCell<T>(undefined as T, this.open("clone").use());
  }
}

registerCrossing(
  AtomicCell.prototype,
  sharing<AtomicCell<unknown>>(kind, (share) => new AtomicCell<unknown>(undefined, share)),
  import.meta.url,
);
