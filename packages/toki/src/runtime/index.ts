/**
 * Runtimes: what drives tasks, timers and sockets.
 *
 * @module
 */
export { OutOfMemoryError } from "../memory/out-of-memory-error.js";
export { Builder } from "./builder.js";
export type { SpawnOptions } from "./core.js";
export type { AwaitNode, TaskDump, TaskSnapshot } from "./dump.js";
export {
  DeadlockError,
  DriverDisabledError,
  isRuntimeShutdownError,
  NestedRuntimeError,
  NoRuntimeError,
  RuntimeError,
  RuntimeShutdownError,
} from "./error.js";
export { Handle } from "./handle.js";
export { LocalRuntime, type LocalRuntimeOptions } from "./local-runtime.js";
export { type MainOptions, main } from "./main.js";
export { DurationHistogram } from "./metrics/histogram.js";
export type { HistogramConfiguration } from "./metrics/histogram-configuration.js";
export type { SlowPoll } from "./metrics/slow-poll.js";
export { RuntimeMetrics } from "./metrics.js";
export type { RuntimeOptions, TaskFailure, TaskMeta } from "./options.js";
export { type RunOptions, Runtime } from "./runtime.js";
export { workerIndex } from "./worker-index.js";
