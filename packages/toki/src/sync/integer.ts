import { invalidArgument } from "../internal/invalid-argument.js";
import { MAX_PERMITS } from "./batch-semaphore.js";

/** Checks that an argument is a whole number from `min` to `max`, which is what a semaphore can hold. @internal */
export function integer(where: string, argument: string, value: number, min: number, max = MAX_PERMITS): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  const range = typeof value === "number" && value > max ? `, at most ${max}` : ` >= ${min}`;
  throw invalidArgument(where, argument, `an integer${range}`, value);
}
