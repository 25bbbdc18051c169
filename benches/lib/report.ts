/** The table and the progress line. */
import type { FigureResult, RowResult } from "./result.js";
import type { Unit } from "./row.js";

export function formatFigure(value: number | undefined, unit: Unit): string {
  if (value === undefined) return "-";
  if (unit === "messages/s") return `${Math.round(value).toLocaleString("en-US")}/s`;
  if (unit === "bytes") return `${Math.round(value).toLocaleString("en-US")} B`;
  return `${value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en-US")} ns`;
}

type Line = [work: string, figure: string, peer: string, ratio: string, target: string, verdict: string];

const HEAD: Line = ["work", "toki", "peer", "ratio", "target", ""];
const RIGHT = new Set([1]);

function peerText(figure: FigureResult, unit: Unit): string {
  return `${figure.label} ${figure.error === undefined ? formatFigure(figure.value, unit) : "failed"}`;
}

function rowLines(row: RowResult): Line[] {
  const lines: Line[] = [];
  const push = (peer: string, ratio: string, target: string, verdict: string): void => {
    const first = lines.length === 0;
    const figure = row.toki.error === undefined ? formatFigure(row.toki.value, row.unit) : "failed";
    lines.push([first ? row.title : "", first ? figure : "", peer, ratio, target, verdict]);
  };
  const verdictOf = (met: boolean): string => (met ? "met" : "MISSED");
  const find = (id: string) => row.comparisons.find((comparison) => comparison.against === id);
  const bound = find("bound")?.verdict;
  if (bound !== undefined) push("(fixed bound)", "", bound.target, verdictOf(bound.met));
  for (const peer of row.peers) {
    const { ratio = "", verdict } = find(peer.id) ?? {};
    push(peerText(peer, row.unit), ratio, verdict?.target ?? "", verdict === undefined ? "" : verdictOf(verdict.met));
  }
  for (const { against, ratio = "", verdict } of row.comparisons) {
    if (!against.startsWith("toki:") || verdict === undefined) continue;
    push(`Toki in ${against.slice(5)}`, ratio, `flat: ${verdict.target}`, verdictOf(verdict.met));
  }
  if (lines.length === 0) push("", "", "", "");
  for (const figure of [row.toki, ...row.peers]) {
    if (figure.serverCpuNs === undefined) continue;
    lines.push([`  server CPU a message, ${figure.label}`, formatFigure(figure.serverCpuNs, "ns"), "", "", "", ""]);
  }
  return lines;
}

export function table(rows: readonly RowResult[]): string {
  const lines: Line[] = [HEAD, ...rows.flatMap(rowLines)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  const render = (line: Line): string =>
    line
      .map((cell, i) => (RIGHT.has(i) ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
      .join("  ")
      .trimEnd();
  const [head, ...body] = lines.map(render);
  const rule = "-".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [head, rule, ...body].join("\n");
}

/** What failed, why, and what a reader must know beside the figures. */
export function remarks(rows: readonly RowResult[]): string[] {
  const out: string[] = [];
  for (const row of rows) {
    if (row.note !== undefined) out.push(`${row.title}: ${row.note}`);
    for (const figure of [row.toki, ...row.peers]) {
      if (figure.detail !== undefined) out.push(`${row.title}, ${figure.label}: ${figure.detail}`);
      if (figure.error !== undefined) out.push(`FAILED: ${row.id}, ${figure.label}: ${figure.error}`);
    }
  }
  return out;
}

/** One line on stderr that is rewritten in place; silent when stderr is no terminal. */
export class Progress {
  readonly #live = process.stderr.isTTY === true;
  readonly #total: number;
  #done = 0;

  constructor(total: number) {
    this.#total = total;
  }

  step(what: string): void {
    this.#done++;
    if (!this.#live) return;
    const text = `[${this.#done}/${this.#total}] ${what}`.slice(0, (process.stderr.columns ?? 80) - 1);
    process.stderr.write(`\r\u001b[2K${text}`);
  }

  clear(): void {
    if (this.#live) process.stderr.write("\r\u001b[2K");
  }
}
