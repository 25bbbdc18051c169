import { Socket } from "node:net";
import { MessageChannel, type Transferable } from "node:worker_threads";

let canMove: boolean | undefined;

/**
 * Whether a socket can go to another thread: Node 24.20, 26.6 (Windows: 26.7) and newer. Asked of the platform: one that can move sockets says that this one, which is not
 * connected, is no good; others say that sockets are not to be moved.
 *
 * @internal
 */
export function canMoveSockets(): boolean {
  if (canMove !== undefined) return canMove;
  const { port1, port2 } = new MessageChannel();
  const socket = new Socket();
  try {
    port1.postMessage(socket, [socket as unknown as Transferable]);
    canMove = false;
  } catch (error) {
    canMove = (error as { code?: unknown }).code === "ERR_WORKER_HANDLE_NOT_TRANSFERABLE";
  }
  socket.destroy();
  port1.close();
  port2.close();
  return canMove;
}

/** Whether listeners can share a port: Node 22.12, 23.1 and newer. Older ones ignore the option without a word. @internal */
export function canReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

/**
 * Whether an end that Node tells of may be a guess: libuv before 1.52, except on Windows, takes it for granted behind a short read of a connection that hung up,
 * also if that was reset, or has more to read.
 *
 * @internal
 */
export const GUESSES_END = (() => {
  const { uv = "", bun, deno } = process.versions;
  if (process.platform === "win32" || bun !== undefined || deno !== undefined) return false;
  const [major = 0, minor = 0] = uv.split(".").map(Number);
  return major === 1 && minor < 52;
})();
