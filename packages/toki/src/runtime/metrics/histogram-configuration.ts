import { invalidArgument } from "../../internal/invalid-argument.js";
import { type Duration, toMillis } from "../../time/duration.js";

/**
 * The buckets of a {@link DurationHistogram}. The last bucket is open-ended in both kinds.
 *
 * - `linear`: `buckets` buckets of `width` each, from 0
 * - `log`: one bucket below `min`, then buckets that grow with the value up to `max`, each no wider than `maxError` times its start
 */
export type HistogramConfiguration =
  | {
      readonly linear: {
        /** Width of a bucket. @default 0.1 ms */
        readonly width?: Duration;
        /** How many buckets. @default 10 */
        readonly buckets?: number;
      };
    }
  | {
      readonly log: {
        /** Where the second bucket starts. @default 0.0001 ms */
        readonly min?: Duration;
        /** What the buckets reach up to at least. @default 60 s */
        readonly max?: Duration;
        /** Relative error of a value that is read back from its bucket: above 0, at most 1. @default 0.25 */
        readonly maxError?: number;
      };
    };

const MAX_BUCKETS = 4096;

/** The starts of the buckets, in milliseconds, ascending from 0. Throws for a configuration that cannot be. @internal */
export function bucketStarts(configuration: unknown, where: string, argument: string): Float64Array {
  const wrong = (part: string, expected: string, found: unknown) =>
    invalidArgument(where, `${argument}${part}`, expected, found);
  const { linear, log } = (configuration ?? {}) as { linear?: unknown; log?: unknown };
  if (typeof configuration !== "object" || (typeof linear !== "object") === (typeof log !== "object")) {
    throw wrong("", "a boolean, { linear: {...} } or { log: {...} }", configuration);
  }
  if (typeof linear === "object" && linear !== null) {
    const { width = 0.1, buckets = 10 } = linear as { width?: Duration; buckets?: number };
    const step = toMillis(width, where, `${argument}.linear.width`);
    if (!(step > 0 && Number.isFinite(step))) throw wrong(".linear.width", "above 0 and finite", step);
    if (!(Number.isInteger(buckets) && buckets > 0 && buckets <= MAX_BUCKETS)) {
      throw wrong(".linear.buckets", `an integer from 1 to ${MAX_BUCKETS}`, buckets);
    }
    return Float64Array.from({ length: buckets }, (_, i) => i * step);
  }
  const {
    min = 0.0001,
    max = 60_000,
    maxError = 0.25,
  } = (log ?? {}) as { min?: Duration; max?: Duration; maxError?: number };
  const from = toMillis(min, where, `${argument}.log.min`);
  const to = toMillis(max, where, `${argument}.log.max`);
  if (!(from > 0)) throw wrong(".log.min", "above 0", from);
  if (!(to > from && Number.isFinite(to))) throw wrong(".log.max", "above min and finite", to);
  if (!(maxError > 0 && maxError <= 1)) throw wrong(".log.maxError", "above 0 and at most 1", maxError);
  // Each power of two is cut into equal parts, so the first of them, the relatively widest, decides the error.
  const parts = 2 ** Math.ceil(-Math.log2(maxError));
  const starts = [0];
  for (let octave = from; octave < to; octave *= 2) {
    for (let part = 0; part < parts; part++) {
      const start = octave + (octave * part) / parts;
      if (start >= to) break;
      if (starts.push(start) > MAX_BUCKETS) {
        throw wrong(
          ".log",
          `wide enough for ${MAX_BUCKETS} buckets: raise min or maxError, or lower max`,
          configuration,
        );
      }
    }
  }
  return Float64Array.from(starts);
}

/** The default of both histograms: 10 buckets of 0.1 ms. @internal */
export const DEFAULT_HISTOGRAM: HistogramConfiguration = { linear: {} };
