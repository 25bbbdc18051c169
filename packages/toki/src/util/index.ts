/**
 * Helpers beside the core: `CancellationToken`, and what programs otherwise build again and again: `retry`, `rateLimiter`, `Pool`, `batcher`, `adaptiveLimit`,
 * `mapConcurrent`.
 *
 * @module
 */
export { AdaptiveLimit, type AdaptiveLimitOptions, adaptiveLimit } from "./adaptive-limit/adaptive-limit.js";
export { AdaptivePermit } from "./adaptive-limit/adaptive-permit.js";
export { Batcher, type BatcherOptions, batcher } from "./batcher.js";
export { CancellationToken } from "./cancellation-token.js";
export { DropGuard } from "./drop-guard.js";
export { mapConcurrent } from "./map-concurrent.js";
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
