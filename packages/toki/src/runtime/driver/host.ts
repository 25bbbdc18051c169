/*
 * Everything the core needs of its platform, behind one interface. `#host` resolves to host-node.ts on Node (and on what speaks Node's API,
 * Deno and Bun) and to host-web.ts elsewhere.
 */

/** One event-loop timer. @internal */
export interface HostTimer {
  /** Whether the timer keeps the process alive. */
  setRef(ref: boolean): void;
  clear(): void;
}

/** Runs a function in the async context (AsyncLocalStorage) that was captured. @internal */
export type AsyncContext = <A extends unknown[], R>(callback: (...args: A) => R, ...args: A) => R;

/** Another thread, and the channel to it. @internal */
export interface HostThread {
  /** Sends a message. Throws what structured clone throws. */
  post(message: unknown, transfer: readonly unknown[]): void;
  /** Takes a message that has arrived, without the event loop; undefined if there is none. */
  receive(): unknown;
  /** Whether the thread is there, without the event loop. */
  isAlive(): boolean;
  terminate(): void;
  /** Whether the thread keeps the process alive; it begins as one that does not. */
  setRef(ref: boolean): void;
}

/** @internal */
export interface HostThreadOptions {
  readonly name: string;
  readonly source: string;
  /** Handed to the thread, with its end of the channel, as `workerData.toki`. */
  readonly cell?: Int32Array;
  readonly data?: unknown;
  /** Bytes. */
  readonly stackSize: number | undefined;
  /** Of its heap, in bytes. */
  readonly memoryLimit?: number | undefined;
  readonly onMessage: (message: unknown) => void;
  /** Called once, after the last message. `error` is what was not caught. */
  readonly onEnd: (exitCode: number | undefined, error: unknown) => void;
}

/** @internal */
export interface Host {
  /** The number of this thread among those of the process; 0 is the first. */
  readonly threadId: number;
  /** Monotonic milliseconds with a fraction. */
  now(): number;
  /** Monotonic milliseconds by a clock that all threads of the process read alike. */
  processNow(): number;
  /** Calls back once, not before `ms` have passed as far as the loop's clock can tell; at most MAX_TIMER_MS ahead. Keeps the process alive. */
  setTimer(callback: () => void, ms: number): HostTimer;
  /** Calls back after the event loop had a turn. */
  immediate(callback: () => void): void;
  /** Calls back at the end of the current turn. */
  microtask(callback: () => void): void;
  /**
   * Calls back when the event loop has nothing left that could run: no timer, no socket, no callback under way. Returns the way to stop
   * listening. A platform without such a moment never calls.
   */
  onIdle(callback: () => void): () => void;
  /**
   * Keeps the process alive and calls back, again and again, while there is nothing but that to keep it: what `onIdle` would say if the loop could end.
   * For test runners, which take the end of the loop for a failure of their own. Returns the way to stop watching.
   */
  watchQuiet(callback: () => void): () => void;
  /** How many timers, turns asked for and requests keep the process alive: watches of `watchQuiet` aside. A socket that is there may have nothing to come. */
  pendingWork(): number;
  /** Calls back as the process exits. Returns the way to stop listening. */
  onExit(callback: () => void): () => void;
  /** Calls back on an operating-system signal (`SIGINT`); undefined where there are none, and on a thread that gets none. Does not keep the process alive. */
  onSignal(name: string, callback: () => void): (() => void) | undefined;
  /** Ends the process as the signal would have, had nobody listened. */
  raiseSignal(name: string): void;
  /** Whether the event loop has requests or handles under way besides timers of this package. */
  hasActiveWork(): boolean;
  /** Blocks this thread for `ms` milliseconds; throws where that is impossible. */
  block(ms: number): void;
  /** A variable of the process's environment. */
  environment(name: string): string | undefined;
  /** How many threads can run at once; throws where there are none. */
  parallelism(): number;
  startThread(options: HostThreadOptions): HostThread;
  /** Blocks this thread until `cell[0]` is not `seen` any more and somebody notifies it, at most `ms` milliseconds. */
  waitForChange(cell: Int32Array, seen: number, ms: number): void;
  /** Writes a report for people. */
  report(text: string): void;
  /** Captures the current async context. */
  captureContext(): AsyncContext;
}

/** Longest delay a host timer takes: beyond 2^31-1 ms Node fires at once. @internal */
export const MAX_TIMER_MS = 2 ** 31 - 1;
