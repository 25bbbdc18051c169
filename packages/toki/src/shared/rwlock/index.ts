export { RwLockMappedWriteGuard } from "../../sync/rwlock/mapped-write-guard.js";
export type { RwLockOptions } from "../../sync/rwlock/max-readers.js";
export { RwLockReadGuard } from "../../sync/rwlock/read-guard.js";
export { RwLockWriteGuard } from "../../sync/rwlock/write-guard.js";
export { RwLock } from "./rwlock.js";
