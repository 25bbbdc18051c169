import type { RuntimeOptions } from "toki";

/** One kind of runtime that the behavioural suites run on. */
export interface Flavor {
  readonly name: string;
  readonly options: RuntimeOptions;
}

export const flavors: readonly Flavor[] = [
  { name: "currentThread", options: { flavor: "currentThread" } },
  { name: "currentThread with LIFO slot", options: { flavor: "currentThread", lifoSlot: true } },
  { name: "currentThread with a paused clock", options: { startPaused: true } },
];
