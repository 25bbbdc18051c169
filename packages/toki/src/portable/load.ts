import { type Body, FnFuture } from "../future/frame.js";
import { fromPromise } from "../future/from-promise.js";
import type { Future } from "../future/future.js";
import { ready } from "../future/ready.js";
import { nameIn } from "./module-meta.js";
import type { PortableFn } from "./portable-fn.js";
import { portable } from "./registry.js";

const LOADING = { name: "import of its module" };

/**
 * The function with a key: imports its module if this thread has not.
 *
 * @internal
 */
export function loadFunction(key: string): FnFuture<PortableFn> {
  return new FnFuture<PortableFn>(load(key), LOADING);
}

function* load(key: string): Body<PortableFn> {
  const { functions, imported } = portable();
  // A module that is still being evaluated, or whose evaluation has failed, may have defined it before.
  if (!functions.has(key) || imported?.has(moduleOf(key)) === false) yield* importModuleOf(key);
  const entry = functions.get(key);
  if (entry === undefined || entry.kind !== "fn") {
    throw new Error(
      `fn ${nameIn(key)}: ${moduleOf(key)} did not define it when a worker imported it; call fn(import.meta, ...) at the top level of the module, on every thread`,
    );
  }
  return entry;
}

/** Imports the module of a key on a thread that was started for others. @internal */
export function importModuleOf(key: string): Future<void> {
  const { importModule } = portable();
  if (importModule === undefined) return ready(undefined);
  return fromPromise(() => importModule(moduleOf(key)).then(() => {}));
}

function moduleOf(key: string): string {
  return key.slice(0, key.lastIndexOf("#"));
}
