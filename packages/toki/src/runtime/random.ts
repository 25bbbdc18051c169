import { current } from "../future/current.js";
import { Rng } from "./rng.js";

let fallback: Rng | undefined;

/** A number from 0 to `bound` - 1: of the current runtime's sequence, which `rngSeed` sets. @internal */
export function randomBelow(bound: number): number {
  const rng = current.runtime?.rng;
  if (rng !== undefined) return rng.below(bound);
  fallback ??= new Rng(Math.floor(Math.random() * 2 ** 32));
  return fallback.below(bound);
}
