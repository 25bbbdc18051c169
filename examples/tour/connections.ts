import { type Future, fn, Instant, JoinSet, scope } from "toki";
import { TcpListener, TcpStream } from "toki/net";
import { Semaphore } from "toki/sync";
import type { Section } from "./report.js";

const CONNECTIONS = 1000;
const MESSAGES = 10;
const MESSAGE_BYTES = 1024;
/** Connection attempts at once: the backlog of a listening socket is short. */
const CONNECTING = 100;

const echo = fn(function* echo(stream: TcpStream) {
  using socket = stream;
  for (let chunk = yield* socket.readChunk(); chunk !== undefined; chunk = yield* socket.readChunk()) {
    yield* socket.writeAll(chunk);
  }
});

const serve = fn(function* serve(listener: TcpListener) {
  using handlers = new JoinSet<void>();
  for (let accepted = 0; accepted < CONNECTIONS; accepted++) {
    const [socket] = yield* listener.accept();
    handlers.spawn(echo(socket));
  }
  while ((yield* handlers.joinNext()) !== undefined);
});

/** Bytes that differ between connections and messages. */
function fill(buffer: Uint8Array, connection: number, message: number): void {
  let state = (connection * 0x9e3779b1 + message * 0x85ebca6b + 1) >>> 0;
  for (let i = 0; i < buffer.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    buffer[i] = state >>> 24;
  }
}

interface Totals {
  open: number;
  peak: number;
  messages: number;
  bytes: number;
  wrong: number;
}

/** Reads `expected.length` bytes and counts those that are not as expected. */
const compare = fn(function* compare(socket: TcpStream, expected: Uint8Array) {
  let at = 0;
  let wrong = 0;
  while (at < expected.length) {
    const chunk = yield* socket.readChunk();
    if (chunk === undefined) return wrong + expected.length - at;
    for (let i = 0; i < chunk.length; i++) if (chunk[i] !== expected[at + i]) wrong++;
    at += chunk.length;
  }
  return wrong;
});

const client = fn(function* client(n: number, connect: () => Future<TcpStream>, allOpen: Semaphore, totals: Totals) {
  using socket = yield* connect();
  totals.peak = Math.max(totals.peak, ++totals.open);
  if (totals.open === CONNECTIONS) allOpen.addPermits(CONNECTIONS);
  try {
    using _go = yield* allOpen.acquire(); // nobody begins before all are connected
    const sent = new Uint8Array(MESSAGE_BYTES);
    for (let message = 0; message < MESSAGES; message++) {
      fill(sent, n, message);
      yield* socket.writeAll(sent);
      totals.wrong += yield* compare(socket, sent);
      totals.messages++;
      totals.bytes += MESSAGE_BYTES;
    }
  } finally {
    totals.open--;
  }
});

export const connections: Section = {
  key: "connections",
  title: "1,000 TCP connections echo at once, every byte compared",
  run: fn(function* connections(progress: (text: string) => void) {
    const totals: Totals = { open: 0, peak: 0, messages: 0, bytes: 0, wrong: 0 };
    using listener = yield* TcpListener.bind("127.0.0.1:0");
    const { port } = listener.localAddr;
    const connecting = new Semaphore(CONNECTING);
    const connect = fn(function* connect() {
      using _slot = yield* connecting.acquire();
      progress(`${totals.open} open`);
      return yield* TcpStream.connect(`127.0.0.1:${port}`);
    });
    const start = Instant.now();
    yield* scope(function* (s) {
      const allOpen = new Semaphore(0);
      s.spawn(serve(listener));
      for (let n = 0; n < CONNECTIONS; n++) s.spawn(client(n, connect, allOpen, totals));
    });
    const elapsedMs = Math.round(start.elapsed());
    const { peak, messages, bytes, wrong } = totals;
    const megabytes = (bytes / 1e6).toFixed(1);
    return {
      ok: peak === CONNECTIONS && wrong === 0 && messages === CONNECTIONS * MESSAGES,
      figures: { connections: peak, messages, bytesEachWay: bytes, bytesWrong: wrong, elapsedMs },
      lines: [
        `${peak} open at once, ${messages} messages, ${megabytes} MB each way in ${(elapsedMs / 1000).toFixed(2)} s; ${wrong} bytes differ`,
      ],
    };
  }),
};
