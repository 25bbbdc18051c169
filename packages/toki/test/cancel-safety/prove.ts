import { describe, test } from "node:test";
import { test as toki } from "toki/test";
import { flavors } from "../support/flavors.js";
import type { Proof } from "./proof.js";

/** Runs every proof of a section on each flavour. */
export function prove(section: string, proofs: readonly Proof[], skip: string | false = false): void {
  for (const flavor of flavors) {
    describe(`${section} [${flavor.name}]`, { skip }, () => {
      for (const { operation, claim, proof, todo = {}, paused } of proofs) {
        if (paused && !flavor.canPause) continue;
        describe(`${operation}: ${claim}`, () => {
          const options = { ...flavor.options, ...(paused && { startPaused: true }) };
          for (const [name, body] of Object.entries(proof)) test(name, toki(body, options));
          for (const [name, [why, body]] of Object.entries(todo)) test(name, { todo: why }, toki(body, options));
        });
      }
    });
  }
}
