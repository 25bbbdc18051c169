export { RwLockMappedWriteGuard } from "./mapped-write-guard.js";
export type { RwLockOptions } from "./max-readers.js";
export { RwLockReadGuard } from "./read-guard.js";
export { RwLock } from "./rwlock.js";
export { RwLockWriteGuard } from "./write-guard.js";
