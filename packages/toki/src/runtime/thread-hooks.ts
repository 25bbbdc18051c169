import { current } from "../future/current.js";
import type { RuntimeCore } from "./core.js";

/** Calls a hook about a thread, in the runtime's context. @internal */
export function threadHooks(rt: RuntimeCore, hook: (() => void) | undefined): void {
  if (hook === undefined) return;
  const { runtime } = current;
  current.runtime = rt;
  try {
    hook();
  } finally {
    current.runtime = runtime;
  }
}
