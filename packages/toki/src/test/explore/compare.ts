import type { Failure, RunResult } from "./run.js";

/** Whether two failures are of one kind, as far as one can tell: the same error, numbers in its message aside. @internal */
export function isSameWay(a: Failure | undefined, b: Failure | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.kind === b.kind && (a.kind === "endless" || signatureOf(a.error) === signatureOf(b.error));
}

function signatureOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [line = ""] = error.message.split("\n", 1);
  return `${error.name}: ${line.replace(/\d+/g, "0")}`;
}

/** A number of 52 bits that stands for the steps and the choices of a run. @internal */
export function checksumOf({ path, choices, counts }: RunResult): number {
  let low = path.length;
  let high = choices.length;
  for (const step of path) {
    low = mix(low, step);
    high = mix(high, step + 1);
  }
  for (let i = 0; i < choices.length; i++) {
    low = mix(low, choices[i] as number);
    high = mix(high, counts[i] as number);
  }
  return (low >>> 0) + (high & 0xf_ffff) * 2 ** 32;
}

function mix(hash: number, value: number): number {
  const x = Math.imul(hash ^ value, 0x85ebca6b);
  return Math.imul(x ^ (x >>> 13), 0xc2b2ae35) ^ (x >>> 16);
}
