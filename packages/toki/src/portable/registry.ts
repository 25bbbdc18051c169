/*
 * Functions that other threads can run, by key: module URL and name. One table for each thread, on `globalThis`, so that a worker needs no copy of
 * this package: it imports the module that defines the function, which registers it here, in whichever bundle this file has ended up.
 */
import { MisuseError } from "../future/misuse.js";
import type { PortableFn } from "./portable-fn.js";

/** What a thread answers to a job. @internal */
export type Reply =
  | { readonly value: unknown; readonly transfer: readonly unknown[] }
  | { readonly encoded: EncodedMessage; readonly transfer: readonly unknown[] }
  | { readonly error: unknown };

/** Values with shared objects among them, for `postMessage`. @internal */
export interface EncodedMessage {
  readonly words: Int32Array;
  readonly parcels: readonly unknown[];
  /** Modules that have to be imported to read it. */
  readonly crossings: readonly string[];
}

/** A function made by `blocking`. @internal */
export interface BlockingEntry {
  readonly kind: "blocking";
  readonly key: string;
  readonly body: (...args: never) => unknown;
  /** Runs the function on this thread and encodes what comes of it; never throws. */
  readonly invoke: (args: readonly unknown[], message?: EncodedMessage) => Reply;
}

/** `kind` is also the name of the operation that made it. @internal */
export type PortableEntry = BlockingEntry | PortableFn;

/** @internal */
export interface Portable {
  readonly functions: Map<string, PortableEntry>;
  /** Values that are transferred, not copied, when they are sent. */
  readonly moved: WeakSet<object>;
  /** Whether this thread belongs to a pool: `main` does nothing there. Set by the worker's first lines. */
  onWorker: boolean;
  /** Whether it belongs to the blocking pool. Set as `onWorker` is. */
  isBlocking?: boolean;
  /** The modules that are being imported here for a job or a task. */
  readonly importing: Set<string>;
  /** How a worker begins, by the URL of the module that this package is in; several where several copies are in one bundle. */
  starters: Map<string, ((setup: unknown, port: unknown) => void)[]>;
  /** Task-local keys that every thread knows. */
  readonly locals: Map<string, object>;
  /** On a thread that was started for others: imports a module there. */
  importModule?: (url: string) => Promise<unknown>;
  /** On such a thread: the modules that were imported so, and are ready. */
  readonly imported?: Set<string>;
  /** Modules whose objects can be sent to other threads. */
  readonly crossings: Set<string>;
  /** On such a thread: the memory that it shares with the one that started it, and its slot there. Set by the worker's first lines. */
  memory?: { readonly buffer: SharedArrayBuffer; readonly slot: number; readonly copy: string };
  /** How many copies of memory/thread.ts there are, by URL. */
  readonly memoryCopies: Map<string, number>;
}

const KEY = Symbol.for("toki.portable");

/** The table of this thread. What its first lines, or another copy of this package, have put there stays. */
const table: Portable = (() => {
  const global = globalThis as { [KEY]?: Portable };
  const found = (global[KEY] ??= {} as Portable);
  const empty: Portable = {
    functions: new Map(),
    moved: new WeakSet(),
    onWorker: false,
    importing: new Set(),
    starters: new Map(),
    locals: new Map(),
    crossings: new Set(),
    memoryCopies: new Map(),
  };
  return Object.assign(found, { ...empty, ...found });
})();

/** @internal */
export function portable(): Portable {
  return table;
}

/**
 * A module that starts work as a thread imports it would have it done again by every thread, and start threads without end.
 *
 * @throws MisuseError if the module of the function is being imported here, or any, on a blocking thread, which has nothing else to do
 * @internal
 */
export function refuseWhileImporting(url: string, where: string): void {
  const { importing, isBlocking } = portable();
  if (importing.size === 0 || !(importing.has(url) || isBlocking === true)) return;
  const module = importing.has(url) ? url : [...importing][0];
  throw new MisuseError(
    "TOKI_MODULE_RUNS_ON_WORKER",
    `${where}: ${module} starts work of its own as ${isBlocking === true ? "a blocking thread" : "a worker"} imports it. Put the program under main(), which does nothing there, or keep functions for other threads in a module without side effects`,
  );
}

/** Gives a function its identity. @throws MisuseError if another function has its key @internal */
export function register(entry: PortableEntry, name: string, url: string): void {
  const { functions } = portable();
  const { kind, key } = entry;
  const known = functions.get(key);
  if (known !== undefined && known.body !== entry.body) {
    const other = known.kind === kind ? "" : ` (the other was made by ${known.kind}())`;
    throw new MisuseError(
      "TOKI_DUPLICATE_NAME",
      `${kind}: there are two functions named ${name} in ${url}${other}: give each a name of its own, and call ${kind}() once for each, at the top level of the module`,
    );
  }
  functions.set(key, entry);
}
