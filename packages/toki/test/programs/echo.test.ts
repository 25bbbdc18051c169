// The echo servers of the articles, on real sockets.
import assert from "node:assert/strict";
import test from "node:test";
import { fn, join, spawn } from "toki";
import { TcpListener, TcpStream } from "toki/net";
import { test as toki } from "toki/test";

const SIZE = 1024;

const handle = fn(function* handle(stream: TcpStream, log: string[]) {
  using socket = stream;
  const buffer = new Uint8Array(SIZE);
  for (;;) {
    const n = yield* socket.read(buffer);
    if (n === 0) break;
    yield* socket.writeAll(buffer.subarray(0, n));
  }
  log.push("disconnected");
});

const serve = fn(function* serve(listener: TcpListener, log: string[]) {
  for (;;) {
    const [socket] = yield* listener.accept();
    log.push("connected");
    spawn(function* () {
      try {
        yield* handle(socket, log);
      } catch (error) {
        log.push((error as Error).name);
      }
    });
  }
});

const echo = fn(function* echo(port: number, sent: Uint8Array) {
  using socket = yield* TcpStream.connect(`127.0.0.1:${port}`);
  const [readHalf, writeHalf] = socket.split();
  const write = fn(function* write() {
    yield* writeHalf.writeAll(sent);
    yield* writeHalf.shutdown();
  });
  const read = fn(function* read() {
    const chunks: Uint8Array[] = [];
    for (let chunk = yield* readHalf.readChunk(); chunk !== undefined; chunk = yield* readHalf.readChunk())
      chunks.push(chunk);
    return Buffer.concat(chunks);
  });
  const [, received] = yield* join(write(), read());
  return received.equals(sent);
});

function bytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 255);
}

test(
  "programs 23, 93: bytes come back unchanged, from several clients at once; the end of the stream ends the task",
  toki(function* () {
    const log: string[] = [];
    using listener = yield* TcpListener.bind("127.0.0.1:0");
    const server = spawn(serve(listener, log));
    const { port } = listener.localAddr;
    const results = yield* join(echo(port, bytes(5, 1)), echo(port, bytes(SIZE, 2)), echo(port, bytes(300_000, 3)));
    assert.deepEqual(results, [true, true, true]);
    while (log.length < 6) yield* join(echo(port, bytes(1, 4)));
    assert.equal(log[0], "connected");
    server.abort();
  }),
);

test(
  "programs 23, 93: a connection that fails ends its own task, the server goes on",
  toki(function* () {
    const log: string[] = [];
    using listener = yield* TcpListener.bind("127.0.0.1:0");
    const server = spawn(serve(listener, log));
    const { port } = listener.localAddr;
    const bad = yield* TcpStream.connect(`127.0.0.1:${port}`);
    yield* bad.writeAll(bytes(10, 0));
    yield* bad.readChunk();
    bad.resetOnClose();
    bad[Symbol.dispose]();
    while (!log.includes("IoError")) assert.equal(yield* echo(port, bytes(100, 5)), true);
    assert.equal(yield* echo(port, bytes(100, 6)), true);
    server.abort();
  }),
);
