/**
 * What is known of an `fn` or a body: its name, and where it was defined when it was made by `fn`. A plain generator function serves as its
 * own info, so that spawning an inline body allocates nothing for it.
 *
 * @internal
 */
export interface FnInfo {
  readonly name: string;
  /** An Error whose stack was captured where `fn` was called; formatted only when somebody asks. */
  readonly site?: Error | undefined;
}

const LOCATION = /\(?((?:file:\/\/|node:|\/|[A-Za-z]:\\|https?:\/\/)[^()\s]*:\d+:\d+)\)?\s*$/;

/** `file:///app/user.js:12:7` of the definition, or undefined. @internal */
export function siteOf(info: FnInfo): string | undefined {
  const stack = info.site?.stack;
  if (typeof stack !== "string") return undefined;
  for (const line of stack.split("\n").slice(1)) {
    const found = LOCATION.exec(line);
    if (found) return found[1];
  }
  return undefined;
}

/** ` (user.js:12)` of the definition, or an empty string. @internal */
export function describeSite(info: FnInfo): string {
  const site = siteOf(info);
  if (site === undefined) return "";
  const [, file, line] = /([^/\\]*):(\d+):\d+$/.exec(site) ?? [];
  return file === undefined ? "" : ` (${file}:${line})`;
}

/** Captures where `below` was called from. Costs a microsecond: for definitions, not for calls. @internal */
// biome-ignore lint/complexity/noBannedTypes: captureStackTrace takes any function
export function captureSite(below: Function): Error | undefined {
  const capture = (Error as { captureStackTrace?: (target: object, below: unknown) => void }).captureStackTrace;
  if (capture === undefined) return undefined;
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  const site = {} as Error;
  capture.call(Error, site, below);
  Error.stackTraceLimit = limit;
  return site;
}
