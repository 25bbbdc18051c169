/** Runs a module in a process of its own and gives the one message it sends. */
import { fork } from "node:child_process";
import { once } from "node:events";

/** Longer than any benchmark takes; a process that is still there hangs. */
const LIMIT_MS = 300_000;

/** The line of a crash that says what happened, rather than where. */
function reason(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  const telling = lines.find((line) => /^(\w*Error|Uncaught|Error)\b/.test(line));
  return (
    telling ??
    lines
      .filter((line) => line !== "")
      .slice(-3)
      .join(" | ")
  );
}

export async function isolate<T>(file: URL, args: readonly string[]): Promise<T> {
  const child = fork(file, args, { execArgv: ["--expose-gc"], stdio: ["ignore", "inherit", "pipe", "ipc"] });
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  let result: T | undefined;
  child.on("message", (message) => {
    result = message as T;
  });
  let hung = false;
  const limit = setTimeout(() => {
    hung = true;
    child.kill("SIGKILL");
  }, LIMIT_MS);
  const [code, signal] = await once(child, "close");
  clearTimeout(limit);
  if (hung) throw new Error(`it did not end within ${LIMIT_MS / 1000} s: ${reason(stderr)}`);
  if (result === undefined) throw new Error(`its process ended with ${signal ?? `code ${code}`}: ${reason(stderr)}`);
  return result;
}
