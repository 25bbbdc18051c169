import { invalidArgument } from "../internal/invalid-argument.js";
import { MAX_PERMITS } from "./permits.js";

/** Checks that an argument is a whole number from `min` to what a shared semaphore can hold. @internal */
export function permitCount(where: string, argument: string, value: number, min: number): void {
  if (Number.isInteger(value) && value >= min && value <= MAX_PERMITS) return;
  const max = typeof value === "number" && value > MAX_PERMITS ? `, at most ${MAX_PERMITS}` : ` >= ${min}`;
  throw invalidArgument(where, argument, `an integer${max}`, value);
}
