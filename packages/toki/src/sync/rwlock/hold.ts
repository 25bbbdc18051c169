import type { Lockable } from "../mapped-guard.js";

/**
 * What the guards of an RwLock hold it by: the way to the value, and back out of the lock.
 *
 *   writing      `unlock` -> over, `downgrade` -> reading
 *   reading      `unlockRead` -> over
 *
 * @internal
 */
export interface Hold<T> extends Lockable {
  data: T;
  unlockRead(): void;
  /** What was written is where readers will find it. May throw. */
  save(): void;
  /** All but one share are given back at once, so that readers may enter and no writer can come in between. */
  downgrade(): void;
}
