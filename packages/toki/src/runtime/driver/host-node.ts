import { AsyncLocalStorage } from "node:async_hooks";
import type { AsyncContext, Host, HostTimer } from "./host.js";

/*
 * Node. The end-of-turn callback goes through a resolved promise: `queueMicrotask` wraps each callback in an AsyncResource, three times the price.
 */

class NodeTimer implements HostTimer {
  private readonly timer: NodeJS.Timeout;

  constructor(callback: () => void, ms: number) {
    this.timer = setTimeout(callback, ms);
  }

  setRef(ref: boolean): void {
    if (ref) this.timer.ref();
    else this.timer.unref();
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}

const RESOLVED = Promise.resolve();
const SLEEPER = new Int32Array(new SharedArrayBuffer(4));

/*
 * Whether anybody uses AsyncLocalStorage. Capturing a context costs a microsecond on Node 20, so it is not done until `run` or `enterWith` is
 * called for the first time: the two methods are wrapped until then, and given back untouched by that first call. A context entered before this
 * module was loaded is noticed by the store it left on the current resource, or by asking for a snapshot option on the runtime.
 */
let contextUsed = false;

function watchAsyncContext(): void {
  const proto = AsyncLocalStorage.prototype;
  const { run, enterWith } = proto;
  const restore = () => {
    contextUsed = true;
    proto.run = run;
    proto.enterWith = enterWith;
  };
  proto.run = function (this: AsyncLocalStorage<unknown>, ...args: unknown[]) {
    restore();
    return Reflect.apply(run, this, args) as never;
  } as typeof run;
  proto.enterWith = function (this: AsyncLocalStorage<unknown>, ...args: unknown[]) {
    restore();
    return Reflect.apply(enterWith, this, args) as never;
  } as typeof enterWith;
}

watchAsyncContext();

/** Resources that settle no promise by themselves: our own turns, and the standard streams. */
const PASSIVE = new Set(["Immediate", "TTYWrap", "PipeWrap", "SignalWrap"]);

export const host: Host = {
  now: () => performance.now(),
  setTimer: (callback, ms) => new NodeTimer(callback, ms),
  immediate: (callback) => void setImmediate(callback),
  microtask: (callback) => void RESOLVED.then(callback),
  onIdle(callback) {
    // First in line, so that a test runner which fails on a pending promise does so after our report.
    process.prependListener("beforeExit", callback);
    return () => void process.removeListener("beforeExit", callback);
  },
  onSignal(name, callback) {
    const listener = () => callback();
    process.on(name as NodeJS.Signals, listener);
    return () => void process.removeListener(name, listener);
  },
  raiseSignal: (name) => void process.kill(process.pid, name),
  hasActiveWork: () => process.getActiveResourcesInfo().some((kind) => !PASSIVE.has(kind)),
  block: (ms) => void Atomics.wait(SLEEPER, 0, 0, ms),
  report: (text) => void process.stderr.write(`${text}\n`),
  usesAsyncContext: () => contextUsed,
  captureContext: () => AsyncLocalStorage.snapshot() as AsyncContext,
};
