import type { CancellationToken } from "./cancellation-token.js";

/**
 * Cancels a {@link CancellationToken} when disposed. Made by {@link CancellationToken.dropGuard}.
 *
 * @example
 * ```ts
 * import { CancellationToken } from "toki/util";
 *
 * const guard = new CancellationToken().dropGuard();
 * const token = guard.disarm();
 * guard[Symbol.dispose]();
 * console.log(token.isCancelled); // false
 * ```
 */
export class DropGuard implements Disposable {
  /** The token this guards. */
  readonly token: CancellationToken;
  private isArmed = true;

  /** @internal */
  constructor(token: CancellationToken) {
    this.token = token;
  }

  /** Gives the token back: disposing the guard cancels nothing any more. */
  disarm(): CancellationToken {
    this.isArmed = false;
    return this.token;
  }

  /** Cancels the token, unless the guard was disarmed. */
  [Symbol.dispose](): void {
    if (!this.isArmed) return;
    this.isArmed = false;
    this.token.cancel();
  }
}
