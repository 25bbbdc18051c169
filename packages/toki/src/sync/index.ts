/**
 * Channels and synchronisation between the tasks of one thread: `mpsc`, `oneshot`, `broadcast`, `Mutex`, `RwLock`, `Semaphore`, `Notify`, `Barrier`. Values
 * pass by reference.
 *
 * @module
 */
export { Barrier } from "./barrier.js";
export type { BarrierWaitResult } from "./barrier-wait-result.js";
export {
  BroadcastReceiver,
  BroadcastRecvError,
  BroadcastSender,
  broadcast,
  LaggedError,
  WeakBroadcastSender,
} from "./broadcast/index.js";
export { DisposedError, SendError, SyncError, UnsentError } from "./error.js";
export { MappedMutexGuard } from "./mapped-mutex-guard.js";
export * as mpsc from "./mpsc/index.js";
export { Mutex } from "./mutex.js";
export { MutexGuard } from "./mutex-guard.js";
export { Notified } from "./notified.js";
export { Notify } from "./notify.js";
export { OneshotReceiver, OneshotSender, oneshot } from "./oneshot/index.js";
export {
  RwLock,
  RwLockMappedWriteGuard,
  type RwLockOptions,
  RwLockReadGuard,
  RwLockWriteGuard,
} from "./rwlock/index.js";
export { Semaphore } from "./semaphore.js";
export { AcquireError, TryAcquireError } from "./semaphore-error.js";
export { SemaphorePermit } from "./semaphore-permit.js";
export { TryLockError } from "./try-lock-error.js";
