import test from "node:test";
import { Runtime } from "toki";

// By version, not by what the library finds out: so that is tested too.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const isWindows = process.platform === "win32";
const moves = (major === 24 && minor >= 20) || (major === 26 && minor >= (isWindows ? 7 : 6)) || major > 26;
const shares = (major === 22 && minor >= 12) || (major === 23 && minor >= 1) || major > 23;
const sharesHere = shares && !isWindows && process.platform !== "darwin";

/** Reasons to skip, for node:test. */
export const unlessMoving = moves ? false : `Node ${process.version} cannot move sockets`;
export const unlessStaying = moves ? `Node ${process.version} can move sockets` : false;
export const unlessSharing = sharesHere ? false : `Node ${process.version} on ${process.platform} has no shared ports`;
export const unlessNotSharing = shares ? `Node ${process.version} has reusePort` : false;

/** A test on a runtime with two workers. If it hangs, it says where the tasks are. */
export function threadTest(
  name: string,
  skip: string | false,
  body: (rt: Runtime) => Promise<void>,
  workers = 2,
): void {
  test(name, { timeout: 40_000, skip }, async (t) => {
    const rt = new Runtime({ flavor: "multiThread", workerThreads: workers });
    let isOver = false;
    t.signal.addEventListener("abort", () => isOver || console.error(`${name} hangs: ${rt.dump()}`), { once: true });
    try {
      await body(rt);
    } finally {
      isOver = true;
      await rt[Symbol.asyncDispose]();
    }
  });
}
