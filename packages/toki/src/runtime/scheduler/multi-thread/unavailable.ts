import type { RuntimeCore } from "../../core.js";

/** What stands for `index.ts` on a platform without threads. @internal */
export function defaultWorkers(_rt: RuntimeCore, _where: string): number | undefined {
  return undefined;
}

/** @internal */
export function useThreads(_rt: RuntimeCore, _workers: number): void {
  throw new Error("This platform has no threads for the multi-thread scheduler");
}
