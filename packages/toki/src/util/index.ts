/**
 * Helpers beside the core, those of tokio-util: tokens that cancel, trackers, maps and queues of tasks, a queue of delays, a pool of threads to pin tasks to. And
 * what programs otherwise build again and again: `retry`, `rateLimiter`, `Pool`, `batcher`, `adaptiveLimit`, `mapConcurrent`.
 *
 * @module
 */

export { LocalRuntime, type LocalRuntimeOptions } from "../runtime/local-runtime.js";
export { LocalSet, type LocalSetOptions } from "../task/local-set.js";
export { LocalSetError } from "../task/local-set-error.js";
export { AbortOnDrop } from "./abort-on-drop.js";
export { AbortOnDropHandle } from "./abort-on-drop-handle.js";
export { AdaptiveLimit, type AdaptiveLimitOptions, adaptiveLimit } from "./adaptive-limit/adaptive-limit.js";
export { AdaptivePermit } from "./adaptive-limit/adaptive-permit.js";
export { Batcher, type BatcherOptions, batcher } from "./batcher.js";
export { CancellationToken } from "./cancellation-token.js";
export { DelayKey } from "./delay-heap.js";
export { DelayQueue, type Expired } from "./delay-queue.js";
export { DropGuard } from "./drop-guard.js";
export { JoinMap, type JoinMapEntry } from "./join-map.js";
export { JoinQueue } from "./join-queue.js";
export { mapConcurrent } from "./map-concurrent.js";
export { type AcquireSource, PollSemaphore } from "./poll-semaphore.js";
export { PollSendError } from "./poll-send-error.js";
export { PollSender, type SlotPermit, type SlotSender } from "./poll-sender.js";
export { Pool } from "./pool/pool.js";
export { PoolClosedError } from "./pool/pool-closed-error.js";
export { PoolGuard } from "./pool/pool-guard.js";
export type { PoolOptions } from "./pool/pool-options.js";
export { RateLimiter, type RateLimiterOptions, rateLimiter } from "./rate-limiter.js";
export { type RetryOptions, retry } from "./retry/retry.js";
export {
  type Backoff,
  type ExponentialOptions,
  exponential,
  type FailedAttempt,
  fixed,
  RetryPolicy,
} from "./retry/retry-policy.js";
export { TaskTracker } from "./task-tracker.js";
export { TaskTrackerToken } from "./task-tracker-token.js";
export { WorkerPool, type WorkerPoolOptions } from "./worker-pool.js";
