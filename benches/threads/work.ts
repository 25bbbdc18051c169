/** The work that every peer gives to its threads: plain functions, without side effects. */

/** What is sent back and forth beside numbers. */
export interface User {
  id: number;
  name: string;
  tags: string[];
}

export const USER: User = { id: 7, name: "Ada Lovelace", tags: ["admin", "staff", "author"] };
export const SHORT_TEXT = "hello, worker";
export const LONG_TEXT = "The quick brown fox jumps over the lazy dog. ".repeat(23).slice(0, 1024);
export const BUFFER_BYTES = 64 * 1024;

/** Lone round trips with a gap before each: how many, and how long a gap. */
export const GAPS = 300;
export const GAP_MS = 3;

/** Rounds of `churn` in one unit of work: some 10 microseconds. */
const ROUNDS = 4000;

/** Keeps a processor busy for `units` units and gives a number that depends on every round. */
export function churn(units: number, seed: number): number {
  let x = seed | 1;
  for (let i = units * ROUNDS; i > 0; i--) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x >>> 0;
}

/** Units of each piece of a fan-out: 1 ms each, 0.1 ms each, or every eighth one a hundred times as long as the others (10 microseconds and 1 ms). */
export const EVEN: readonly number[] = Array.from({ length: 128 }, () => 100);
export const FINE: readonly number[] = Array.from({ length: 512 }, () => 10);
export const SKEWED: readonly number[] = Array.from({ length: 512 }, (_, i) => (i % 8 === 0 ? 100 : 1));

const checksums = new Map<readonly number[], number>();

/** What the results of a fan-out add up to: computed once, after the first run. */
export function checksum(sizes: readonly number[]): number {
  const known = checksums.get(sizes);
  if (known !== undefined) return known;
  const sum = sizes.reduce((all, units, i) => all + churn(units, i), 0);
  checksums.set(sizes, sum);
  return sum;
}
