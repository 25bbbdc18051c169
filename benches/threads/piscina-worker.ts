/** What Piscina's threads run: the same work as the portable functions. */
import { move } from "piscina";
import { churn } from "./work.js";

export function increment(x: number): number {
  return x + 1;
}

export function echo<T>(value: T): T {
  return value;
}

export function bounce(bytes: Uint8Array): unknown {
  return move(bytes);
}

export function piece([units, seed]: [number, number]): number {
  return churn(units, seed);
}
