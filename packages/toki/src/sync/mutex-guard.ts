import { DisposedError } from "./error.js";
import { checkParts } from "./mapped-guard.js";
import { MappedMutexGuard } from "./mapped-mutex-guard.js";
import type { Mutex } from "./mutex.js";

/**
 * A held {@link Mutex}: the way to its value, and to unlocking it.
 *
 * Released by `release()` or at the end of a `using` scope. One that is forgotten keeps the mutex locked: garbage collection releases nothing.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { Mutex } from "toki/sync";
 *
 * const counter = new Mutex(0);
 * await main(function* () {
 *   using guard = yield* counter.lock();
 *   guard.value += 1;
 *   console.log(guard.value); // 1
 * });
 * ```
 */
export class MutexGuard<T> implements Disposable {
  private owner: Mutex<T> | null;

  /** @internal */
  constructor(owner: Mutex<T>) {
    this.owner = owner;
  }

  /**
   * The protected value. May be replaced.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  get value(): T {
    const { owner } = this;
    if (owner === null) throw released();
    return owner.data;
  }

  set value(value: T) {
    const { owner } = this;
    if (owner === null) throw released();
    owner.data = value;
  }

  /**
   * The mutex this guards.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  get mutex(): Mutex<T> {
    const { owner } = this;
    if (owner === null) throw released();
    return owner;
  }

  /** Unlocks: the lock passes to whoever waited longest. Does nothing the second time, or after {@link MutexGuard.map}. */
  release(): void {
    const { owner } = this;
    if (owner === null) return;
    this.owner = null;
    owner.unlock();
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
   *
   * @example
   * ```ts
   * import { Mutex } from "toki/sync";
   *
   * const state = new Mutex({ hits: 0, misses: 0 });
   * {
   *   using hits = state.tryLock().map(
   *     (value) => value.hits,
   *     (value, part) => {
   *       value.hits = part;
   *     },
   *   );
   *   hits.value++;
   * }
   * console.log(state.intoInner()); // { hits: 1, misses: 0 }
   * ```
   */
  map<U>(get: (value: T) => U, set?: (value: T, part: U) => void): MappedMutexGuard<U> {
    checkParts("MutexGuard.map", get, set);
    return this.mapTo(this.mutex, get, set);
  }

  /**
   * As {@link MutexGuard.map}, if there is such a part now: when `get` gives undefined, the answer is undefined and this guard stays as it is.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  tryMap<U>(get: (value: T) => U | undefined, set?: (value: T, part: U) => void): MappedMutexGuard<U> | undefined {
    checkParts("MutexGuard.tryMap", get, set);
    const owner = this.mutex;
    return get(owner.data) === undefined ? undefined : this.mapTo(owner, get as (value: T) => U, set);
  }

  private mapTo<U>(owner: Mutex<T>, get: (value: T) => U, set?: (value: T, part: U) => void): MappedMutexGuard<U> {
    this.owner = null;
    return new MappedMutexGuard<U>(
      owner as Mutex<unknown>,
      () => get(owner.data),
      set === undefined ? undefined : (part) => set(owner.data, part),
    );
  }
}

function released(): DisposedError {
  return new DisposedError("MutexGuard", "released or mapped");
}
