import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { describe, test } from "node:test";
import { Future, fn, Runtime, spawn, yieldNow } from "toki";
import { IoError } from "toki/io";
import { SocketAddr, TcpListener, TcpStream } from "toki/net";
import { assertPending, assertReady, testTask, test as toki } from "toki/test";
import { bytes, drain, failure, noHandlesLeft, pair, tcpHandles, text, turns, until } from "./support.js";

const dispose = (...streams: readonly Disposable[]) => {
  for (const stream of streams) stream[Symbol.dispose]();
};

describe("half-close", () => {
  test(
    "after the peer's end we can still write; after our shutdown we can still read",
    toki(function* () {
      const [client, server] = yield* pair();
      yield* client.writeAll(text("question"));
      yield* client.shutdown();
      assert.equal(String(yield* server.readChunk()), "question");
      assert.equal(yield* server.readChunk(), undefined);
      yield* turns();
      const answer = bytes(200_000);
      const writer = spawn(function* () {
        yield* server.writeAll(answer);
        yield* turns();
        yield* server.shutdown();
      });
      assert.ok((yield* drain(client)).equals(answer));
      yield* writer;
      dispose(client, server);
      yield* noHandlesLeft();
    }),
  );

  test(
    "the end comes behind everything that was written",
    toki(function* () {
      const [client, server] = yield* pair();
      const sent = bytes(10_000_000);
      const writer = spawn(function* () {
        for (let rest = sent; rest.length > 0; ) rest = rest.subarray(yield* client.write(rest));
        yield* client.shutdown();
      });
      assert.ok((yield* drain(server)).equals(sent));
      yield* writer;
      dispose(client, server);
    }),
  );

  test(
    "shutdown can be called again, also while one is under way, and on a connection that is gone",
    toki(function* () {
      const [client, server] = yield* pair();
      const first = testTask(client.shutdown());
      assertPending(first.poll());
      first[Symbol.dispose](); // cancel: our side is shut down all the same
      yield* client.shutdown();
      yield* client.shutdown();
      assert.equal(yield* server.readChunk(), undefined);
      server.resetOnClose();
      server[Symbol.dispose]();
      yield* turns();
      yield* client.shutdown();
      client[Symbol.dispose]();
      yield* client.shutdown();

      const [other, end] = yield* pair();
      end.resetOnClose();
      end[Symbol.dispose]();
      yield* failure(other.readChunk(), "connectionReset");
      yield* other.shutdown();
      other[Symbol.dispose]();
    }),
  );

  test(
    "both sides shut down, in either order: reads give the end, and nothing stays open after dispose",
    toki(function* () {
      const [client, server] = yield* pair();
      yield* client.shutdown();
      yield* server.shutdown();
      assert.equal(yield* server.readChunk(), undefined);
      assert.equal(yield* client.readChunk(), undefined);
      yield* failure(client.writeAll(text("x")), "brokenPipe");
      dispose(client, server);
      yield* noHandlesLeft();
    }),
  );
});

describe("TcpStream disposed", () => {
  test(
    "the peer reads what was written, then the end",
    toki(function* () {
      const [client, server] = yield* pair();
      yield* client.writeAll(text("last words"));
      dispose(client, client);
      assert.equal(String(yield* drain(server)), "last words");
      server[Symbol.dispose]();
      yield* noHandlesLeft();
    }),
  );

  test(
    "what `write` has taken still goes out, though the kernel did not have it yet",
    toki(function* () {
      const [client, server] = yield* pair();
      let count = 0;
      for (;;) {
        using writable = testTask(client.writable());
        if (typeof writable.poll() === "symbol") break;
        count += yield* client.write(bytes(65536));
      }
      client[Symbol.dispose]();
      assert.equal((yield* drain(server)).length, count);
      server[Symbol.dispose]();
      yield* noHandlesLeft();
    }),
  );

  test(
    "what a dropped `writeAll` left does not go out",
    toki(function* () {
      const [client, server] = yield* pair();
      const task = testTask(client.writeAll(bytes(50_000_000)));
      assertPending(task.poll());
      task[Symbol.dispose]();
      client[Symbol.dispose]();
      let received = 0;
      try {
        for (let chunk = yield* server.readChunk(); chunk !== undefined; chunk = yield* server.readChunk())
          received += chunk.length;
      } catch (error) {
        assert.ok(error instanceof IoError);
      }
      assert.ok(received < 50_000_000);
      server[Symbol.dispose]();
      yield* noHandlesLeft();
    }),
  );

  test(
    "with something unread, the peer sees a reset",
    toki(function* () {
      const [client, server] = yield* pair();
      yield* client.writeAll(text("unread"));
      yield* server.readable();
      server[Symbol.dispose]();
      yield* failure(client.readChunk(), "connectionReset");
      client[Symbol.dispose]();
    }),
  );

  test(
    "with resetOnClose the peer sees a reset",
    toki(function* () {
      const [client, server] = yield* pair();
      server.resetOnClose();
      server[Symbol.dispose]();
      yield* failure(client.readChunk(), "connectionReset");
      client[Symbol.dispose]();
    }),
  );

  test(
    "during a shutdown that waits for the peer to read, unread input or not: nothing stays open",
    toki(function* () {
      for (const unread of [false, true]) {
        const [client, server] = yield* pair();
        if (unread) {
          yield* server.writeAll(text("unread"));
          yield* client.readable();
        }
        const writeAll = testTask(client.writeAll(bytes(20_000_000)));
        assertPending(writeAll.poll());
        writeAll[Symbol.dispose]();
        const shutdown = testTask(client.shutdown());
        assertPending(shutdown.poll());
        client[Symbol.dispose]();
        assert.ok(shutdown.isWoken);
        shutdown[Symbol.dispose]();
        server[Symbol.dispose]();
        yield* noHandlesLeft();
      }
    }),
  );

  test(
    "operations made before and polled after fail",
    toki(function* () {
      const [client, server] = yield* pair();
      const { port } = client.localAddr;
      const reads = [client.read(new Uint8Array(1)), client.readChunk(), client.peek(new Uint8Array(1))];
      const writes = [client.write(text("x")), client.writeAll(text("x"))];
      client[Symbol.dispose]();
      for (const read of reads) yield* failure(read, "notConnected");
      for (const write of writes) yield* failure(write, "brokenPipe");
      assert.equal(client.localAddr.port, port);
      server[Symbol.dispose]();
    }),
  );
});

describe("a task that is aborted", () => {
  /** Spawns `body` with a fresh connection that it owns, aborts it where it waits, and sees that everything is closed. */
  const abortIn = (name: string, body: (stream: TcpStream) => Generator<never, unknown> | Future<unknown>) =>
    test(
      `in ${name} closes its connection`,
      toki(function* () {
        const [client, server] = yield* pair();
        const owner = fn(function* owner() {
          using stream = client;
          yield* body(stream) as Future<unknown>;
        });
        const task = spawn(owner());
        yield* turns(5);
        assert.equal(task.isFinished(), false);
        task.abort();
        yield* turns(2);
        assert.equal(task.isFinished(), true);
        try {
          yield* drain(server);
        } catch (error) {
          assert.ok(error instanceof IoError); // a reset: it had been writing
        }
        server[Symbol.dispose]();
        yield* noHandlesLeft();
      }),
    );
  abortIn("read", (stream) => stream.read(new Uint8Array(1)));
  abortIn("readChunk", (stream) => stream.readChunk());
  abortIn("peek", (stream) => stream.peek(new Uint8Array(1)));
  abortIn("readable", (stream) => stream.readable());
  abortIn("writeAll", (stream) => stream.writeAll(bytes(50_000_000)));
  abortIn("write", (stream) =>
    Future.from(
      (function* () {
        const task = testTask(stream.writeAll(bytes(50_000_000)));
        assertPending(task.poll());
        task[Symbol.dispose]();
        yield* stream.write(bytes(1));
      })(),
    ),
  );

  test(
    "in accept closes nothing, and gives its place up",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const task = spawn(listener.accept());
      yield* turns(2);
      task.abort();
      yield* turns(2);
      assert.ok(task.isFinished());
      using client = yield* TcpStream.connect(listener.localAddr);
      const [server] = yield* listener.accept();
      assert.ok(server.peerAddr.equals(client.localAddr));
      server[Symbol.dispose]();
    }),
  );

  test("or a runtime that is shut down: guards close everything", async () => {
    const rt = new Runtime();
    const listener = await rt.run(TcpListener.bind("127.0.0.1:0"));
    const served = fn(function* served() {
      using owned = listener;
      for (;;) {
        const [stream] = yield* owned.accept();
        spawn(function* () {
          using _ = stream;
          yield* stream.read(new Uint8Array(1));
        });
      }
    });
    rt.spawn(served());
    await rt.run(function* () {
      for (let i = 0; i < 20; i++) {
        const client = yield* TcpStream.connect(listener.localAddr);
        spawn(function* () {
          using _ = client;
          yield* client.readChunk();
        });
      }
      yield* turns();
    });
    assert.equal(tcpHandles(), 41);
    await rt.shutdown();
    const other = new Runtime();
    await other.run(noHandlesLeft());
    await other.shutdown();
  });
});

describe("one future in two tasks", () => {
  const shared: Record<string, (listener: TcpListener, stream: TcpStream) => Future<unknown>> = {
    accept: (listener) => listener.accept(),
    readChunk: (_listener, stream) => stream.readChunk(),
  };
  for (const [name, make] of Object.entries(shared)) {
    test(
      `${name}: the second task is told, the first goes on`,
      toki(function* () {
        using listener = yield* TcpListener.bind("127.0.0.1:0");
        const [client, server] = yield* pair();
        const future = make(listener, server);
        const first = spawn(future);
        yield* yieldNow();
        const second = spawn(future);
        const error = yield* Future.from(
          (function* () {
            try {
              yield* second;
            } catch (error) {
              return (error as Error).cause as { code?: string };
            }
          })(),
        );
        assert.equal(error?.code, "TOKI_FUTURE_IN_USE");
        yield* client.writeAll(text("x"));
        using dialed = yield* TcpStream.connect(listener.localAddr);
        assert.ok(dialed.peerAddr.equals(listener.localAddr));
        const value = yield* first;
        for (const one of [value].flat()) {
          if (one instanceof TcpStream) one[Symbol.dispose]();
        }
        dispose(client, server);
      }),
    );
  }
});

describe("TcpStream.fromSocket", () => {
  test(
    "takes over a socket, whatever its default for half-open connections is",
    toki(function* () {
      const server = createServer({ pauseOnConnect: true });
      server.listen(0, "127.0.0.1");
      yield* until(() => server.listening);
      let socket: Socket | undefined;
      server.on("connection", (accepted) => {
        socket = accepted;
      });
      const client = connect({ port: (server.address() as { port: number }).port, host: "127.0.0.1" });
      client.setEncoding("utf8");
      let received = "";
      client.on("data", (chunk: string) => {
        received += chunk;
      });
      yield* until(() => socket !== undefined);
      using stream = TcpStream.fromSocket(socket as Socket);
      client.end("question");
      assert.equal(String(yield* stream.readChunk()), "question");
      assert.equal(yield* stream.readChunk(), undefined);
      yield* turns();
      yield* stream.writeAll(text("answer"));
      stream[Symbol.dispose]();
      yield* until(() => client.closed);
      assert.equal(received, "answer");
      server.close();
    }),
  );

  test(
    "a socket that has read ahead: its bytes come first, and all in order",
    toki(function* () {
      const server = createServer(); // reads as soon as it has a connection
      server.listen(0, "127.0.0.1");
      yield* until(() => server.listening);
      let socket: Socket | undefined;
      server.on("connection", (accepted) => {
        socket = accepted;
      });
      const client = yield* TcpStream.connect(new SocketAddr("127.0.0.1", (server.address() as { port: number }).port));
      const sent = bytes(3_000_000);
      const writer = spawn(function* () {
        using owned = client;
        yield* owned.writeAll(sent);
      });
      yield* until(() => socket !== undefined && socket.readableLength >= socket.readableHighWaterMark);
      yield* turns();
      using stream = TcpStream.fromSocket(socket as Socket);
      yield* turns();
      const first = new Uint8Array(10);
      assert.equal(yield* stream.read(first), 10);
      yield* turns();
      const received = Buffer.concat([first, yield* drain(stream)]);
      assert.ok(received.equals(sent));
      yield* writer;
      server.close();
    }),
  );

  test(
    "a socket that decodes text is refused",
    toki(function* () {
      const nodeServer = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
      yield* until(() => nodeServer.listening);
      const socket = connect((nodeServer.address() as { port: number }).port, "127.0.0.1");
      socket.setEncoding("utf8");
      yield* until(() => socket.readyState === "open");
      assert.throws(() => TcpStream.fromSocket(socket), {
        name: "IoError",
        kind: "invalidInput",
        message: /setEncoding/,
      });
      socket.destroy();
      nodeServer.close();
    }),
  );

  test(
    "a socket that somebody else destroys fails its reader and its writer",
    toki(function* () {
      const server = createServer({ pauseOnConnect: true });
      server.listen(0, "127.0.0.1");
      yield* until(() => server.listening);
      const client = connect({ port: (server.address() as { port: number }).port, host: "127.0.0.1" });
      yield* until(() => client.readyState === "open");
      const stream = TcpStream.fromSocket(client);
      const reader = spawn(failure(stream.readChunk(), "connectionAborted"));
      const writer = spawn(failure(stream.writeAll(bytes(50_000_000)), "connectionAborted"));
      yield* yieldNow();
      client.destroy();
      yield* reader;
      yield* writer;
      stream[Symbol.dispose]();
      server.close();
    }),
  );

  test(
    "a socket whose end was read before is at its end, and can still be written",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const { ip: host, port } = listener.localAddr;
      const socket = connect({ host, port, allowHalfOpen: true }).resume();
      const [server] = yield* listener.accept();
      yield* server.shutdown();
      yield* until(() => socket.readableEnded);
      using client = TcpStream.fromSocket(socket);
      assertReady(testTask(client.readChunk()).poll(), undefined);
      yield* client.writeAll(text("answer"));
      assert.equal(String(yield* server.readChunk()), "answer");
      dispose(server);
    }),
  );

  test(
    "a socket that is ending is shut down: writes say so, and shutdown waits for the end to go out",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const { ip: host, port } = listener.localAddr;
      const socket = connect({ host, port, allowHalfOpen: true }).pause();
      const [server] = yield* listener.accept();
      yield* until(() => socket.readyState === "open");
      const sent = bytes(20_000_000);
      socket.end(sent);
      using client = TcpStream.fromSocket(socket);
      assert.match((yield* failure(client.write(text("more")), "brokenPipe")).message, /was shut down/);
      const shutdown = spawn(client.shutdown());
      assert.ok((yield* drain(server)).equals(sent));
      yield* shutdown;
      dispose(server);
    }),
  );

  test("refuses what is no connected socket", async () => {
    assert.throws(() => TcpStream.fromSocket({} as never), { name: "InvalidArgumentError", argument: "socket" });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const socket = connect({ port: (server.address() as { port: number }).port, host: "127.0.0.1" });
    assert.throws(() => TcpStream.fromSocket(socket), { name: "IoError", kind: "notConnected" });
    socket.destroy();
    assert.throws(() => TcpStream.fromSocket(socket), { name: "IoError", kind: "notConnected" });
    server.close();
  });
});
