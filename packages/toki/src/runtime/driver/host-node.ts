import { AsyncLocalStorage } from "node:async_hooks";
import { availableParallelism } from "node:os";
import { isMainThread, threadId } from "node:worker_threads";
import { asyncContext } from "./async-context.js";
import type { AsyncContext, Host, HostTimer } from "./host.js";
import { NodeThread } from "./node-thread.js";

/*
 * Node. The end-of-turn callback goes through a resolved promise: `queueMicrotask` wraps each callback in an AsyncResource, three times the price.
 */

class NodeTimer implements HostTimer {
  readonly #timer: NodeJS.Timeout;

  constructor(callback: () => void, ms: number) {
    this.#timer = setTimeout(callback, ms);
  }

  setRef(ref: boolean): void {
    if (ref) this.#timer.ref();
    else this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

const RESOLVED = Promise.resolve();
const SLEEPER = new Int32Array(new SharedArrayBuffer(4));

/*
 * Async context. Capturing one costs a microsecond on Node 20, so nothing is captured until somebody calls `AsyncLocalStorage.run` or `enterWith` for
 * the first time: the two methods are wrapped until then, and given back untouched by that first call.
 *
 * A store entered with `enterWith` inside a captured context stays there on Node 20, where a context is a mutable resource, and is gone when the poll
 * returns on newer versions, where it is a value: then the context is captured again after each poll. Which of the two it is, is tried out once.
 */
function watchAsyncContext(): void {
  const proto = AsyncLocalStorage.prototype;
  const { run, enterWith } = proto;
  const firstUse = () => {
    proto.run = run;
    proto.enterWith = enterWith;
    asyncContext.isValue = isContextAValue();
    asyncContext.isUsed = true;
  };
  proto.run = function (this: AsyncLocalStorage<unknown>, ...args: unknown[]) {
    firstUse();
    return Reflect.apply(run, this, args) as never;
  } as typeof run;
  proto.enterWith = function (this: AsyncLocalStorage<unknown>, ...args: unknown[]) {
    firstUse();
    Reflect.apply(enterWith, this, args);
    asyncContext.onFirstEnter?.();
  } as typeof enterWith;
}

function isContextAValue(): boolean {
  const probe = new AsyncLocalStorage<boolean>();
  const inContext = AsyncLocalStorage.snapshot();
  inContext(() => probe.enterWith(true));
  const persisted = inContext(() => probe.getStore());
  probe.disable();
  return persisted !== true;
}

/** One process listener for any number of runtimes. */
class ProcessEvent {
  readonly #callbacks = new Set<() => void>();
  readonly #name: "beforeExit" | "exit";
  readonly #listener = () => {
    for (const callback of [...this.#callbacks]) callback();
  };

  constructor(name: "beforeExit" | "exit") {
    this.#name = name;
  }

  add(callback: () => void): () => void {
    const entry = () => callback();
    // First in line, so that a test runner which fails on a pending promise does so after our report.
    if (this.#callbacks.size === 0) process.prependListener(this.#name as "exit", this.#listener);
    this.#callbacks.add(entry);
    return () => {
      if (this.#callbacks.delete(entry) && this.#callbacks.size === 0)
        process.removeListener(this.#name, this.#listener);
    };
  }
}

const idle = new ProcessEvent("beforeExit");
const exit = new ProcessEvent("exit");

/** Kinds of resources that are there without anything to come: the standard streams, and turns already asked for. */
const STREAMS = new Set(["Immediate", "TTYWrap", "PipeWrap", "SignalWrap"]);
const QUIET_INTERVAL_MS = 25;
/** How many looks in a row must find nothing. Not all that is under way is told of: the closing of a file is not, and takes its time on a machine that is busy. */
const QUIET_LOOKS = 10;
/** Jobs of Node's own threads (compression, key derivation) are not told of either, but take processor time: more than this share of the time of those looks. */
const BUSY_SHARE = 0.02;
let quietWatches = 0;

const processorMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

function watchQuiet(callback: () => void): () => void {
  const streams = process.getActiveResourcesInfo().filter((kind) => STREAMS.has(kind)).length;
  let looks = 0;
  let [since, spent] = [0, 0];
  quietWatches++;
  const timer = setInterval(() => {
    const kinds = process.getActiveResourcesInfo();
    const others = kinds.filter((kind) => kind !== "Timeout" && !STREAMS.has(kind)).length;
    const timers = kinds.filter((kind) => kind === "Timeout").length;
    // Each watch of this kind is one of the timers. A pipe that was not there at the start may be a socket.
    const isQuiet = others === 0 && timers <= quietWatches && kinds.length - others - timers <= streams;
    if (!isQuiet) looks = 0;
    else if (looks++ === 0) [since, spent] = [performance.now(), processorMs()];
    else if (looks > QUIET_LOOKS) {
      if (processorMs() - spent > BUSY_SHARE * (performance.now() - since)) looks = 0;
      else callback();
    }
  }, QUIET_INTERVAL_MS);
  let stopped = false;
  return () => {
    if (stopped) return;
    stopped = true;
    quietWatches--;
    clearInterval(timer);
  };
}

/** What comes to an end: timers and requests. Handles are listed whether they do anything or not. */
const ENDING = /^(Immediate|Timeout|\w+Req\w*|TCPConnectWrap|PipeConnectWrap)$/;

/** What tells nothing of a promise that will settle: turns of the loop and timers (a test runner has its own), the standard streams. */
const PASSIVE = new Set(["Immediate", "Timeout", "TTYWrap", "PipeWrap", "SignalWrap"]);

export const host: Host = {
  threadId,
  now: () => performance.now(),
  processNow: () => Number(process.hrtime.bigint()) / 1e6,
  setTimer: (callback, ms) => new NodeTimer(callback, ms),
  immediate: (callback) => void setImmediate(callback),
  microtask: (callback) => void RESOLVED.then(callback),
  onIdle: (callback) => idle.add(callback),
  watchQuiet,
  pendingWork: () => process.getActiveResourcesInfo().filter((kind) => ENDING.test(kind)).length - quietWatches,
  onExit: (callback) => exit.add(callback),
  onSignal(name, callback) {
    if (!isMainThread) return undefined; // other threads can ask, and never hear of any
    const listener = () => callback();
    process.on(name as NodeJS.Signals, listener);
    return () => void process.removeListener(name, listener);
  },
  raiseSignal: (name) => void process.kill(process.pid, name),
  hasActiveWork: () => process.getActiveResourcesInfo().some((kind) => !PASSIVE.has(kind)),
  block: (ms) => void Atomics.wait(SLEEPER, 0, 0, ms),
  environment: (name) => process.env[name],
  parallelism: () => availableParallelism(),
  startThread: (options) => new NodeThread(options),
  waitForChange: (cell, seen, ms) => void Atomics.wait(cell, 0, seen, ms),
  report: (text) => void process.stderr.write(`${text}\n`),
  captureContext: () => AsyncLocalStorage.snapshot() as AsyncContext,
};

watchAsyncContext();
