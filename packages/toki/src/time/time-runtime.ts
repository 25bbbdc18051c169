import type { RuntimeCore } from "../runtime/core.js";
import { DriverDisabledError } from "../runtime/error.js";
import type { TimeDriver } from "../runtime/time/time-driver.js";
import { currentRuntime } from "../task/spawn.js";

/** The timers of the current runtime. @internal */
export function currentTime(what: string): TimeDriver {
  return currentClock(what).time;
}

/** The current runtime, which has timers. @internal */
export function currentClock(what: string): RuntimeCore {
  const rt = currentRuntime(what);
  if (rt.options.enableTime === false) throw new DriverDisabledError(what, "timers", "enableTime");
  return rt;
}
