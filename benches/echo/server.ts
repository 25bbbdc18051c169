/**
 * The echo server under test, alone in its process: `server.js toki|node`.
 * Tells its parent the port; answers `mark` with the CPU time and memory it has used so far; ends when its parent goes.
 */
import { bytesInUse } from "../lib/measure.js";

export interface EchoServer {
  port: number;
  /** How many connections are open now. */
  connections(): number;
}

export interface ServerHello {
  port: number;
  /** Bytes in use before the first connection. */
  bytes: number;
}

export type ServerRequest = "cpu" | "memory";

export interface ServerReport {
  cpuMicros: number;
  /** Heap and external bytes after a collection; only for `memory`. */
  bytes?: number;
  rss: number;
  connections: number;
}

const { listen } = (await import(`./${process.argv[2]}-server.js`)) as { listen(): Promise<EchoServer> };
const server = await listen();

process.on("message", (request: ServerRequest) => {
  const cpu = process.cpuUsage();
  const report: ServerReport = {
    cpuMicros: cpu.user + cpu.system,
    rss: process.memoryUsage.rss(),
    connections: server.connections(),
  };
  if (request === "memory") report.bytes = bytesInUse();
  process.send?.(report);
});
process.on("disconnect", () => process.exit(0));
process.send?.({ port: server.port, bytes: bytesInUse() } satisfies ServerHello);
