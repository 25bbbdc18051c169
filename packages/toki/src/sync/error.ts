import { isControlFlow } from "../future/trace.js";
import { crosses } from "../portable/error-classes.js";

/**
 * A channel, lock or semaphore could not do what was asked, as `code` says. Base of the expected errors of `toki/sync`.
 *
 * @example
 * ```ts
 * import { Mutex, SyncError } from "toki/sync";
 *
 * const mutex = new Mutex(0);
 * using guard = mutex.tryLock();
 * try {
 *   mutex.tryLock();
 * } catch (error) {
 *   console.log(error instanceof SyncError && error.code); // TOKI_LOCKED
 * }
 * ```
 */
export abstract class SyncError extends Error {
  abstract readonly code: string;
}

Object.defineProperty(SyncError.prototype, isControlFlow, { value: true });

/**
 * A {@link SyncError} that gives a value back to the caller. The value is not printed with the error: it may be large, or secret.
 *
 * @example
 * ```ts
 * import { mpsc, UnsentError } from "toki/sync";
 *
 * const [tx] = mpsc.channel<string>(1);
 * tx.trySend("first");
 * try {
 *   tx.trySend("second");
 * } catch (error) {
 *   console.log(error instanceof UnsentError && error.value); // second
 * }
 * ```
 */
export abstract class UnsentError<T> extends SyncError {
  readonly #value: T;

  constructor(message: string, value: T) {
    super(message);
    this.#value = value;
  }

  /** What could not be sent. Undefined if the error comes from another thread, and the value is not plain data. */
  get value(): T {
    return #value in this ? this.#value : (undefined as T);
  }
}

/**
 * The value cannot arrive any more: the receiver was closed or disposed.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc, SendError } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<string>(1);
 *   rx.close();
 *   try {
 *     yield* tx.send("too late");
 *   } catch (error) {
 *     if (error instanceof SendError) console.log(error.value); // too late
 *   }
 * });
 * ```
 */
export class SendError<T> extends UnsentError<T> {
  override readonly name = "SendError";
  readonly code = "TOKI_CHANNEL_CLOSED";

  constructor(value: T) {
    super("channel closed", value);
  }
}

crosses(SendError, "SendError", "value");

/**
 * A sender, receiver, permit or guard was used after it had been given up: disposed, released, sent with, or turned into something else. A mistake in
 * the program, not a state of the channel.
 *
 * @example
 * ```ts
 * import { DisposedError, Mutex } from "toki/sync";
 *
 * const guard = new Mutex(1).tryLock();
 * guard.release();
 * try {
 *   guard.value++;
 * } catch (error) {
 *   console.log(error instanceof DisposedError); // true
 * }
 * ```
 */
export class DisposedError extends TypeError {
  override readonly name = "DisposedError";
  readonly code = "TOKI_DISPOSED";

  constructor(what: string, how: string) {
    super(`${what}: used after it was ${how}`);
  }
}

crosses(DisposedError, "DisposedError");
