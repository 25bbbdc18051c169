import { RuntimeError } from "../runtime/error.js";

/** A deadline passed before the future was done. */
export class ElapsedError extends RuntimeError {
  override readonly name = "ElapsedError";
  readonly code = "TOKI_ELAPSED";

  constructor() {
    super("deadline has elapsed");
  }
}
