import { crosses } from "../portable/error-classes.js";
import { SyncError } from "./error.js";

/**
 * `tryLock` failed: the lock is held, or promised to somebody who waits for it.
 *
 * @example
 * ```ts
 * import { Mutex, TryLockError } from "toki/sync";
 *
 * const mutex = new Mutex(0);
 * using guard = mutex.tryLock();
 * try {
 *   mutex.tryLock();
 * } catch (error) {
 *   console.log(error instanceof TryLockError); // true
 * }
 * ```
 */
export class TryLockError extends SyncError {
  override readonly name = "TryLockError";
  readonly code = "TOKI_LOCKED";

  constructor() {
    super("operation would block");
  }
}

crosses(TryLockError, "TryLockError");
