/** How much of what the benchmarks of channels and locks have; the Rust crate has the same numbers. */

/** Receivers of the broadcast, and how many messages may be unread before the sender waits for them. */
export const LISTENERS = 4;
export const UNREAD = 500;

/** Permits of the contended semaphore, and tasks that want one. */
export const PERMITS = 10;
export const LOCKERS = 100;
