/**
 * Channels and synchronisation between the tasks of one thread: `mpsc`, `oneshot`, `broadcast`, `watch`, `Mutex`, `RwLock`, `Semaphore`, `Notify`, `Barrier`, `OnceCell`,
 * `SetOnce`. Values pass by reference.
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
export type { Initializer } from "./get-or-init.js";
export { MappedMutexGuard } from "./mapped-mutex-guard.js";
export * as mpsc from "./mpsc/index.js";
export { Mutex } from "./mutex.js";
export { MutexGuard } from "./mutex-guard.js";
export { Notified } from "./notified.js";
export { Notify } from "./notify.js";
export { OnceCell } from "./once-cell.js";
export { SetError, SetOnceError } from "./once-error.js";
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
export { SetOnce } from "./set-once.js";
export { TryLockError } from "./try-lock-error.js";
export { WatchReceiver, WatchRecvError, WatchRef, WatchSendError, WatchSender, watch } from "./watch/index.js";
