import { DisposedError } from "./error.js";

/** A lock was used after its value had been taken out. @internal */
export function consumed(what: string): DisposedError {
  return new DisposedError(what, "taken apart by intoInner()");
}
