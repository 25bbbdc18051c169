/**
 * Tasks: spawning, joining, aborting, yielding.
 *
 * @module
 */
export type { ModuleMeta } from "../portable/module-meta.js";
export { move } from "../portable/move.js";
export { NotSendError } from "../portable/not-send-error.js";
export type { Send, Sendable, SendBody, SendFunction } from "../portable/send.js";
export { ThreadEndedError } from "../runtime/blocking/thread-ended-error.js";
export type { SpawnOptions } from "../runtime/core.js";
export { AbortHandle, type AbortOptions } from "./abort-handle.js";
export { AccessError } from "./access-error.js";
export { blockInPlace } from "./block-in-place.js";
export { BlockingJob, blocking } from "./blocking.js";
export { consumeBudget, cooperative, hasBudgetRemaining, unconstrained } from "./coop.js";
export { taskId, tryTaskId } from "./id.js";
export { JoinError } from "./join-error.js";
export { JoinHandle } from "./join-handle.js";
export type { JoinFailure, JoinResult, JoinSuccess } from "./join-result.js";
export { JoinSet } from "./join-set.js";
export { LocalSet, type LocalSetOptions } from "./local-set.js";
export { LocalSetError } from "./local-set-error.js";
export { Scope, type ScopeOptions, scope } from "./scope.js";
export { ScopeError } from "./scope-error.js";
export { spawn, spawnLocal } from "./spawn.js";
export { spawnBlocking } from "./spawn-blocking.js";
export type { JoinSetSpawnLocalOptions, JoinSetSpawnOptions } from "./spawn-into.js";
export { LocalKey, taskLocal } from "./task-local.js";
export { yieldNow } from "./yield-now.js";
