/** A thread without a scheduler: does the pieces it is told, and says what they add up to. */
import { parentPort } from "node:worker_threads";
import { churn } from "./work.js";

/** Units and seed of each piece. */
export type Pieces = readonly (readonly [units: number, seed: number])[];

parentPort?.on("message", (pieces: Pieces) => {
  let sum = 0;
  for (const [units, seed] of pieces) sum += churn(units, seed);
  parentPort?.postMessage(sum);
});
