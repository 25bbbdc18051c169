import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { join, spawn } from "toki";
import { ReuniteError } from "toki/net";
import { assertPending, assertReadyEq, testTask, test as toki } from "toki/test";
import { bytes, drain, failure, noHandlesLeft, pair, text, turns } from "./support.js";

const dispose = (...streams: readonly Disposable[]) => {
  for (const stream of streams) stream[Symbol.dispose]();
};

describe("TcpStream.split", () => {
  test(
    "two tasks use both directions at once",
    toki(function* () {
      const [client, server] = yield* pair();
      const sent = bytes(2_000_000);
      const echo = spawn(function* () {
        using stream = server;
        for (let chunk = yield* stream.readChunk(); chunk !== undefined; chunk = yield* stream.readChunk()) {
          yield* stream.writeAll(chunk);
        }
      });
      const [reader, writer] = client.split();
      const [received] = yield* join(drain(reader), function* () {
        yield* writer.writeAll(sent);
        yield* writer.shutdown();
      });
      assert.ok(received.equals(sent));
      yield* echo;
      client[Symbol.dispose]();
    }),
  );

  test(
    "halves have what the stream has, and know both addresses",
    toki(function* () {
      const [client, server] = yield* pair();
      const [reader, writer] = client.split();
      assert.ok(reader.peerAddr.equals(server.localAddr) && writer.peerAddr.equals(server.localAddr));
      assert.ok(reader.localAddr.equals(server.peerAddr) && writer.localAddr.equals(server.peerAddr));
      yield* server.writeAll(text("hello"));
      yield* reader.readable();
      const buffer = new Uint8Array(8);
      assert.equal(yield* reader.peek(buffer), 5);
      assert.equal(reader.tryRead(buffer.subarray(0, 2)), 2);
      assert.equal(yield* reader.read(buffer), 3);
      yield* writer.writable();
      assert.equal(writer.tryWrite(text("a")), 1);
      assert.equal(yield* writer.write(text("b")), 1);
      yield* writer.writeAll(text("c"));
      yield* writer.flush();
      yield* writer.shutdown();
      assert.equal(String(yield* drain(server)), "abc");
      dispose(client, server);
    }),
  );

  test(
    "one direction, whichever object it is asked on, has one waiter",
    toki(function* () {
      const [client, server] = yield* pair();
      const [reader] = client.split();
      const waiting = testTask(reader.readChunk());
      assertPending(waiting.poll());
      assert.throws(() => testTask(client.readChunk()).poll(), { code: "TOKI_FUTURE_IN_USE" });
      waiting[Symbol.dispose]();
      dispose(client, server);
      yield* failure(reader.readChunk(), "notConnected");
    }),
  );
});

describe("TcpStream.intoSplit", () => {
  test(
    "disposing the write half shuts down our side; reads go on; the connection closes with the second half",
    toki(function* () {
      const [client, server] = yield* pair();
      const [reader, writer] = client.intoSplit();
      yield* writer.writeAll(text("question"));
      dispose(writer, writer);
      assert.equal(String(yield* drain(server)), "question");
      yield* server.writeAll(text("answer"));
      assert.equal(String(yield* reader.readChunk()), "answer");
      reader[Symbol.dispose]();
      server[Symbol.dispose]();
      yield* noHandlesLeft();
    }),
  );

  test(
    "disposing the read half changes nothing for the peer",
    toki(function* () {
      const [client, server] = yield* pair();
      const [reader, writer] = client.intoSplit();
      reader[Symbol.dispose]();
      yield* writer.writeAll(text("hello"));
      assert.equal(String(yield* server.readChunk()), "hello");
      const more = testTask(server.readChunk());
      assertPending(more.poll());
      yield* turns();
      assert.equal(more.isWoken, false);
      writer[Symbol.dispose]();
      yield* turns();
      assertReadyEq(more.poll(), undefined);
      server[Symbol.dispose]();
      yield* noHandlesLeft();
    }),
  );

  test(
    "forget gives the write half up without an end of stream, until the read half goes",
    toki(function* () {
      const [client, server] = yield* pair();
      const [reader, writer] = client.intoSplit();
      writer.forget();
      writer.forget();
      const end = testTask(server.readChunk());
      assertPending(end.poll());
      yield* turns();
      assert.equal(end.isWoken, false);
      yield* server.writeAll(text("hello"));
      assert.equal(String(yield* reader.readChunk()), "hello");
      reader[Symbol.dispose]();
      yield* turns();
      assertReadyEq(end.poll(), undefined);
      server[Symbol.dispose]();
      yield* noHandlesLeft();
    }),
  );

  test(
    "what the write half took goes out, though both halves are disposed before the kernel had it",
    toki(function* () {
      const [client, server] = yield* pair();
      const [reader, writer] = client.intoSplit();
      let count = 0;
      for (;;) {
        using writable = testTask(writer.writable());
        if (typeof writable.poll() === "symbol") break;
        count += yield* writer.write(bytes(65536));
      }
      dispose(writer, reader);
      assert.equal((yield* drain(server)).length, count);
      server[Symbol.dispose]();
      yield* noHandlesLeft();
    }),
  );

  test(
    "the stream that was taken apart is no longer usable, and disposing it does nothing",
    toki(function* () {
      const [client, server] = yield* pair();
      const [reader, writer] = client.intoSplit();
      client[Symbol.dispose]();
      assert.throws(() => client.readChunk(), { kind: "notConnected", message: /taken apart/ });
      assert.throws(() => client.writeAll(text("x")), { kind: "notConnected" });
      assert.throws(() => client.intoSplit(), { kind: "notConnected" });
      assert.throws(() => client.peerAddr, { kind: "notConnected" });
      yield* writer.writeAll(text("x"));
      assert.equal(String(yield* server.readChunk()), "x");
      dispose(reader, writer, server);
    }),
  );

  test(
    "a disposed half is not usable",
    toki(function* () {
      const [client, server] = yield* pair();
      const [reader, writer] = client.intoSplit();
      dispose(writer);
      assert.throws(() => writer.writeAll(text("x")), { name: "IoError", message: /disposed/ });
      dispose(reader);
      assert.throws(() => reader.readChunk(), { name: "IoError", message: /disposed/ });
      dispose(server);
    }),
  );

  test(
    "a task parked on a half is woken when both are disposed",
    toki(function* () {
      const [client, server] = yield* pair();
      const [reader, writer] = client.intoSplit();
      const task = spawn(failure(reader.readChunk(), "notConnected"));
      yield* turns(2);
      dispose(writer, reader);
      yield* task;
      server[Symbol.dispose]();
    }),
  );
});

describe("OwnedReadHalf.reunite", () => {
  test(
    "gives the stream back, and the halves are no longer usable",
    toki(function* () {
      const [client, server] = yield* pair();
      const [reader, writer] = client.intoSplit();
      const stream = reader.reunite(writer);
      dispose(reader, writer);
      yield* stream.writeAll(text("hello"));
      assert.equal(String(yield* server.readChunk()), "hello");
      assert.throws(() => reader.readChunk(), { kind: "notConnected" });
      assert.throws(() => reader.reunite(writer), { kind: "notConnected" });
      stream[Symbol.dispose]();
      assert.equal(yield* server.readChunk(), undefined);
      server[Symbol.dispose]();
      yield* noHandlesLeft();
    }),
  );

  test(
    "refuses a half of another stream, and leaves both as they are",
    toki(function* () {
      const [a, b] = yield* pair();
      const [readA, writeA] = a.intoSplit();
      const [readB, writeB] = b.intoSplit();
      assert.throws(
        () => readA.reunite(writeB),
        (error) =>
          error instanceof ReuniteError &&
          error.readHalf === readA &&
          error.writeHalf === writeB &&
          error.code === "TOKI_REUNITE",
      );
      assert.throws(() => readA.reunite({} as never), { argument: "writeHalf" });
      const again = readA.reunite(writeA);
      yield* again.writeAll(text("hello"));
      assert.equal(String(yield* readB.readChunk()), "hello");
      dispose(again, readB, writeB);
    }),
  );
});
