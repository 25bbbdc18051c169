import { SyncError } from "./error.js";

/** `tryLock` failed: the lock is held, or promised to somebody who waits for it. */
export class TryLockError extends SyncError {
  override readonly name = "TryLockError";
  readonly code = "TOKI_LOCKED";

  constructor() {
    super("operation would block");
  }
}
