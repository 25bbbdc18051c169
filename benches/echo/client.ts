/**
 * The load generator, alone in its process and the same for every server: `client.js '{"port", ...}'`.
 * Each connection sends a message, waits for all of its bytes, sends the next; the timed part begins after a warm-up in which
 * every byte is compared. It reads into one buffer for each connection (`onread`), so that the server is what limits the figure.
 */
import { connect, type Socket } from "node:net";

export interface ClientOptions {
  port: number;
  connections: number;
  /** Messages in the timed part, over all connections. */
  messages: number;
  warmUp: number;
  /** Bytes of a message. */
  size: number;
  /** Keep the connections open until told to end. */
  hold?: boolean;
}

export type ClientEvent = { event: "start" } | { event: "done"; nanoseconds: number };

const options = JSON.parse(process.argv[2] ?? "") as ClientOptions;
const message = Buffer.from(Array.from({ length: options.size }, (_, i) => (i * 7 + 13) & 255));
const sockets: Socket[] = [];
const received: number[] = [];

let comparing = true;
let toSend = 0;
let toReceive = 0;
let phaseDone: () => void = () => {};

function fail(why: string): never {
  console.error(`echo client: ${why}`);
  process.exit(1);
}

function send(id: number): void {
  toSend--;
  (sockets[id] as Socket).write(message);
}

function onBytes(id: number, count: number, buffer: Uint8Array): void {
  const before = received[id] as number;
  if (before + count > message.length) fail("more bytes came back than were sent");
  if (comparing && message.compare(buffer, 0, count, before, before + count) !== 0) fail("other bytes came back");
  received[id] = before + count;
  if (before + count < message.length) return;
  received[id] = 0;
  toReceive--;
  if (toSend > 0) send(id);
  else if (toReceive === 0) phaseDone();
}

function open(id: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({
      port: options.port,
      host: "127.0.0.1",
      onread: {
        buffer: Buffer.alloc(Math.max(1024, options.size)),
        callback: (count, buffer) => {
          onBytes(id, count, buffer);
          return true;
        },
      },
    });
    socket.on("error", (error) => fail(error.message));
    socket.on("end", () => fail("the server closed a connection"));
    socket.on("connect", () => resolve());
    sockets[id] = socket;
    received[id] = 0;
  });
}

/** Sends `count` messages over all connections and waits for every answer. */
function exchange(count: number): Promise<void> {
  return new Promise((resolve) => {
    phaseDone = resolve;
    toSend = toReceive = count;
    for (let id = 0; id < sockets.length && toSend > 0; id++) send(id);
  });
}

const AT_ONCE = 100;
for (let id = 0; id < options.connections; id += AT_ONCE) {
  const count = Math.min(AT_ONCE, options.connections - id);
  await Promise.all(Array.from({ length: count }, (_, i) => open(id + i)));
}
await exchange(options.warmUp);
comparing = false;
// The parent asks the server for its CPU time before it lets the timed part begin.
await new Promise<void>((resolve) => {
  process.once("message", () => resolve());
  process.send?.({ event: "start" } satisfies ClientEvent);
});
const start = performance.now();
if (options.messages > 0) await exchange(options.messages);
const done: ClientEvent = { event: "done", nanoseconds: (performance.now() - start) * 1e6 };
process.on("disconnect", () => process.exit(0));
process.send?.(done);
if (options.hold !== true) process.disconnect?.();
