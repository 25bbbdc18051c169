/**
 * Helpers beside the core, those of tokio-util: tokens that cancel, trackers, maps and queues of tasks, a queue of delays, a pool of threads to pin tasks to.
 *
 * @module
 */
export { LocalRuntime, type LocalRuntimeOptions } from "../runtime/local-runtime.js";
export { LocalSet, type LocalSetOptions } from "../task/local-set.js";
export { LocalSetError } from "../task/local-set-error.js";
export { AbortOnDrop } from "./abort-on-drop.js";
export { AbortOnDropHandle } from "./abort-on-drop-handle.js";
export { CancellationToken } from "./cancellation-token.js";
export { DelayKey } from "./delay-heap.js";
export { DelayQueue, type Expired } from "./delay-queue.js";
export { DropGuard } from "./drop-guard.js";
export { JoinMap, type JoinMapEntry } from "./join-map.js";
export { JoinQueue } from "./join-queue.js";
export { type AcquireSource, PollSemaphore } from "./poll-semaphore.js";
export { PollSendError } from "./poll-send-error.js";
export { PollSender, type SlotPermit, type SlotSender } from "./poll-sender.js";
export { TaskTracker } from "./task-tracker.js";
export { TaskTrackerToken } from "./task-tracker-token.js";
export { WorkerPool, type WorkerPoolOptions } from "./worker-pool.js";
