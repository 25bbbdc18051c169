/**
 * The benchmark runner: `npm run bench -- [PATTERN] [--only PATTERN] [--rounds N] [--best] [--no-tokio] [--json FILE]`.
 *
 * Every figure is taken in a process of its own, the peers of a row in turn (A B C, A B C, ...), so that a disturbance of the
 * machine falls on all of them; the value is the median of the rounds (or the best one), each round the median of its samples.
 */
import { writeFile } from "node:fs/promises";
import { arch, availableParallelism, cpus, loadavg, platform } from "node:os";
import { parseArgs } from "node:util";
import { measureEcho } from "./echo/echo.js";
import type { ChildResult } from "./lib/child.js";
import { isolate } from "./lib/isolate.js";
import { Progress, remarks, table } from "./lib/report.js";
import { compare, emptyResult, type FigureResult, type RowResult, summarise } from "./lib/result.js";
import type { Figure, Row } from "./lib/row.js";
import { ROWS } from "./lib/rows.js";
import { bundleSize } from "./lib/size.js";
import { Tokio } from "./lib/tokio.js";
import { LIMITS, type LimitResult, limitsTable, runLimit } from "./limits.js";

const USAGE = `usage: npm run bench -- [PATTERN] [--only PATTERN] [--rounds N] [--best] [--no-tokio] [--json FILE] [--list]
  PATTERN is a part of a row's name or a regular expression; "limits" runs only the limits, "rows" only the comparisons
  --best compares the best rounds, not the medians: for a machine that is busy with something else`;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "5" },
    best: { type: "boolean", default: false },
    "no-tokio": { type: "boolean", default: false },
    json: { type: "string" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (flags.help) {
  console.log(USAGE);
  process.exit(0);
}
const rounds = Number(flags.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds must be a positive whole number, got ${flags.rounds}\n${USAGE}`);
  process.exit(2);
}

const wanted = flags.only ?? positionals[0];
const pattern = new RegExp(wanted ?? "", "i");
const selects = (group: "rows" | "limits", id: string): boolean =>
  wanted === undefined || wanted === group || pattern.test(id);
const rows = ROWS.filter((row) => selects("rows", row.id));
const limits = LIMITS.filter((limit) => selects("limits", limit.id));
if (flags.list || rows.length + limits.length === 0) {
  const names = [...ROWS.map((row) => row.id), ...LIMITS.map((limit) => limit.id)].join(", ");
  console.log(flags.list ? names : `no benchmark matches ${wanted}; there are: ${names}`);
  process.exit(flags.list ? 0 : 2);
}

const CHILD = new URL("./lib/child.js", import.meta.url);

async function measureFigure(row: Row, figure: Figure, result: FigureResult, cpu: number[]): Promise<number[]> {
  const { source } = figure;
  switch (source.kind) {
    case "child": {
      const { samples, detail } = await isolate<ChildResult>(CHILD, [source.suite, source.bench ?? row.id]);
      if (detail !== undefined) result.detail = detail;
      return samples;
    }
    case "tokio":
      return (tokio as Tokio).measure(source.name ?? row.id);
    case "size":
      return [await bundleSize(source.library)];
    case "echo": {
      const result = await measureEcho(source.server, source.connections);
      cpu.push(result.serverCpu);
      return [result.throughput];
    }
  }
}

const usesTokio = rows.some((row) => row.peers.some((peer) => peer.figure.source.kind === "tokio"));
const tokio = flags["no-tokio"] || !usesTokio ? "left out" : await Tokio.build();
if (typeof tokio === "string" && tokio !== "left out") console.error(tokio);

const withTokio = rows.map((row) => ({
  ...row,
  peers: row.peers.filter((peer) => typeof tokio !== "string" || peer.figure.source.kind !== "tokio"),
}));
const roundsOf = (row: Row): number => Math.min(rounds, row.maxRounds ?? rounds);
const steps = withTokio.reduce((sum, row) => sum + roundsOf(row) * (row.peers.length + 1), 0) + limits.length;
const progress = new Progress(steps);

async function runRow(row: Row): Promise<RowResult> {
  const figures = [row.toki, ...row.peers.map((peer) => peer.figure)];
  const results: FigureResult[] = figures.map(emptyResult);
  const cpu: number[][] = figures.map(() => []);
  for (let round = 0; round < roundsOf(row); round++) {
    for (const [i, figure] of figures.entries()) {
      const result = results[i] as FigureResult;
      progress.step(`round ${round + 1}/${roundsOf(row)}  ${row.title}: ${figure.label}`);
      if (result.error !== undefined) continue;
      try {
        result.rounds.push(await measureFigure(row, figure, result, cpu[i] as number[]));
      } catch (error) {
        result.error = error instanceof Error ? error.message : String(error);
      }
    }
  }
  const [toki, ...peers] = results.map((result, i) => summarise(result, cpu[i] as number[], row.unit, flags.best)) as [
    FigureResult,
  ];
  const flat = done.find((other) => other.id === row.flat?.row)?.toki.value;
  const { id, title, unit, note } = row;
  const result: RowResult = { id, title, unit, toki, peers, comparisons: compare(row, toki, peers, flat) };
  if (note !== undefined) result.note = note;
  return result;
}

const load = (loadavg()[0] as number).toFixed(1);
const done: RowResult[] = [];
for (const row of withTokio) done.push(await runRow(row));
const limitResults: LimitResult[] = [];
for (const limit of limits) {
  progress.step(limit.title);
  limitResults.push(await runLimit(limit));
}
progress.clear();

const cpu = cpus()[0]?.model.trim() ?? "unknown";
console.log(
  `Node ${process.versions.node}, ${availableParallelism()} x ${cpu}, ${flags.best ? "best" : "median"} of ${rounds} rounds, load average ${load} at the start\n`,
);
if (done.length > 0) console.log(`${table(done)}\n`);
for (const remark of remarks(done)) console.log(remark);
if (limitResults.length > 0) console.log(`\n${limitsTable(limitResults)}`);

const verdicts = done.flatMap((row) => row.comparisons.flatMap(({ verdict }) => verdict ?? []));
const met = verdicts.filter((verdict) => verdict.met).length;
if (verdicts.length > 0) console.log(`\n${met} of ${verdicts.length} targets met`);

if (flags.json !== undefined) {
  const document = {
    date: new Date().toISOString(),
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${platform()} ${arch()}`,
    cpus: availableParallelism(),
    cpu,
    loadAverage: Number(load),
    rounds,
    best: flags.best,
    rows: done,
    limits: limitResults,
  };
  await writeFile(flags.json, `${JSON.stringify(document, null, 2)}\n`);
}
const failed =
  done.some((row) => [row.toki, ...row.peers].some((figure) => figure.error !== undefined)) ||
  limitResults.some((result) => result.error !== undefined);
process.exitCode = failed ? 1 : 0;
