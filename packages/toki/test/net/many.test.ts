import assert from "node:assert/strict";
import { test } from "node:test";
import { fn, JoinSet, spawn } from "toki";
import { TcpListener, TcpStream } from "toki/net";
import { test as toki } from "toki/test";
import { bytes, noHandlesLeft } from "./support.js";

const CONNECTIONS = 1000;
const ROUNDS = 3;

const echo = fn(function* echo(stream: TcpStream) {
  using socket = stream;
  for (;;) {
    const chunk = yield* socket.readChunk();
    if (chunk === undefined) return;
    yield* socket.writeAll(chunk);
  }
});

const serve = fn(function* serve(listener: TcpListener) {
  for (;;) spawn(echo((yield* listener.accept())[0]));
});

const readExactly = fn(function* readExactly(stream: TcpStream, length: number) {
  const buffer = Buffer.alloc(length);
  for (let filled = 0; filled < length; ) {
    const count = yield* stream.read(buffer.subarray(filled));
    assert.notEqual(count, 0, "the stream ended early");
    filled += count;
  }
  return buffer;
});

const client = fn(function* client(listener: TcpListener, id: number) {
  using stream = yield* TcpStream.connect(listener.localAddr);
  let compared = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const sent = bytes(1 + ((id * 37 + round * 1009) % 5000), id + round);
    yield* stream.writeAll(sent);
    assert.ok((yield* readExactly(stream, sent.length)).equals(sent));
    compared += sent.length;
  }
  yield* stream.shutdown();
  assert.equal(yield* stream.readChunk(), undefined);
  return compared;
});

test(
  `${CONNECTIONS} echo connections at once, every byte compared`,
  toki(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const server = spawn(serve(listener));
    const clients = new JoinSet<number>();
    for (let id = 0; id < CONNECTIONS; id++) clients.spawn(client(listener, id));
    let compared = 0;
    let done = 0;
    for (let result = yield* clients.joinNext(); result !== undefined; result = yield* clients.joinNext()) {
      if (!result.ok) throw result.error;
      compared += result.value;
      done++;
    }
    assert.equal(done, CONNECTIONS);
    assert.ok(compared > CONNECTIONS * ROUNDS * 1000);
    server.abort();
    listener[Symbol.dispose]();
    yield* noHandlesLeft();
  }),
);
