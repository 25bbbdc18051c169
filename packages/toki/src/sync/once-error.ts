import { crosses } from "../portable/error-classes.js";
import { UnsentError } from "./error.js";

/**
 * A {@link OnceCell} could not be set: it has a value, or somebody is about to give it one. `error.value` is what was refused.
 *
 * @example
 * ```ts
 * import { OnceCell, SetError } from "toki/sync";
 *
 * const cell = new OnceCell("first");
 * try {
 *   cell.set("second");
 * } catch (error) {
 *   if (error instanceof SetError) console.log(error.kind, error.value); // alreadyInitialized second
 * }
 * ```
 */
export class SetError<T> extends UnsentError<T> {
  override readonly name = "SetError";
  readonly code: "TOKI_ALREADY_INITIALIZED" | "TOKI_INITIALIZING";
  /** `alreadyInitialized`: there is a value. `initializing`: an initializer runs, or is about to; it may fail yet. */
  readonly kind: "alreadyInitialized" | "initializing";

  constructor(kind: "alreadyInitialized" | "initializing", value: T) {
    super(kind === "alreadyInitialized" ? "already initialized" : "an initializer is running", value);
    this.code = kind === "alreadyInitialized" ? "TOKI_ALREADY_INITIALIZED" : "TOKI_INITIALIZING";
    this.kind = kind;
  }
}

crosses(SetError, "SetError", "value");

/**
 * A {@link SetOnce} was set a second time. `error.value` is what was refused.
 *
 * @example
 * ```ts
 * import { SetOnce, SetOnceError } from "toki/sync";
 *
 * const once = new SetOnce("first");
 * try {
 *   once.set("second");
 * } catch (error) {
 *   console.log(error instanceof SetOnceError && error.value, once.get()); // second first
 * }
 * ```
 */
export class SetOnceError<T> extends UnsentError<T> {
  override readonly name = "SetOnceError";
  readonly code = "TOKI_ALREADY_INITIALIZED";

  constructor(value: T) {
    super("already set", value);
  }
}

crosses(SetOnceError, "SetOnceError", "value");
