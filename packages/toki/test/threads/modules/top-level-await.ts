// A module whose top level takes a while.
import { fn } from "toki";

const factor = await new Promise<number>((resolve) => setImmediate(() => resolve(3)));

export const multiply = fn(import.meta, function* multiply(n: number) {
  return factor * n;
});
