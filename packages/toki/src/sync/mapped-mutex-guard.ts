import { DisposedError } from "./error.js";

/** What a mapped guard holds. @internal */
export interface Lockable {
  unlock(): void;
}

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
export class MappedMutexGuard<T> implements Disposable {
  private owner: Lockable | null;
  private readonly get: () => T;
  private readonly set: ((value: T) => void) | undefined;

  /** @internal */
  constructor(owner: Lockable, get: () => T, set: ((value: T) => void) | undefined) {
    this.owner = owner;
    this.get = get;
    this.set = set;
  }

  /**
   * The part. May be replaced if the guard was mapped with a way to.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  get value(): T {
    if (this.owner === null) throw released();
    return (0, this.get)();
  }

  /** @throws TypeError on assignment, if the guard was mapped without `set` */
  set value(value: T) {
    if (this.owner === null) throw released();
    if (this.set === undefined) {
      throw new TypeError(
        "MappedMutexGuard.value: cannot be assigned; give map() a second function that stores the part",
      );
    }
    (0, this.set)(value);
  }

  /** Unlocks: the lock passes to whoever waited longest. Does nothing the second time, or after {@link MappedMutexGuard.map}. */
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
   * Narrows further. The new guard holds the lock from now on; this one is over.
   *
   * @param get - finds the part in the part; called at each access
   * @param set - puts a new part into the part; without it the new guard's `value` cannot be assigned
   * @throws DisposedError once the guard is released or mapped
   */
  map<U>(get: (value: T) => U, set?: (value: T, part: U) => void): MappedMutexGuard<U> {
    const { owner, get: outer } = this;
    if (owner === null) throw released();
    this.owner = null;
    return new MappedMutexGuard<U>(
      owner,
      () => get(outer()),
      set === undefined ? undefined : (part) => set(outer(), part),
    );
  }

  /**
   * As {@link MappedMutexGuard.map}, if there is such a part now: when `get` gives undefined, the answer is undefined and this guard stays as it is.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  tryMap<U>(get: (value: T) => U | undefined, set?: (value: T, part: U) => void): MappedMutexGuard<U> | undefined {
    return get(this.value) === undefined ? undefined : this.map(get as (value: T) => U, set);
  }
}

function released(): DisposedError {
  return new DisposedError("MappedMutexGuard", "released or mapped");
}
