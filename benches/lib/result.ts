/** What a run produced: every sample, and the verdicts drawn from the medians. */
import { median } from "./measure.js";
import type { Figure, Row, Target, Unit } from "./row.js";

export interface FigureResult {
  id: string;
  label: string;
  /** One list for each round. */
  rounds: number[][];
  /** The median of the rounds' medians, or the best of them; absent when it could not be measured. */
  value?: number;
  /** Measured beside it, for information (nanoseconds of server CPU for each message). */
  serverCpuNs?: number;
  /** Counters of what was done, in words, from the last round. */
  detail?: string;
  error?: string;
}

export interface Verdict {
  target: string;
  met: boolean;
}

export interface ComparisonResult {
  against: string;
  /** Absent for an absolute target. */
  ratio?: string;
  verdict?: Verdict;
}

export interface RowResult {
  id: string;
  title: string;
  unit: Unit;
  toki: FigureResult;
  peers: FigureResult[];
  comparisons: ComparisonResult[];
  note?: string;
}

/** @param best - takes the best round and not the median: what is left to compare on a machine that does much else meanwhile */
export function summarise(result: FigureResult, serverCpu: readonly number[], unit: Unit, best: boolean): FigureResult {
  const values = result.rounds.map(median);
  const extreme = unit === "messages/s" ? Math.max : Math.min;
  if (values.length > 0) result.value = best ? extreme(...values) : median(values);
  if (serverCpu.length > 0) result.serverCpuNs = median(serverCpu);
  return result;
}

export function emptyResult(figure: Figure): FigureResult {
  return { id: figure.id, label: figure.label, rounds: [] };
}

const plain = (value: number): string => String(Number(value.toPrecision(3)));

function targetText(target: Target): string {
  switch (target.kind) {
    case "time":
      return `at most ${plain(target.value)}x its time`;
    case "faster":
      return `at least ${plain(target.value)}x faster`;
    case "throughput":
      return `at least ${plain(target.value)}x its rate`;
    case "absolute":
      return `at most ${target.value.toLocaleString("en-US")}`;
  }
}

function judge(toki: number, other: number, target: Target): Verdict {
  const met = {
    time: toki <= other * target.value,
    faster: other >= toki * target.value,
    throughput: toki >= other * target.value,
    absolute: toki <= target.value,
  }[target.kind];
  return { target: targetText(target), met };
}

function ratioText(toki: number, other: number, unit: Unit, target: Target | undefined): string {
  if (unit === "messages/s") return `${(toki / other).toFixed(2)}x its rate`;
  const noun = unit === "bytes" ? "size" : "time";
  if (target?.kind === "time" || toki >= other) return `${(toki / other).toFixed(2)}x its ${noun}`;
  if (unit === "bytes") return `${(other / toki).toFixed(1)}x smaller`;
  const speedup = other / toki;
  return `${speedup.toFixed(speedup < 3 ? 2 : speedup < 10 ? 1 : 0)}x faster`;
}

/** Compares Toki's figure of a row with its peers, with its own figure in the row it should equal, and with a fixed bound. */
export function compare(
  row: Row,
  toki: FigureResult,
  peers: FigureResult[],
  flat: number | undefined,
): ComparisonResult[] {
  const value = toki.value;
  if (value === undefined) return [];
  const comparisons: ComparisonResult[] = [];
  if (row.absolute !== undefined) {
    comparisons.push({ against: "bound", verdict: judge(value, value, row.absolute) });
  }
  const add = (against: string, other: number | undefined, target: Target | undefined): void => {
    if (other === undefined) return;
    const comparison: ComparisonResult = { against, ratio: ratioText(value, other, row.unit, target) };
    if (target !== undefined) comparison.verdict = judge(value, other, target);
    comparisons.push(comparison);
  };
  row.peers.forEach((peer, i) => {
    add(peer.figure.id, peers[i]?.value, peer.target);
  });
  if (row.flat !== undefined) add(`toki:${row.flat.row}`, flat, row.flat.target);
  return comparisons;
}
