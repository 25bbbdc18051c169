import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type * as lockModule from "../../dist/memory/shared-lock.js";
import type * as idleModule from "../../dist/runtime/scheduler/multi-thread/idle.js";
import type * as injectModule from "../../dist/runtime/scheduler/multi-thread/inject-queue.js";
import type * as localModule from "../../dist/runtime/scheduler/multi-thread/local-queue.js";
import { check, LoomError, type Model, type Options } from "../support/loom/index.js";

const dist = new URL("../../dist/runtime/scheduler/multi-thread/", import.meta.url);
const memory = new URL("../../dist/memory/", import.meta.url);

const addressOf = (name: string) =>
  new URL(`${name}.js`, /memory|shared-lock|arena|mailbox/.test(name) ? memory : dist);

interface Modules {
  idle: typeof idleModule;
  "inject-queue": typeof injectModule;
  "local-queue": typeof localModule;
  "shared-lock": typeof lockModule;
  arena: Record<string, unknown>;
  mailbox: Record<string, unknown>;
  "function-table": Record<string, unknown>;
  "record-state": Record<string, unknown>;
}

/**
 * The compiled module with one piece of its code replaced: a planted bug. Fails when the piece is not there exactly
 * once, so that a mutant cannot silently become the original.
 */
export async function mutant<Name extends keyof Modules>(
  name: Name,
  from: string,
  to: string,
  imports: Record<string, string> = {},
): Promise<Modules[Name]> {
  return (await import(mutantUrl(name, from, to, imports))) as Modules[Name];
}

/** The address of such a module, for use in the imports of another one. */
export function mutantUrl(name: keyof Modules, from: string, to: string, imports: Record<string, string> = {}): string {
  const source = readFileSync(addressOf(name), "utf8");
  assert.equal(source.split(from).length, 2, `${name}.js holds the code to replace exactly once: ${from}`);
  const code = source
    .replace(from, () => to)
    .replace(/from "(\.[^"]*)"/g, (_, path: string) => {
      const file = /([\w-]+)\.js$/.exec(path)?.[1] as string;
      return `from "${imports[file] ?? new URL(path, addressOf(name)).href}"`;
    })
    .replace(/^\/\/# sourceMappingURL.*$/m, "");
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Asserts that the loom finds a failing schedule, and that the schedule fails again when it is replayed. */
export function assertFound(
  options: Options,
  build: (model: Model) => void,
  kinds: readonly LoomError["kind"][],
): LoomError {
  const run = (options: Options): LoomError | null => {
    try {
      check(options, build);
    } catch (error) {
      if (error instanceof LoomError) return error;
      throw error;
    }
    return null;
  };
  const found = run(options);
  assert.ok(found, "no schedule failed");
  assert.ok(kinds.includes(found.kind), `a failure of another kind: ${found.message}`);
  assert.deepEqual(run({ ...options, replay: found.schedule })?.trace, found.trace);
  return found;
}
