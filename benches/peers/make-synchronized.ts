/** make-synchronized: the functions of a module, made synchronous. */
import { makeModuleSynchronized } from "make-synchronized";
import { callsOf } from "../threads/sync-calls.js";

const module: typeof import("../threads/synchronized.js") = makeModuleSynchronized(
  new URL("../threads/synchronized.js", import.meta.url),
) as never;

export const suite = callsOf(
  module.incrementLater as unknown as (x: number) => number,
  module.echoLater as unknown as (text: string) => string,
);
