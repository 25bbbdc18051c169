import type { CancellationToken } from "./cancellation-token.js";

/**
 * Cancels a shared {@link CancellationToken} when disposed. Made by {@link CancellationToken.dropGuard}.
 *
 * @example
 * ```ts
 * import { CancellationToken } from "toki/shared";
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
    token.share.use();
  }

  /** Gives the token back: disposing the guard cancels nothing any more. */
  disarm(): CancellationToken {
    this.release();
    return this.token;
  }

  private release(): boolean {
    if (!this.isArmed) return false;
    this.isArmed = false;
    this.token.share.unuse();
    return true;
  }

  /** Cancels the token, unless the guard was disarmed. */
  [Symbol.dispose](): void {
    if (!this.isArmed) return;
    this.token.cancelShared();
    this.release();
  }
}
