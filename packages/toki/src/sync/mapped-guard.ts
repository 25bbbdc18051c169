import { checkFunction } from "../internal/invalid-argument.js";
import { DisposedError } from "./error.js";

/** What a mapped guard holds. @internal */
export interface Lockable {
  unlock(): void;
}

/** Checks the functions that a guard is mapped with. @internal */
export function checkParts(where: string, get: unknown, set?: unknown): void {
  checkFunction(get, where, "get");
  if (set !== undefined) checkFunction(set, where, "set");
}

/** What the guards of a part of a protected value have in common. */
export abstract class MappedGuard<T> implements Disposable {
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
    this.hold();
    return (0, this.get)();
  }

  /** @throws TypeError on assignment, if the guard was mapped without `set` */
  set value(value: T) {
    this.hold();
    if (this.set === undefined) {
      throw new TypeError(
        `${this.constructor.name}.value: cannot be assigned; give map() a second function that stores the part`,
      );
    }
    (0, this.set)(value);
  }

  /** Unlocks: the lock passes to whoever waited longest. Does nothing the second time, or after `map`. */
  release(): void {
    const { owner } = this;
    if (owner === null) return;
    this.owner = null;
    owner.unlock();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** @internal */
  hold(): Lockable {
    if (this.owner === null) throw new DisposedError(this.constructor.name, "released or mapped");
    return this.owner;
  }

  /** @internal The guard of a part of the part, made by `make`; this one is over. */
  narrow<U, G>(
    make: (owner: Lockable, get: () => U, set: ((part: U) => void) | undefined) => G,
    get: (value: T) => U,
    set: ((value: T, part: U) => void) | undefined,
  ): G {
    const owner = this.hold();
    const outer = this.get;
    this.owner = null;
    return make(owner, () => get(outer()), set === undefined ? undefined : (part) => set(outer(), part));
  }
}
