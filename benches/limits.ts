/** The sizes that must work: each limit runs to its end in a process of its own and says what it cost. */
import { EchoPair } from "./echo/echo.js";
import { isolate } from "./lib/isolate.js";
import type { LimitReport } from "./limits/child.js";

export interface Limit {
  id: string;
  title: string;
  /** What `bytesEach` counts. */
  each: string;
  /** The module that runs it, where it is not the usual one. */
  child?: URL;
}

export interface LimitResult extends Omit<Limit, "child"> {
  seconds: number;
  report?: LimitReport;
  error?: string;
}

const CHILD = new URL("./limits/child.js", import.meta.url);
const THREADS = new URL("./limits/threads.js", import.meta.url);

export const LIMITS: readonly Limit[] = [
  { id: "limit-sleeping-tasks", title: "1,000,000 sleeping tasks", each: "task" },
  { id: "limit-live-timers", title: "1,000,000 live timers", each: "timer" },
  { id: "limit-connections", title: "10,000 TCP connections in one process", each: "connection" },
  { id: "limit-chain", title: "a chain of 100,000 fn calls", each: "call" },
  { id: "limit-recursion", title: "fn recursion 10,000 deep", each: "call" },
  { id: "limit-queued-tasks", title: "1,000,000 tasks queued for 2 workers", each: "task", child: THREADS },
  { id: "limit-runtimes", title: "1,000 runtimes with a thread, in a row", each: "runtime", child: THREADS },
  { id: "limit-idle-threads", title: "an idle multi-thread runtime", each: "runtime", child: THREADS },
];

const CONNECTIONS = 10_000;

async function connections(): Promise<LimitReport> {
  const options = { connections: CONNECTIONS, messages: CONNECTIONS * 2, warmUp: CONNECTIONS, size: 64, hold: true };
  const pair = await EchoPair.start("toki", options);
  try {
    const open = await pair.ask("memory");
    if (open.connections !== CONNECTIONS) throw new Error(`${open.connections} connections are open`);
    const nanoseconds = await pair.run();
    const rate = Math.round((CONNECTIONS * 2) / (nanoseconds / 1e9));
    return {
      bytesEach: ((open.bytes as number) - pair.bytesAtStart) / CONNECTIONS,
      rss: open.rss,
      detail: `every byte echoed and compared, then ${rate.toLocaleString("en-US")} messages/s over all of them`,
    };
  } finally {
    await pair.end();
  }
}

export async function runLimit(limit: Limit): Promise<LimitResult> {
  const start = performance.now();
  const { id, title, each, child = CHILD } = limit;
  const result: LimitResult = { id, title, each, seconds: 0 };
  try {
    result.report = id === "limit-connections" ? await connections() : await isolate<LimitReport>(child, [id]);
  } catch (error) {
    result.error = error instanceof Error ? error.message : String(error);
  }
  result.seconds = (performance.now() - start) / 1000;
  return result;
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20).toLocaleString("en-US")} MiB`;

export function limitsTable(results: readonly LimitResult[]): string {
  const width = Math.max(...results.map((result) => result.title.length));
  const lines = results.map(({ title, each, seconds, report, error }) => {
    const head = title.padEnd(width);
    if (report === undefined) return `${head}  FAILED: ${error}`;
    const bytes = `${Math.round(report.bytesEach).toLocaleString("en-US")} B a ${each}`;
    const figure = report.figure ?? bytes;
    return `${head}  ${figure.padStart(20)}  ${megabytes(report.rss).padStart(10)} resident  ${seconds.toFixed(1).padStart(5)} s  ${report.detail}`;
  });
  return ["limits", ...lines].join("\n");
}
