/** Runs one echo measurement: a fresh server process, a fresh client process, and this process between them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { ClientEvent, ClientOptions } from "./client.js";
import type { ServerHello, ServerReport, ServerRequest } from "./server.js";

export type ServerKind = "toki" | "node";

export interface EchoResult {
  /** Messages answered each second. */
  throughput: number;
  /** Nanoseconds of the server's CPU for each message. */
  serverCpu: number;
}

/** Longer than any phase takes. */
const LIMIT_MS = 60_000;

/** The next message of a child; fails when it exits instead, or hangs. */
async function nextMessage<T>(child: ChildProcess, name: string): Promise<T> {
  const abandon = new AbortController();
  const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  try {
    return await Promise.race([
      once(child, "message", { signal: abandon.signal }).then(([message]) => message as T),
      once(child, "exit", { signal: abandon.signal }).then(([code]) => {
        throw new Error(`the ${name} ended with ${code ?? `a signal, after at most ${LIMIT_MS / 1000} s of silence`}`);
      }),
    ]);
  } finally {
    clearTimeout(limit);
    abandon.abort();
  }
}

function start(file: string, argument: string): ChildProcess {
  return fork(new URL(file, import.meta.url), [argument], { execArgv: ["--expose-gc"] });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  if (child.connected) child.disconnect();
  const force = setTimeout(() => child.kill("SIGKILL"), 5000);
  await gone;
  clearTimeout(force);
}

/** A server and a client process; `ask` reads the server's counters while the client waits. */
export class EchoPair {
  readonly #server: ChildProcess;
  #client: ChildProcess | undefined;
  /** Bytes the server used before the first connection. */
  bytesAtStart = 0;

  private constructor(server: ChildProcess) {
    this.#server = server;
  }

  static async start(kind: ServerKind, options: Omit<ClientOptions, "port">): Promise<EchoPair> {
    const pair = new EchoPair(start("./server.js", kind));
    try {
      const { port, bytes } = await nextMessage<ServerHello>(pair.#server, "server");
      pair.bytesAtStart = bytes;
      pair.#client = start("./client.js", JSON.stringify({ ...options, port } satisfies ClientOptions));
      await nextMessage<ClientEvent>(pair.#client, "client");
      return pair;
    } catch (error) {
      await pair.end();
      throw error;
    }
  }

  ask(request: ServerRequest): Promise<ServerReport> {
    const answer = nextMessage<ServerReport>(this.#server, "server");
    this.#server.send(request);
    return answer;
  }

  /** Lets the client run its timed part; gives the nanoseconds it took. */
  async run(): Promise<number> {
    const client = this.#client as ChildProcess;
    const answer = nextMessage<ClientEvent>(client, "client");
    client.send("go");
    const event = await answer;
    if (event.event !== "done") throw new Error("the client did not finish");
    return event.nanoseconds;
  }

  async end(): Promise<void> {
    if (this.#client !== undefined) await end(this.#client);
    await end(this.#server);
  }
}

const MESSAGES = 200_000;
const WARM_UP = 30_000;
export const MESSAGE_BYTES = 256;

export async function measureEcho(kind: ServerKind, connections: number): Promise<EchoResult> {
  const pair = await EchoPair.start(kind, { connections, messages: MESSAGES, warmUp: WARM_UP, size: MESSAGE_BYTES });
  try {
    const before = await pair.ask("cpu");
    const nanoseconds = await pair.run();
    const after = await pair.ask("cpu");
    return {
      throughput: MESSAGES / (nanoseconds / 1e9),
      serverCpu: ((after.cpuMicros - before.cpuMicros) * 1000) / MESSAGES,
    };
  } finally {
    await pair.end();
  }
}
