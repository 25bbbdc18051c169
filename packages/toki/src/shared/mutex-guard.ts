import { DisposedError } from "../sync/error.js";
import { checkParts } from "../sync/mapped-guard.js";
import { MappedMutexGuard } from "../sync/mapped-mutex-guard.js";
import { Holding } from "./holding.js";
import type { Mutex } from "./mutex.js";

/**
 * A held shared {@link Mutex}: the way to its value, and to unlocking it.
 *
 * `value` is this thread's copy. What was done to it, in place too, is written back when the guard is released. Released by `release()` or at the end of a
 * `using` scope. One that is forgotten keeps the mutex locked until its thread ends.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { Mutex } from "toki/shared";
 *
 * const counter = new Mutex({ hits: 0 });
 * await main(function* () {
 *   using guard = yield* counter.lock();
 *   guard.value.hits += 1;
 *   console.log(guard.value); // { hits: 1 }
 * });
 * ```
 */
export class MutexGuard<T> implements Disposable {
  private readonly handle: Mutex<T>;
  private holding: Holding<T> | null;

  /** @internal */
  constructor(mutex: Mutex<T>) {
    this.handle = mutex;
    this.holding = new Holding(mutex.share, 1, "MutexGuard.release");
  }

  /**
   * The protected value: a copy, read when first asked for. May be changed and replaced.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  get value(): T {
    return this.held.data;
  }

  set value(value: T) {
    this.held.data = value;
  }

  /**
   * The mutex this guards.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  get mutex(): Mutex<T> {
    void this.held;
    return this.handle;
  }

  /**
   * Writes the value back and unlocks: the lock passes to whoever waited longest. Does nothing the second time, or after {@link MutexGuard.map}.
   *
   * @throws NotSendError if what the value has become cannot be sent: the mutex has the value from before then, and is unlocked
   */
  release(): void {
    const { holding } = this;
    this.holding = null;
    holding?.unlock();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /**
   * Narrows the guard to a part of the value. The mapped guard holds the lock from now on; this one is over.
   *
   * @param get - finds the part in the value; called at each access of the mapped guard's `value`
   * @param set - puts a new part into the value; without it the mapped guard's `value` cannot be assigned
   * @throws DisposedError once the guard is released or mapped
   */
  map<U>(get: (value: T) => U, set?: (value: T, part: U) => void): MappedMutexGuard<U> {
    checkParts("MutexGuard.map", get, set);
    const { held } = this;
    this.holding = null;
    return new MappedMutexGuard<U>(
      held,
      () => get(held.data),
      set === undefined ? undefined : (part) => set(held.data, part),
    );
  }

  /**
   * As {@link MutexGuard.map}, if there is such a part now: when `get` gives undefined, the answer is undefined and this guard stays as it is.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  tryMap<U>(get: (value: T) => U | undefined, set?: (value: T, part: U) => void): MappedMutexGuard<U> | undefined {
    checkParts("MutexGuard.tryMap", get, set);
    return get(this.value) === undefined ? undefined : this.map(get as (value: T) => U, set);
  }

  private get held(): Holding<T> {
    if (this.holding === null) throw new DisposedError("MutexGuard", "released or mapped");
    return this.holding;
  }
}
