import { DisposedError } from "../error.js";
import { checkParts } from "../mapped-guard.js";
import type { Hold } from "./hold.js";
import { RwLockMappedWriteGuard } from "./mapped-write-guard.js";
import { RwLockReadGuard } from "./read-guard.js";

/**
 * A {@link RwLock} held for writing: the way to its value, which nobody else has meanwhile.
 *
 * Released by `release()` or at the end of a `using` scope. One that is forgotten keeps the lock: garbage collection releases nothing. In `toki/shared` the
 * value is this thread's copy; what was done to it, in place too, is written back when the guard is released or downgraded.
 *
 * @typeParam L - the lock: which `RwLock` it is, and of what
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { RwLock } from "toki/sync";
 *
 * const counter = new RwLock(0);
 * await main(function* () {
 *   using guard = yield* counter.write();
 *   guard.value += 1;
 *   console.log(guard.value); // 1
 * });
 * ```
 */
export class RwLockWriteGuard<T, L = unknown> implements Disposable {
  private readonly lock: L;
  private held: Hold<T> | null;

  /** @internal */
  constructor(lock: L, hold: Hold<T>) {
    this.lock = lock;
    this.held = hold;
  }

  /**
   * The protected value. May be replaced.
   *
   * @throws DisposedError once the guard is released, downgraded or mapped
   */
  get value(): T {
    return this.hold().data;
  }

  set value(value: T) {
    this.hold().data = value;
  }

  /**
   * The lock this guards.
   *
   * @throws DisposedError once the guard is released, downgraded or mapped
   */
  get rwlock(): L {
    this.hold();
    return this.lock;
  }

  /**
   * Unlocks: the lock passes to whoever waited longest. Does nothing the second time, or after {@link RwLockWriteGuard.downgrade} and
   * {@link RwLockWriteGuard.map}.
   *
   * @throws NotSendError in `toki/shared`, if what the value has become cannot be sent: it is unlocked with the value from before
   */
  release(): void {
    const { held } = this;
    if (held === null) return;
    this.held = null;
    held.unlock();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /**
   * Turns this into a read guard, in one step: readers who wait next may enter, and no writer can change the value before the read guard is released. This
   * guard is over.
   *
   * @throws DisposedError once the guard is released, downgraded or mapped
   * @throws NotSendError in `toki/shared`, if what the value has become cannot be sent: this guard stays as it is
   *
   * @example
   * ```ts
   * import { RwLock } from "toki/sync";
   *
   * const cache = new RwLock(new Map<string, number>());
   * const writing = cache.tryWrite();
   * writing.value.set("answer", 42);
   * using reading = writing.downgrade();
   * using other = cache.tryRead(); // others may read too
   * console.log(reading.value.get("answer") === other.value.get("answer")); // true
   * ```
   */
  downgrade(): RwLockReadGuard<T, L> {
    return this.downgradeTo(null);
  }

  /**
   * {@link RwLockWriteGuard.downgrade} and {@link RwLockReadGuard.map} in one.
   *
   * @param get - finds the part in the value; called at each access of the new guard's `value`
   * @throws DisposedError once the guard is released, downgraded or mapped
   * @throws NotSendError as `downgrade`
   */
  downgradeMap<U>(get: (value: Readonly<T>) => U): RwLockReadGuard<U, L> {
    checkParts("RwLockWriteGuard.downgradeMap", get);
    return this.downgradeTo(get as (value: unknown) => U);
  }

  /**
   * As {@link RwLockWriteGuard.downgradeMap}, if there is such a part: when `get` gives undefined, the answer is undefined and this guard stays as it is.
   *
   * @throws DisposedError once the guard is released, downgraded or mapped
   * @throws NotSendError as `downgrade`
   */
  tryDowngradeMap<U>(get: (value: Readonly<T>) => U | undefined): RwLockReadGuard<U, L> | undefined {
    checkParts("RwLockWriteGuard.tryDowngradeMap", get);
    return get(this.value) === undefined ? undefined : this.downgradeTo(get as (value: unknown) => U);
  }

  private downgradeTo<U>(part: ((value: unknown) => U) | null): RwLockReadGuard<U, L> {
    const hold = this.hold();
    // Over before the write-back, which may run code of the value, and before anybody is woken.
    this.held = null;
    try {
      hold.save();
    } catch (error) {
      this.held = hold;
      throw error;
    }
    hold.downgrade();
    return new RwLockReadGuard<U, L>(this.lock, hold as Hold<unknown>, part);
  }

  /**
   * Narrows the guard to a part of the value. The mapped guard holds the lock from now on; this one is over.
   *
   * @param get - finds the part in the value; called at each access of the mapped guard's `value`
   * @param set - puts a new part into the value; without it the mapped guard's `value` cannot be assigned
   * @throws DisposedError once the guard is released, downgraded or mapped
   */
  map<U>(get: (value: T) => U, set?: (value: T, part: U) => void): RwLockMappedWriteGuard<U, L> {
    checkParts("RwLockWriteGuard.map", get, set);
    const hold = this.hold();
    this.held = null;
    return new RwLockMappedWriteGuard<U, L>(
      this.lock,
      hold,
      () => get(hold.data),
      set === undefined ? undefined : (part) => set(hold.data, part),
    );
  }

  /**
   * As {@link RwLockWriteGuard.map}, if there is such a part now: when `get` gives undefined, the answer is undefined and this guard stays as it is.
   *
   * @throws DisposedError once the guard is released, downgraded or mapped
   */
  tryMap<U>(
    get: (value: T) => U | undefined,
    set?: (value: T, part: U) => void,
  ): RwLockMappedWriteGuard<U, L> | undefined {
    checkParts("RwLockWriteGuard.tryMap", get, set);
    return get(this.value) === undefined ? undefined : this.map(get as (value: T) => U, set);
  }

  /**
   * A mapped guard of the whole value, for code that takes mapped guards. This one is over.
   *
   * @throws DisposedError once the guard is released, downgraded or mapped
   */
  intoMapped(): RwLockMappedWriteGuard<T, L> {
    const hold = this.hold();
    this.held = null;
    return new RwLockMappedWriteGuard<T, L>(
      this.lock,
      hold,
      () => hold.data,
      (value) => {
        hold.data = value;
      },
    );
  }

  private hold(): Hold<T> {
    if (this.held === null) throw new DisposedError("RwLockWriteGuard", "released, downgraded or mapped");
    return this.held;
  }
}
