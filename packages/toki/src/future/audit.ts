/*
 * Finding raw generators that are delegated natively: `yield* rawGenerator()` runs, but its frames are not the driver's, so a cancellation whose
 * cleanup awaits gets lost in it, and it costs a resume as deep as it is nested. Nothing in the language tells: only the stack does, on which
 * every generator's `next` must have been called by the frame driver.
 *
 * So a sample of suspensions is looked at in development: the first FIRST of a process, then one in EVERY. A look costs some ten microseconds.
 */
import { current } from "./current.js";
import { isDevelopment, warnOnce } from "./warn.js";

const FIRST = 64;
const EVERY = 4096;

const GENERATOR_CALL = /\.(?:next|return|throw) \(<anonymous>\)$/;
const DRIVER = /\/future\/(?:frame|unwind)\.[jt]s/;
// With the line: a bundler may name the function around a module after its file.
const OWN_FILE = /\/future\/audit\.[jt]s:\d/;

const reported = new Set<string>();
let looks = 0;
// In a bundle every function has the same file: then there is nothing to tell the driver by.
const isPossible = isDevelopment && OWN_FILE.test(new Error().stack ?? "");
current.untilAudit = isPossible ? 1 : Number.MAX_SAFE_INTEGER;

/** Looks at the stack of a suspension. @internal */
export function audit(): void {
  looks++;
  current.untilAudit = !isPossible ? Number.MAX_SAFE_INTEGER : looks < FIRST ? 1 : EVERY;
  if (!isPossible) return;
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 16;
  const lines = new Error().stack?.split("\n") ?? [];
  Error.stackTraceLimit = limit;
  for (let i = 2; i + 1 < lines.length; i++) {
    if (!GENERATOR_CALL.test(lines[i] as string) || DRIVER.test(lines[i + 1] as string)) continue;
    // Once for each place that delegates, whatever it delegates to.
    const site = lines[i + 1] as string;
    if (reported.has(site)) return;
    reported.add(site);
    warnOnce(
      "TOKI_RAW_DELEGATION",
      `\`yield*\` of a raw generator:\n${lines[i - 1]}\n${lines[i + 1]}\nIts cleanup cannot await while it is cancelled. Define it with fn(function* () {...}), or wrap it: yield* Future.from(generator()). (Inside fn(function* name() {...}), \`name\` is the raw generator function, not the fn.)`,
    );
    return;
  }
}
