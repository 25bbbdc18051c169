/** What a row of the comparison is: one kind of work, its first figure is Toki's. */

export type Unit = "ns" | "bytes" | "messages/s";

/** Where a figure comes from. */
export type Source =
  | { kind: "child"; suite: string; bench?: string }
  | { kind: "tokio"; name?: string }
  | { kind: "echo"; server: "toki" | "node"; connections: number }
  | { kind: "size"; library: string };

export interface Figure {
  /** Unique in its row. */
  id: string;
  /** What a reader sees beside the figure. */
  label: string;
  source: Source;
}

/**
 * How Toki's figure must stand to another one:
 * `time` at most that many times the other's, `faster` the other's at least that many times Toki's,
 * `throughput` at least that many times the other's, `absolute` at most that much.
 */
export interface Target {
  kind: "time" | "faster" | "throughput" | "absolute";
  value: number;
}

export interface Comparison {
  figure: Figure;
  target?: Target;
}

export interface Row {
  id: string;
  title: string;
  unit: Unit;
  toki: Figure;
  peers: Comparison[];
  /** A target that needs no peer. */
  absolute?: Target;
  /** Toki's figure must not be much more than Toki's in that other row (work that should cost the same). */
  flat?: { row: string; target: Target };
  /** At most this many rounds: for figures that hardly vary and take long. */
  maxRounds?: number;
  /** Said under the table. */
  note?: string;
}

export const atMost = (value: number): Target => ({ kind: "time", value });
export const faster = (value: number): Target => ({ kind: "faster", value });

export function child(suite: string, label: string, target?: Target, bench?: string): Comparison {
  const source: Source = bench === undefined ? { kind: "child", suite } : { kind: "child", suite, bench };
  const figure: Figure = { id: bench === undefined ? suite : `${suite}:${bench}`, label, source };
  return target === undefined ? { figure } : { figure, target };
}

export function tokio(target?: Target, name?: string): Comparison {
  const source: Source = name === undefined ? { kind: "tokio" } : { kind: "tokio", name };
  const figure: Figure = { id: "tokio", label: "Tokio (Rust)", source };
  return target === undefined ? { figure } : { figure, target };
}

export const TOKI: Figure = { id: "toki", label: "Toki", source: { kind: "child", suite: "toki" } };

export function ns(id: string, title: string, peers: Comparison[], more: Partial<Row> = {}): Row {
  return { id, title, unit: "ns", toki: TOKI, peers, ...more };
}
