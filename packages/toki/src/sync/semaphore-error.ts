import { crosses } from "../portable/error-classes.js";
import { SyncError } from "./error.js";

/**
 * `acquire` failed: the {@link Semaphore} is closed.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { AcquireError, Semaphore } from "toki/sync";
 *
 * await main(function* () {
 *   const semaphore = new Semaphore(1);
 *   semaphore.close();
 *   try {
 *     yield* semaphore.acquire();
 *   } catch (error) {
 *     console.log(error instanceof AcquireError); // true
 *   }
 * });
 * ```
 */
export class AcquireError extends SyncError {
  override readonly name = "AcquireError";
  readonly code = "TOKI_SEMAPHORE_CLOSED";

  constructor() {
    super("semaphore closed");
  }
}

crosses(AcquireError, "AcquireError");

/**
 * `tryAcquire` failed: too few permits are free for it now, or the {@link Semaphore} is closed.
 *
 * @example
 * ```ts
 * import { Semaphore, TryAcquireError } from "toki/sync";
 *
 * try {
 *   new Semaphore(1).tryAcquire(2);
 * } catch (error) {
 *   console.log(error instanceof TryAcquireError && error.kind); // noPermits
 * }
 * ```
 */
export class TryAcquireError extends SyncError {
  override readonly name = "TryAcquireError";
  readonly code: "TOKI_NO_PERMITS" | "TOKI_SEMAPHORE_CLOSED";
  /** `noPermits` may pass, `closed` is for good. */
  readonly kind: "noPermits" | "closed";

  constructor(kind: "noPermits" | "closed") {
    super(kind === "closed" ? "semaphore closed" : "no permits available");
    this.code = kind === "closed" ? "TOKI_SEMAPHORE_CLOSED" : "TOKI_NO_PERMITS";
    this.kind = kind;
  }
}

crosses(TryAcquireError, "TryAcquireError");
