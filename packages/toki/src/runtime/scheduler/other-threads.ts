import type { TaskDump } from "../dump.js";

/** What the runtimes of this thread ask about the workers of all of them. @internal */
export interface OtherThreads {
  /** Whether none of them will ever do anything again unless this thread does: see multi-thread/quiet.ts. */
  areQuiet(): boolean;
  /** Finds out; `areQuiet` may then say so. */
  ask(): void;
  /** A dump with what tasks do that are with workers, as they have said. */
  complete(dump: TaskDump): TaskDump;
}

/** Null while no thread has been started. */
export const otherThreads: { current: OtherThreads | null } = { current: null };
