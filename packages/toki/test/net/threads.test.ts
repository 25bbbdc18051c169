import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { type Future, fn, JoinError, NotSendError, Runtime, spawn, yieldNow } from "toki";
import { TcpListener, TcpStream } from "toki/net";
import { bytes, drain, failure, noHandlesLeft, pair, text, turns } from "./support.js";
import { echo, exit, giveBack, greet, handOn, occupy, unpack, useAndGiveBack } from "./threads.functions.js";
import { threadTest, unlessMoving, unlessStaying } from "./threads.support.js";

/** A call that cannot be spawned. */
function refusal(call: () => unknown): NotSendError {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof NotSendError, String(error));
    return error;
  }
  assert.fail("it was spawned");
}

/** What a future throws. */
const caught = fn(function* caught(future: Future<unknown>) {
  try {
    yield* future;
  } catch (error) {
    return error;
  }
  assert.fail("it did not fail");
});

threadTest("TcpStream goes to a worker with its addresses and options", unlessMoving, async (rt) => {
  await rt.run(function* () {
    const [client, server] = yield* pair();
    using _ = client;
    const { localAddr, peerAddr } = server;
    server.noDelay = true;
    const seen = yield* spawn(greet(server, "hello"));
    assert.ok(seen.worker === 0 || seen.worker === 1);
    assert.equal(seen.local, String(localAddr));
    assert.equal(seen.peer, String(peerAddr));
    assert.equal(seen.noDelay, true);
    assert.equal(String(yield* drain(client)), "hello");
  });
});

threadTest("TcpStream of connect goes as well, without ever being read here", unlessMoving, async (rt) => {
  await rt.run(function* () {
    const [client, server] = yield* pair();
    using _ = server;
    const handle = spawn(echo(client));
    yield* server.writeAll(text("ping"));
    yield* server.shutdown();
    assert.equal(String(yield* drain(server)), "ping");
    yield* handle;
  });
});

threadTest("TcpStream brings what arrived before it went and what arrives meanwhile", unlessMoving, async (rt) => {
  await rt.run(function* () {
    const sent = bytes(1_000_000);
    const [client, server] = yield* pair();
    using sink = client;
    yield* sink.writeAll(sent.subarray(0, 1000));
    yield* turns();
    const writing = spawn(function* () {
      for (let at = 1000; at < sent.length; at += 10_000) {
        yield* sink.writeAll(sent.subarray(at, Math.min(sent.length, at + 10_000)));
        yield* yieldNow();
      }
      yield* sink.shutdown();
    });
    const handle = spawn(echo(server));
    assert.ok(Buffer.from(sent).equals(yield* drain(sink)));
    yield* writing;
    yield* handle;
  });
});

threadTest("TcpStream that the peer has finished arrives with its end", unlessMoving, async (rt) => {
  await rt.run(function* () {
    const [client, server] = yield* pair();
    using _ = client;
    yield* client.writeAll(text("last"));
    yield* client.shutdown();
    yield* turns();
    yield* spawn(echo(server));
    assert.equal(String(yield* drain(client)), "last");
  });
});

threadTest("TcpStream cannot be used here once it is sent, and disposing it does nothing", unlessMoving, async (rt) => {
  await rt.run(function* () {
    const [client, server] = yield* pair();
    using _ = client;
    const [reader] = server.split();
    const handle = spawn(echo(server));
    const sent = { kind: "notConnected", message: /sent to another thread/ };
    assert.throws(() => server.readChunk(), sent);
    assert.throws(() => server.tryWrite(text("x")), sent);
    assert.throws(() => server.localAddr, sent);
    assert.throws(() => server.intoSplit(), sent);
    yield* failure(reader.readChunk(), "notConnected");
    assert.match(refusal(() => spawn(echo(server))).message, /argument 0 is a TcpStream that was .* sent away/);
    server[Symbol.dispose]();
    yield* client.writeAll(text("still there"));
    yield* client.shutdown();
    assert.equal(String(yield* drain(client)), "still there");
    yield* handle;
  });
});

threadTest(
  "TcpStream goes inside of other values, and arrives once however often it is in them",
  unlessMoving,
  async (rt) => {
    // The second time the message is too long for shared memory.
    for (const filler of ["", "f".repeat(9_000_000)]) {
      await rt.run(function* () {
        const [client, server] = yield* pair();
        const [client2, server2] = yield* pair();
        using _ = client;
        using __ = client2;
        yield* client.writeAll(text("one"));
        yield* client.shutdown();
        yield* client2.writeAll(text("two"));
        yield* client2.shutdown();
        const job = { streams: [server, server2], again: server, buffer: new ArrayBuffer(2_000_000), filler };
        const seen = yield* spawn(unpack(job));
        assert.deepEqual(seen, { texts: ["one", "two"], isSame: true, bytes: 2_000_000, filler: filler.length });
        assert.equal(job.buffer.byteLength, 2_000_000);
      });
    }
  },
);

threadTest("TcpStream goes from worker to worker", unlessMoving, async (rt) => {
  await rt.run(function* () {
    const [client, server] = yield* pair();
    using _ = client;
    yield* client.writeAll(text("far"));
    yield* client.shutdown();
    const worker = yield* spawn(handOn(server));
    assert.ok(worker === 0 || worker === 1);
    assert.equal(String(yield* drain(client)), "far");
  });
});

threadTest("TcpStream comes back as a result, if it was not used there", unlessMoving, async (rt) => {
  await rt.run(function* () {
    const [client, server] = yield* pair();
    using _ = client;
    const { peerAddr } = server;
    const { stream } = yield* spawn(giveBack(server));
    {
      using back = stream;
      assert.ok(back instanceof TcpStream);
      assert.ok(back.peerAddr.equals(peerAddr));
      assert.equal(back.noDelay, true);
      yield* back.writeAll(text("home"));
    }
    assert.equal(String(yield* drain(client)), "home");

    const [client2, server2] = yield* pair();
    using __ = client2;
    const outcome = yield* caught(spawn(useAndGiveBack(server2)));
    assert.ok(outcome instanceof JoinError);
    assert.match(String((outcome.cause as Error).message), /the result is a TcpStream/);
    assert.equal(String(yield* drain(client2)), "used");
  });
});

threadTest("TcpStream of a call that cannot be spawned stays as it is", unlessMoving, async (rt) => {
  await rt.run(function* () {
    const [client, server] = yield* pair();
    using _ = client;
    using stream = server;
    const job: any = { streams: [stream, stream], again: stream, buffer: () => {}, filler: "" };
    const { path, message } = refusal(() => spawn(unpack(job)));
    assert.equal(path, "argument 0.buffer");
    assert.match(message, /^spawn unpack: /);
    yield* stream.writeAll(text("here"));
    stream[Symbol.dispose]();
    assert.equal(String(yield* drain(client)), "here");
  });
});

test("TcpStream of a spawn that a hook refuses stays as it is", { skip: unlessMoving, timeout: 40_000 }, async () => {
  let refuses = false;
  const onTaskSpawn = () => {
    if (refuses) throw new Error("no more tasks");
  };
  await using rt = new Runtime({ flavor: "multiThread", workerThreads: 1, onTaskSpawn });
  await rt.run(function* () {
    const [client, server] = yield* pair();
    using _ = client;
    using stream = server;
    refuses = true;
    assert.throws(() => spawn(echo(stream)), /no more tasks/);
    refuses = false;
    yield* stream.writeAll(text("here"));
    assert.equal(String(yield* client.readChunk()), "here");
  });
});

threadTest("TcpStream in use is refused, with its place in the arguments", unlessMoving, async (rt) => {
  const inUse = /^spawn echo: argument 0 is a TcpStream in use: only one that nobody has read from/;
  await rt.run(function* () {
    const uses: ((server: TcpStream, client: TcpStream) => Generator<any, unknown, any>)[] = [
      function* read(server, client) {
        yield* client.writeAll(text("x"));
        yield* server.readChunk();
      },
      function* readInVain(server) {
        assert.throws(() => server.tryRead(new Uint8Array(1)), { kind: "wouldBlock" });
      },
      function* parkedRead(server) {
        const reading = spawn(server.readChunk());
        yield* turns(2);
        reading.abort();
      },
      function* written(server) {
        yield* server.writeAll(text("x"));
      },
      function* shutDown(server) {
        yield* server.shutdown();
      },
    ];
    for (const use of uses) {
      const [client, server] = yield* pair();
      using _ = client;
      using stream = server;
      yield* use(stream, client);
      const { path, message } = refusal(() => spawn(echo(stream)));
      assert.equal(path, "argument 0", use.name);
      assert.match(message, inUse, use.name);
    }
    const [client, server] = yield* pair();
    using _ = client;
    using whole = server;
    const halves: any = whole.intoSplit();
    assert.match(refusal(() => spawn(echo(whole))).message, /taken apart/);
    assert.match(refusal(() => spawn(echo(halves[0]))).message, /argument 0 is .*belongs to this thread/);
    for (const half of halves) half[Symbol.dispose]();
    const [client2, server2] = yield* pair();
    using __ = client2;
    server2[Symbol.dispose]();
    assert.match(refusal(() => spawn(echo(server2))).message, /connection is closed/);
  });
});

threadTest(
  "TcpStream of a task that is aborted before it starts is closed",
  unlessMoving,
  async (rt) => {
    await rt.run(function* () {
      const cells = new Int32Array(new SharedArrayBuffer(8));
      const occupied = spawn(occupy(cells));
      while (Atomics.load(cells, 0) === 0) yield* turns(1);
      const [client, server] = yield* pair();
      using _ = client;
      const handle = spawn(echo(server));
      handle.abort();
      const outcome = yield* caught(handle);
      assert.ok(outcome instanceof JoinError && outcome.isCancelled);
      assert.equal(yield* client.readChunk(), undefined);
      Atomics.store(cells, 1, 1);
      Atomics.notify(cells, 1);
      yield* occupied;
    });
  },
  1,
);

threadTest("TcpStream is closed wherever an abort meets it", unlessMoving, async (rt) => {
  await rt.run(function* () {
    for (let i = 0; i < 60; i++) {
      const [client, server] = yield* pair();
      using _ = client;
      const handle = spawn(echo(server));
      yield* turns(i % 12);
      handle.abort();
      const outcome = yield* caught(handle);
      assert.ok(outcome instanceof JoinError && outcome.isCancelled);
      assert.equal(yield* client.readChunk(), undefined);
    }
    yield* noHandlesLeft();
  });
});

threadTest("TcpStream is closed with the worker that has it", unlessMoving, async (rt) => {
  await rt.run(function* () {
    const [client, server] = yield* pair();
    using _ = client;
    const outcome = yield* caught(spawn(exit(server)));
    assert.ok(outcome instanceof JoinError);
    assert.equal(String(yield* drain(client)), "bye");
  });
});

threadTest("many connections, each a task on some worker", unlessMoving, async (rt) => {
  await rt.run(function* () {
    using listener = yield* TcpListener.bind("127.0.0.1:0");
    const accepting = spawn(function* () {
      for (;;) {
        const [stream] = yield* listener.accept();
        spawn(echo(stream));
      }
    });
    const clients = Array.from({ length: 100 }, (_, i) =>
      spawn(function* () {
        using client = yield* TcpStream.connect(listener.localAddr);
        const message = bytes(1000 + i, i);
        yield* client.writeAll(message);
        yield* client.shutdown();
        return Buffer.from(message).equals(yield* drain(client));
      }),
    );
    for (const client of clients) assert.ok(yield* client);
    accepting.abort();
  });
});

test("TcpStream goes by reference where there is one thread, used or not", async () => {
  await using rt = new Runtime({ flavor: "currentThread" });
  await rt.run(function* () {
    const [client, server] = yield* pair();
    using _ = client;
    yield* client.writeAll(text("ab"));
    assert.equal(yield* server.read(new Uint8Array(1)), 1);
    const handle = spawn(echo(server));
    yield* client.shutdown();
    assert.equal(String(yield* drain(client)), "b");
    yield* handle;
  });
});

threadTest(
  "TcpStream is refused where sockets cannot move, and the message says what can be done",
  unlessStaying,
  async (rt) => {
    await rt.run(function* () {
      const [client, server] = yield* pair();
      using _ = client;
      using stream = server;
      const { message, path } = refusal(() => spawn(echo(stream)));
      assert.equal(path, "argument 0");
      assert.match(message, /^spawn echo: argument 0 is a TcpStream, which this Node cannot move \(it is v\d/);
      assert.match(message, /24\.20 and 26\.6/);
      assert.match(message, /TcpListener\.bind\(address, \{ reusePort: true \}\)/);
      yield* stream.writeAll(text("here"));
      stream[Symbol.dispose]();
      assert.equal(String(yield* drain(client)), "here");
    });
  },
);

threadTest("TcpStream over something that is not TCP is refused", unlessMoving, async (rt) => {
  const path =
    process.platform === "win32" ? `\\\\.\\pipe\\toki-${process.pid}` : join(tmpdir(), `toki-${process.pid}.sock`);
  const server = createServer({ pauseOnConnect: true }).listen(path);
  await once(server, "listening");
  const client = createConnection(path);
  const [socket] = (await once(server, "connection")) as [Socket];
  await rt.run(function* () {
    using stream = TcpStream.fromSocket(socket);
    assert.match(refusal(() => spawn(echo(stream))).message, /is a TcpStream over something that is not TCP/);
  });
  client.destroy();
  server.close();
});
