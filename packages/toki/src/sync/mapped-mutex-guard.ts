import { checkParts, MappedGuard } from "./mapped-guard.js";

/**
 * A held {@link Mutex}, narrowed to a part of its value by {@link MutexGuard.map}. Holds the same lock, and is released the same way.
 *
 * @example
 * ```ts
 * import { Mutex } from "toki/sync";
 *
 * const state = new Mutex({ names: ["alice"] });
 * {
 *   using names = state.tryLock().map((value) => value.names);
 *   names.value.push("bob");
 * }
 * console.log(state.intoInner().names); // [ "alice", "bob" ]
 * ```
 */
export class MappedMutexGuard<T> extends MappedGuard<T> {
  /**
   * Narrows further. The new guard holds the lock from now on; this one is over.
   *
   * @param get - finds the part in the part; called at each access
   * @param set - puts a new part into the part; without it the new guard's `value` cannot be assigned
   * @throws DisposedError once the guard is released or mapped
   */
  map<U>(get: (value: T) => U, set?: (value: T, part: U) => void): MappedMutexGuard<U> {
    checkParts("MappedMutexGuard.map", get, set);
    return this.narrow((owner, inner, put) => new MappedMutexGuard<U>(owner, inner, put), get, set);
  }

  /**
   * As {@link MappedMutexGuard.map}, if there is such a part now: when `get` gives undefined, the answer is undefined and this guard stays as it is.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  tryMap<U>(get: (value: T) => U | undefined, set?: (value: T, part: U) => void): MappedMutexGuard<U> | undefined {
    checkParts("MappedMutexGuard.tryMap", get, set);
    return get(this.value) === undefined ? undefined : this.map(get as (value: T) => U, set);
  }
}
