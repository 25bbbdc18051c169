import { test } from "node:test";
import type { RuntimeOptions } from "toki";

/** One kind of runtime that the behavioural suites run on. */
export interface Flavor {
  readonly name: string;
  readonly options: RuntimeOptions;
  /** The clocks of several threads cannot stand at one moment. */
  readonly canPause: boolean;
}

export const flavors: readonly Flavor[] = [
  { name: "currentThread", options: { flavor: "currentThread" }, canPause: true },
  { name: "currentThread with LIFO slot", options: { flavor: "currentThread", lifoSlot: true }, canPause: true },
  {
    name: "currentThread with a paused clock",
    options: { flavor: "currentThread", startPaused: true },
    canPause: true,
  },
  { name: "multiThread", options: { flavor: "multiThread", workerThreads: 2 }, canPause: false },
];

/** Those whose tests may pause the clock. */
export const pausableFlavors = flavors.filter((flavor) => flavor.canPause);

/** `test` for what happens at exact times: defined only where the clock can stand. */
export function timedTest(flavor: { readonly canPause: boolean }): (name: string, body: () => unknown) => void {
  return flavor.canPause ? (name, body) => void test(name, body as () => void) : () => {};
}
