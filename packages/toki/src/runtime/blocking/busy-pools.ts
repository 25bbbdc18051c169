/** What others ask of a blocking pool. @internal */
export interface BusyPool {
  /** Blocks until a thread has something to say, or `ms` have passed, and takes what there is. */
  waitSync(ms: number): void;
}

/**
 * The blocking pools of this thread's runtimes that have jobs. A job may wake what another runtime waits for, through a shared object, whether or not anybody
 * drives its own.
 *
 * @internal
 */
export const busyPools = new Set<BusyPool>();

const waiting: (() => void)[] = [];

/** Calls back once, when a job is over. @internal */
export function onJobEnd(callback: () => void): void {
  waiting.push(callback);
}

/** A job is over. @internal */
export function jobEnded(): void {
  for (const callback of waiting.splice(0)) callback();
}
