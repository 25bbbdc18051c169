import { DisposedError } from "../error.js";
import { checkParts } from "../mapped-guard.js";
import type { Hold } from "./hold.js";

/**
 * A share of a {@link RwLock}: the way to look at its value, while others may too and nobody changes it.
 *
 * Released by `release()` or at the end of a `using` scope. One that is forgotten keeps writers out: garbage collection releases nothing. That `value` is not
 * to be changed is what its type says; nothing checks it at run time. In `toki/shared` it is this thread's copy, read when it is first asked for.
 *
 * @typeParam L - the lock: which `RwLock` it is, and of what
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { RwLock } from "toki/sync";
 *
 * const config = new RwLock({ retries: 3 });
 * await main(function* () {
 *   using a = yield* config.read();
 *   using b = yield* config.read(); // readers do not keep each other out
 *   console.log(a.value.retries + b.value.retries); // 6
 * });
 * ```
 */
export class RwLockReadGuard<T, L = unknown> implements Disposable {
  private readonly lock: L;
  private held: Hold<unknown> | null;
  private readonly part: ((value: unknown) => T) | null;

  /** @internal */
  constructor(lock: L, hold: Hold<unknown>, part: ((value: unknown) => T) | null) {
    this.lock = lock;
    this.held = hold;
    this.part = part;
  }

  /**
   * The protected value, or the part that the guard was mapped to. Not to be changed.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  get value(): Readonly<T> {
    const { part } = this;
    const { data } = this.hold();
    return part === null ? (data as T) : part(data);
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

  /** Gives the share back; with the last one, the lock passes to the writer who waits. Does nothing the second time, or after {@link RwLockReadGuard.map}. */
  release(): void {
    const { held } = this;
    if (held === null) return;
    this.held = null;
    held.unlockRead();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /**
   * Narrows the guard to a part of the value. The new guard has the share from now on; this one is over.
   *
   * @param get - finds the part in the value; called at each access of the new guard's `value`
   * @throws DisposedError once the guard is released or mapped
   *
   * @example
   * ```ts
   * import { RwLock } from "toki/sync";
   *
   * const config = new RwLock({ limits: { open: 10 } });
   * using limits = config.tryRead().map((value) => value.limits);
   * console.log(limits.value.open); // 10
   * ```
   */
  map<U>(get: (value: Readonly<T>) => U): RwLockReadGuard<U, L> {
    checkParts("RwLockReadGuard.map", get);
    const { part } = this;
    const held = this.hold();
    this.held = null;
    return new RwLockReadGuard<U, L>(
      this.lock,
      held,
      part === null ? (get as (value: unknown) => U) : (value) => get(part(value)),
    );
  }

  /**
   * As {@link RwLockReadGuard.map}, if there is such a part: when `get` gives undefined, the answer is undefined and this guard stays as it is.
   *
   * @throws DisposedError once the guard is released or mapped
   */
  tryMap<U>(get: (value: Readonly<T>) => U | undefined): RwLockReadGuard<U, L> | undefined {
    checkParts("RwLockReadGuard.tryMap", get);
    return get(this.value) === undefined ? undefined : this.map(get as (value: Readonly<T>) => U);
  }

  private hold(): Hold<unknown> {
    if (this.held === null) throw new DisposedError("RwLockReadGuard", "released or mapped");
    return this.held;
  }
}
