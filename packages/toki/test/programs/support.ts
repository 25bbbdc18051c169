import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type TestBody, test as toki } from "toki/test";

const EXAMPLES = new URL("../../../../examples/.build/", import.meta.url);

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs an example as a user would, in a process of its own. */
export function runExample(name: string, ...args: string[]): Promise<Ended> {
  return runNode([fileURLToPath(new URL(`${name}.js`, EXAMPLES)), ...args]);
}

/** Runs a program that is given as source text; `toki` resolves as in this package. */
export function runSource(source: string): Promise<Ended> {
  return runNode(["--input-type=module", "--eval", source]);
}

function runNode(args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const cwd = fileURLToPath(new URL("../../", import.meta.url));
    const child = execFile(
      process.execPath,
      args,
      { cwd, timeout: 50_000, env: childEnv() },
      (_error, stdout, stderr) => {
        resolve({ stdout, stderr, code: child.exitCode, signal: child.signalCode });
      },
    );
  });
}

/** Without what the test runner puts there for its own children. */
function childEnv(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...env } = process.env;
  return env;
}

/** A test body on a runtime whose clock stands: times are exact, nobody waits. */
export const virtual = (body: TestBody<unknown, []>) => toki(body, { startPaused: true });

/** Rounds away what binary fractions do to virtual milliseconds. */
export const ms = (value: number): number => Math.round(value * 1000) / 1000;
