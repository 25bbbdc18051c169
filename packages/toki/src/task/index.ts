/**
 * Tasks: spawning, joining, aborting, yielding.
 *
 * @module
 */
export type { SpawnOptions } from "../runtime/core.js";
export { AbortHandle, type AbortOptions } from "./abort-handle.js";
export { consumeBudget, cooperative, hasBudgetRemaining, unconstrained } from "./coop.js";
export { taskId, tryTaskId } from "./id.js";
export { JoinError } from "./join-error.js";
export { JoinHandle } from "./join-handle.js";
export { spawn, spawnLocal } from "./spawn.js";
export { yieldNow } from "./yield-now.js";
