import type { RuntimeCore } from "../runtime/core.js";
import { DriverDisabledError } from "../runtime/error.js";
import { currentRuntime } from "../task/spawn.js";

/**
 * The runtime of the code that is running, for an operation that needs its IO.
 *
 * @param what - the operation, for the error
 * @throws NoRuntimeError outside a runtime
 * @throws DriverDisabledError if the runtime was made with `enableIo: false`
 * @internal
 */
export function ioRuntime(what: string): RuntimeCore {
  const rt = currentRuntime(what);
  if (rt.options.enableIo === false) throw new DriverDisabledError(what, "IO", "enableIo");
  return rt;
}
