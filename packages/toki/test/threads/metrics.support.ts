// Internal, so that the package's types do not have it.
import * as threadModule from "../../dist/memory/thread.js";

const { threadMailbox } = threadModule as unknown as { threadMailbox(): { arena: { inUse: number } } };

/** Blocks of shared memory in use, on all threads. */
export function blocksInUse(): number {
  return threadMailbox().arena.inUse;
}
