import type { AsyncContext, Host, HostTimer } from "./host.js";

/*
 * Browsers and other platforms with web APIs only: no signals, no idle moment (so no deadlock report), no async context.
 */

class WebTimer implements HostTimer {
  private readonly timer: ReturnType<typeof setTimeout>;

  constructor(callback: () => void, ms: number) {
    this.timer = setTimeout(callback, ms);
  }

  setRef(): void {}

  clear(): void {
    clearTimeout(this.timer);
  }
}

/** A macrotask without the delay that browsers put on nested timers. */
function makeImmediate(): (callback: () => void) => void {
  const queue: (() => void)[] = [];
  const channel = new MessageChannel();
  channel.port1.onmessage = () => queue.shift()?.();
  return (callback) => {
    queue.push(callback);
    channel.port2.postMessage(0);
  };
}

function noThreads(): never {
  throw new Error("This platform has no threads for spawnBlocking");
}

let immediate: ((callback: () => void) => void) | undefined;
const SAME_CONTEXT: AsyncContext = (callback, ...args) => callback(...args);

export const host: Host = {
  threadId: 0,
  now: () => performance.now(),
  processNow: () => performance.timeOrigin + performance.now(),
  setTimer: (callback, ms) => new WebTimer(callback, ms),
  immediate(callback) {
    immediate ??= makeImmediate();
    immediate(callback);
  },
  microtask: (callback) => queueMicrotask(callback),
  onIdle: () => () => {},
  watchQuiet: () => () => {},
  pendingWork: () => 0,
  onExit: () => () => {},
  onSignal: () => undefined,
  raiseSignal: () => {},
  hasActiveWork: () => false,
  block: () => {
    throw new Error("This platform cannot block its thread: use run() instead of blockOn()");
  },
  environment: () => undefined,
  parallelism: noThreads,
  startThread: noThreads,
  waitForChange: noThreads,
  report: (text) => console.error(text),
  captureContext: () => SAME_CONTEXT,
};
