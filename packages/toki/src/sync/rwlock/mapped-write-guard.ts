import { checkParts, type Lockable, MappedGuard } from "../mapped-guard.js";

/**
 * A {@link RwLock} held for writing, narrowed to a part of its value by {@link RwLockWriteGuard.map}. Holds the same lock, and is released the same way. It
 * cannot be downgraded: downgrade first, and map the read guard.
 *
 * @typeParam L - the lock: which `RwLock` it is, and of what
 *
 * @example
 * ```ts
 * import { RwLock } from "toki/sync";
 *
 * const state = new RwLock({ names: ["alice"] });
 * {
 *   using names = state.tryWrite().map((value) => value.names);
 *   names.value.push("bob");
 * }
 * console.log(state.intoInner().names); // [ "alice", "bob" ]
 * ```
 */
export class RwLockMappedWriteGuard<T, L = unknown> extends MappedGuard<T> {
  private readonly lock: L;

  /** @internal */
  constructor(lock: L, owner: Lockable, get: () => T, set: ((value: T) => void) | undefined) {
    super(owner, get, set);
    this.lock = lock;
  }

  /**
   * The lock this guards.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  get rwlock(): L {
    this.hold();
    return this.lock;
  }

  /**
   * Narrows further. The new guard holds the lock from now on; this one is over.
   *
   * @param get - finds the part in the part; called at each access
   * @param set - puts a new part into the part; without it the new guard's `value` cannot be assigned
   * @throws DisposedError once the guard is released or mapped
   */
  map<U>(get: (value: T) => U, set?: (value: T, part: U) => void): RwLockMappedWriteGuard<U, L> {
    checkParts("RwLockMappedWriteGuard.map", get, set);
    const { lock } = this;
    return this.narrow((owner, inner, put) => new RwLockMappedWriteGuard<U, L>(lock, owner, inner, put), get, set);
  }

  /**
   * As {@link RwLockMappedWriteGuard.map}, if there is such a part now: when `get` gives undefined, the answer is undefined and this guard stays as it is.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  tryMap<U>(
    get: (value: T) => U | undefined,
    set?: (value: T, part: U) => void,
  ): RwLockMappedWriteGuard<U, L> | undefined {
    checkParts("RwLockMappedWriteGuard.tryMap", get, set);
    return get(this.value) === undefined ? undefined : this.map(get as (value: T) => U, set);
  }
}
