import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { describe, test } from "node:test";
import { fn, spawn } from "toki";
import { IoError } from "toki/io";
import { TcpListener, TcpStream } from "toki/net";
import { test as toki } from "toki/test";
import { bytes, pair, turns, until } from "./support.js";

const PIECE = 64 * 1024;
const KERNEL = 16 * 1024 * 1024; // more than any kernel keeps for one loopback connection by default

interface Progress {
  written: number;
}

/** Writes `total` bytes, the same pieces over and over, and counts what was accepted. */
const pump = fn(function* pump(stream: TcpStream, total: number, progress: Progress) {
  const piece = bytes(PIECE);
  while (progress.written < total) {
    yield* stream.writeAll(piece);
    progress.written += PIECE;
  }
  yield* stream.shutdown();
});

/** Lets the loop turn until `read()` has not changed for 100 turns. */
const settled = fn(function* settled(read: () => number) {
  for (let last = -1, still = 0; still < 100; still++) {
    const now = read();
    if (now !== last) still = 0;
    last = now;
    yield* turns(1);
  }
  return read();
});

describe("backpressure", () => {
  test(
    "a peer that does not read stops the writer; as it reads, the writer goes on, no further ahead than before",
    toki(function* () {
      const [client, server] = yield* pair();
      const total = 96 * 1024 * 1024;
      const progress = { written: 0 };
      const writer = spawn(pump(client, total, progress));
      const stopped = yield* settled(() => progress.written);
      assert.ok(stopped < KERNEL, `${stopped} bytes were accepted while nobody read`);
      assert.equal(writer.isFinished(), false);

      let received = 0;
      let ahead = 0;
      const buffer = new Uint8Array(PIECE);
      const piece = Buffer.from(bytes(PIECE));
      for (;;) {
        ahead = Math.max(ahead, progress.written - received);
        const count = yield* server.read(buffer);
        if (count === 0) break;
        for (let i = 0; i < count; ) {
          const from = (received + i) % PIECE;
          const length = Math.min(count - i, PIECE - from);
          assert.equal(piece.compare(buffer, i, i + length, from, from + length), 0);
          i += length;
        }
        received += count;
      }
      assert.equal(received, total);
      assert.ok(ahead < KERNEL, `the writer was ${ahead} bytes ahead of the reader`);
      yield* writer;
      client[Symbol.dispose]();
      server[Symbol.dispose]();
    }),
  );

  test(
    "a task that stops reading stops the peer, with no more than two chunks waiting in the process",
    toki(function* () {
      const [client, server] = yield* pair();
      const total = 48 * 1024 * 1024;
      const progress = { written: 0 };
      const writer = spawn(pump(client, total, progress));
      assert.equal(yield* server.read(new Uint8Array(1)), 1); // from here on it flows
      const stopped = yield* settled(() => progress.written);
      assert.ok(stopped < KERNEL, `${stopped} bytes were accepted while nobody read`);

      // Without a turn of the loop, this takes what waits in the process and nothing more.
      const buffer = new Uint8Array(1000);
      let waiting = 0;
      try {
        for (;;) waiting += server.tryRead(buffer);
      } catch (error) {
        assert.ok(error instanceof IoError && error.kind === "wouldBlock");
      }
      assert.ok(waiting <= 2 * PIECE, `${waiting} bytes waited`);

      let received = 1 + waiting;
      for (let chunk = yield* server.readChunk(); chunk !== undefined; chunk = yield* server.readChunk())
        received += chunk.length;
      assert.equal(received, total);
      yield* writer;
      client[Symbol.dispose]();
      server[Symbol.dispose]();
    }),
  );

  test(
    "before the first read everything stays with the system",
    toki(function* () {
      const [client, server] = yield* pair();
      const progress = { written: 0 };
      const writer = spawn(pump(client, 48 * 1024 * 1024, progress));
      const stopped = yield* settled(() => progress.written);
      assert.ok(stopped < KERNEL);
      assert.throws(() => server.tryRead(new Uint8Array(1)), { kind: "wouldBlock" });
      writer.abort();
      client[Symbol.dispose]();
      server[Symbol.dispose]();
    }),
  );

  test(
    "a bare node:net peer: it is stopped too, and everything arrives",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const peer: Socket = connect(listener.localAddr.port, "127.0.0.1");
      const [server] = yield* listener.accept();
      assert.equal(peer.write(bytes(KERNEL + 8 * PIECE)), false);
      const piece = bytes(1);
      yield* server.readable();
      const left = yield* settled(() => peer.writableLength);
      assert.ok(left > 0, "the kernel took everything");
      peer.end(piece);
      let received = 0;
      for (let chunk = yield* server.readChunk(); chunk !== undefined; chunk = yield* server.readChunk())
        received += chunk.length;
      assert.equal(received, KERNEL + 8 * PIECE + 1);
      server[Symbol.dispose]();
      yield* until(() => peer.destroyed);
    }),
  );

  test(
    "a bare node:net peer that does not read stops the writer",
    toki(function* () {
      const server = createServer({ pauseOnConnect: true });
      server.listen(0, "127.0.0.1");
      yield* until(() => server.listening);
      let peer: Socket | undefined;
      server.on("connection", (socket) => {
        peer = socket;
      });
      using client = yield* TcpStream.connect({ host: "127.0.0.1", port: (server.address() as { port: number }).port });
      yield* until(() => peer !== undefined);
      const progress = { written: 0 };
      const writer = spawn(pump(client, 48 * 1024 * 1024, progress));
      const stopped = yield* settled(() => progress.written);
      assert.ok(stopped < KERNEL);
      assert.equal(writer.isFinished(), false);
      let received = 0;
      peer?.on("data", (chunk: Buffer) => {
        received += chunk.length;
      });
      peer?.resume();
      yield* writer;
      yield* until(() => received === 48 * 1024 * 1024);
      peer?.destroy();
      server.close();
    }),
  );
});
