import { invalidArgument } from "../../internal/invalid-argument.js";

/** Options of a new {@link RwLock}. */
export interface RwLockOptions {
  /** How many may read at once, from 1 to 2^29 - 1, which is the default; further readers wait. */
  readonly maxReaders?: number;
}

/** As in Tokio. */
const MAX_READERS = 2 ** 29 - 1;

/** @internal */
export function maxReadersOf(options: RwLockOptions): number {
  if (options === null || typeof options !== "object") {
    throw invalidArgument("new RwLock", "options", "an object", options);
  }
  const { maxReaders = MAX_READERS } = options;
  if (Number.isInteger(maxReaders) && maxReaders >= 1 && maxReaders <= MAX_READERS) return maxReaders;
  throw invalidArgument("new RwLock", "options.maxReaders", `an integer from 1 to ${MAX_READERS}`, maxReaders);
}
