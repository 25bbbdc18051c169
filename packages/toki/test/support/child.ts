import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** How a program ended, and what it printed. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface ChildOptions {
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Called with what was printed so far, and the way to send a signal, each time a chunk comes. */
  readonly onOutput?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void;
}

const LIMIT_MS = 30_000;

/** Runs a compiled program, `url` relative to the test's own `import.meta.url`, until it exits by itself. */
export function runProgram(program: string, base: string, options: ChildOptions = {}): Promise<Ended> {
  const file = fileURLToPath(new URL(program, base));
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(process.execPath, [...(options.nodeArgs ?? []), file, ...(options.args ?? [])], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...env, ...options.env },
    });
    let stdout = "";
    let stderr = "";
    let hung = false;
    const watchdog = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, LIMIT_MS);
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      stdout += chunk;
      options.onOutput?.(stdout, (signal) => child.kill(signal));
    });
    child.stderr.setEncoding("utf8").on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(watchdog);
      if (hung) reject(new Error(`${program} did not exit by itself\n--- stdout\n${stdout}\n--- stderr\n${stderr}`));
      else resolve({ code, signal, stdout, stderr, ms: performance.now() - started });
    });
  });
}
