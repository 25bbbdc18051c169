/*
 * Functions that other threads can run, by key: module URL and name. One table for each thread, on `globalThis`, so that a worker needs no copy of
 * this package: it imports the module that defines the function, which registers it here, in whichever bundle this file has ended up.
 */
import { MisuseError } from "../future/misuse.js";

/** What a thread answers to a job. @internal */
export type Reply = { readonly value: unknown; readonly transfer: unknown[] } | { readonly error: unknown };

/** @internal */
export interface PortableEntry {
  readonly body: (...args: never) => unknown;
  /** Runs the function on this thread and encodes what comes of it; never throws. */
  readonly invoke: (args: readonly unknown[]) => Reply;
}

/** @internal */
export interface Portable {
  readonly functions: Map<string, PortableEntry>;
  /** Values that are transferred, not copied, when they are sent. */
  readonly moved: WeakSet<object>;
  /** Whether this thread belongs to a pool: `main` does nothing there. Set by the worker's first lines. */
  onWorker: boolean;
  /** The module that is being imported for a job. */
  importing: string | undefined;
}

const KEY = Symbol.for("toki.portable");

/** @internal */
export function portable(): Portable {
  const global = globalThis as { [KEY]?: Portable };
  global[KEY] ??= { functions: new Map(), moved: new WeakSet(), onWorker: false, importing: undefined };
  return global[KEY];
}

/** Gives a function its identity. @internal */
export function register(key: string, name: string, entry: PortableEntry): void {
  const { functions } = portable();
  const known = functions.get(key);
  if (known !== undefined && known.body !== entry.body) {
    throw new MisuseError(
      "TOKI_DUPLICATE_NAME",
      `blocking: there are two functions named ${name} in ${key.slice(0, key.lastIndexOf("#"))}: give each a name of its own, and call blocking() once for each, at the top level of the module`,
    );
  }
  functions.set(key, entry);
}
