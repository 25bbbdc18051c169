/**
 * Channels, locks, cells and tokens between threads: the names and methods of `toki/sync`, over shared memory. Handles can be sent to other threads; values are copied.
 *
 * @module
 */
export type { BarrierWaitResult } from "../sync/barrier-wait-result.js";
export { DisposedError, SendError, SyncError, UnsentError } from "../sync/error.js";
export type { Initializer } from "../sync/get-or-init.js";
export { MappedMutexGuard } from "../sync/mapped-mutex-guard.js";
export { SetError, SetOnceError } from "../sync/once-error.js";
export { AcquireError, TryAcquireError } from "../sync/semaphore-error.js";
export { TryLockError } from "../sync/try-lock-error.js";
export { WatchRecvError, WatchSendError } from "../sync/watch/error.js";
export { WatchRef } from "../sync/watch/modify.js";
export { AtomicCell } from "./atomic-cell.js";
export { Barrier } from "./barrier.js";
export {
  BroadcastReceiver,
  BroadcastRecvError,
  BroadcastSender,
  broadcast,
  LaggedError,
  WeakBroadcastSender,
} from "./broadcast/index.js";
export { CancellationToken } from "./cancellation-token.js";
export { DropGuard } from "./drop-guard.js";
export * as mpsc from "./mpsc/index.js";
export { Mutex } from "./mutex.js";
export { MutexGuard } from "./mutex-guard.js";
export { Notified } from "./notified.js";
export { Notify } from "./notify.js";
export { OnceCell } from "./once-cell.js";
export { OneshotReceiver, OneshotSender, oneshot } from "./oneshot/index.js";
export {
  RwLock,
  RwLockMappedWriteGuard,
  type RwLockOptions,
  RwLockReadGuard,
  RwLockWriteGuard,
} from "./rwlock/index.js";
export { Semaphore } from "./semaphore.js";
export { SemaphorePermit } from "./semaphore-permit.js";
export { SetOnce } from "./set-once.js";
export { WatchReceiver, WatchSender, watch } from "./watch/index.js";
