import { invalidArgument } from "../../internal/invalid-argument.js";

/**
 * How many slots a channel gets that is to hold `capacity` values: the next power of two.
 *
 * @param most - a power of two
 * @throws InvalidArgumentError if `capacity` is not a whole number from 1 to `most`
 * @internal
 */
export function slotsFor(where: string, capacity: number, most: number): number {
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > most) {
    throw invalidArgument(where, "capacity", `an integer from 1 to ${most}`, capacity);
  }
  return 2 ** (32 - Math.clz32(capacity - 1));
}
