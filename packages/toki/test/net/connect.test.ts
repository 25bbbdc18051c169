import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { DriverDisabledError, Future, fn, Handle, NoRuntimeError, Runtime, select, spawn, yieldNow } from "toki";
import { SocketAddr, TcpListener, TcpStream } from "toki/net";
import { assertPending, testTask, test as toki } from "toki/test";
import { failure, noHandlesLeft, pair, turns } from "./support.js";

/** An address that nobody listens on. */
const unused = fn(function* unused() {
  using listener = yield* TcpListener.bind("127.0.0.1:0");
  return listener.localAddr;
});

describe("TcpListener.bind", () => {
  test(
    "port 0 lets the system choose",
    toki(function* () {
      using a = yield* TcpListener.bind("127.0.0.1:0");
      using b = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
      assert.equal(a.localAddr.ip, "127.0.0.1");
      assert.ok(a.localAddr.port > 0);
      assert.notEqual(a.localAddr.port, b.localAddr.port);
    }),
  );

  test(
    "an address in use throws addrInUse",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const error = yield* failure(TcpListener.bind(listener.localAddr), "addrInUse");
      assert.equal(error.code, "EADDRINUSE");
      assert.equal(error.syscall, "listen");
      assert.ok(error.message.includes(String(listener.localAddr)));
    }),
  );

  test(
    "an address can be bound again as soon as its listener is disposed, with connections of it still open",
    toki(function* () {
      const first = yield* TcpListener.bind("127.0.0.1:0");
      using client = yield* TcpStream.connect(first.localAddr);
      const [server] = yield* first.accept();
      using _ = server;
      first[Symbol.dispose]();
      using second = yield* TcpListener.bind(first.localAddr);
      assert.ok(second.localAddr.equals(client.peerAddr));
    }),
  );

  test(
    "of several addresses the first that works is taken",
    toki(function* () {
      using taken = yield* TcpListener.bind("127.0.0.1:0");
      const free = yield* unused();
      using listener = yield* TcpListener.bind([taken.localAddr, String(free), "127.0.0.1:0"]);
      assert.ok(listener.localAddr.equals(free));
    }),
  );

  test(
    "if none works the last error is thrown",
    toki(function* () {
      using taken = yield* TcpListener.bind("127.0.0.1:0");
      yield* failure(TcpListener.bind(["203.0.113.1:1", taken.localAddr]), "addrInUse");
      yield* failure(TcpListener.bind([taken.localAddr, "203.0.113.1:1"]), "addrNotAvailable");
    }),
  );

  test(
    "cancel: dropped at any moment, it leaves nothing open",
    toki(function* () {
      const address = yield* unused();
      for (let delay = 0; delay < 4; delay++) {
        const task = spawn(TcpListener.bind(address));
        for (let i = 0; i < delay; i++) yield* turns(1);
        task.abort();
        const listener = yield* Future.from(
          (function* () {
            try {
              return yield* task;
            } catch {}
          })(),
        );
        listener?.[Symbol.dispose]();
        (yield* TcpListener.bind(address))[Symbol.dispose]();
      }
      yield* noHandlesLeft();
    }),
  );
});

describe("TcpStream.connect", () => {
  test(
    "takes a string, { host, port }, a SocketAddr and a name",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const { localAddr } = listener;
      const { port } = localAddr;
      for (const address of [localAddr, String(localAddr), { host: "127.0.0.1", port }, `localhost:${port}`]) {
        using stream = yield* TcpStream.connect(address);
        const [server, peer] = yield* listener.accept();
        using _ = server;
        assert.ok(stream.peerAddr.equals(localAddr));
        assert.ok(peer.equals(stream.localAddr));
        assert.ok(server.peerAddr.equals(peer));
        assert.ok(server.localAddr.equals(localAddr));
      }
    }),
  );

  test(
    "a port that nobody listens on throws connectionRefused",
    toki(function* () {
      const address = yield* unused();
      const error = yield* failure(TcpStream.connect(address), "connectionRefused");
      assert.equal(error.code, "ECONNREFUSED");
      assert.equal(error.syscall, "connect");
      assert.ok(error.cause instanceof Error);
      assert.ok(error.message.includes(String(address)));
    }),
  );

  test(
    "tries each address, names among them, and takes the first that works",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const refused = yield* unused();
      using stream = yield* TcpStream.connect([
        refused,
        { host: "no such host", port: 1 },
        listener.localAddr,
        refused,
      ]);
      assert.ok(stream.peerAddr.equals(listener.localAddr));
    }),
  );

  test(
    "if none works the last error is thrown",
    toki(function* () {
      const refused = yield* unused();
      const error = yield* failure(
        TcpStream.connect([{ host: "no such host", port: 1 }, refused]),
        "connectionRefused",
      );
      assert.ok(error.message.includes(String(refused)));
      const lookup = yield* failure(TcpStream.connect([refused, { host: "no such host", port: 1 }]), "other");
      assert.match(lookup.message, /no such host/);
    }),
  );

  test(
    "a name that stands for several addresses: each is tried",
    toki(function* () {
      // "localhost" is 127.0.0.1, or ::1 and 127.0.0.1: the listener has only the latter.
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      using stream = yield* TcpStream.connect({ host: "localhost", port: listener.localAddr.port });
      assert.equal(stream.peerAddr.ip, "127.0.0.1");
    }),
  );

  test(
    "nothing happens before the first poll",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const future = TcpStream.connect(listener.localAddr);
      yield* turns();
      const accept = testTask(listener.accept());
      assertPending(accept.poll());
      const stream = yield* future;
      stream[Symbol.dispose]();
      yield* turns();
      assert.ok(accept.isWoken);
      accept[Symbol.dispose]();
    }),
  );

  test(
    "cancel: dropped while it connects, the attempt is closed",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const { key } = yield* select({ stream: TcpStream.connect(listener.localAddr), now: yieldNow() });
      assert.equal(key, "now");
      yield* turns();
      // Whatever the kernel had done by then: the peer is gone.
      const { key: winner, value } = yield* select({ accepted: listener.accept(), nobody: turns() });
      if (winner === "accepted") {
        using server = value[0];
        assert.equal(yield* Future.from(ended(server)), true);
      }
      listener[Symbol.dispose]();
      yield* noHandlesLeft();
    }),
  );

  test(
    "cancel: dropped when the connection is there but was not taken, it is closed",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const connect = testTask(TcpStream.connect(listener.localAddr), { runtime: runtimeHere() });
      assertPending(connect.poll());
      const [server] = yield* listener.accept();
      yield* turns();
      assert.ok(connect.isWoken);
      connect[Symbol.dispose]();
      assert.equal(yield* Future.from(ended(server)), true);
      server[Symbol.dispose]();
      listener[Symbol.dispose]();
      yield* noHandlesLeft();
    }),
  );

  test(
    "abort of a task that looks up a name",
    toki(function* () {
      const task = spawn(TcpStream.connect("localhost:1"));
      yield* yieldNow();
      task.abort();
      yield* turns();
      assert.ok(task.isFinished());
    }),
  );
});

/** Whether the stream ends, by an end or a reset. */
function* ended(stream: TcpStream) {
  try {
    return (yield* stream.readChunk()) === undefined;
  } catch {
    return true;
  }
}

const runtimeHere = () => Handle.current();

describe("the runtime", () => {
  const starts = {
    "TcpListener.bind": () => TcpListener.bind("127.0.0.1:0"),
    "TcpStream.connect": () => TcpStream.connect("127.0.0.1:1"),
  };
  for (const [name, start] of Object.entries(starts)) {
    test(`${name} outside a runtime throws NoRuntimeError at the first poll`, () => {
      const task = testTask<unknown>(start());
      assert.throws(
        () => task.poll(),
        (error) => error instanceof NoRuntimeError && error.message.startsWith(name),
      );
    });

    test(`${name} with IO disabled throws DriverDisabledError`, async () => {
      const rt = new Runtime({ enableIo: false });
      await assert.rejects(
        () => rt.run<unknown>(start()),
        (error) => error instanceof DriverDisabledError && /IO is disabled.*enableIo/.test(error.message),
      );
      await rt.shutdown();
    });
  }

  test("lookupHost, fromServer and fromSocket hear a runtime that forbids IO", async () => {
    const { lookupHost } = await import("toki/net");
    const rt = new Runtime({ enableIo: false });
    await assert.rejects(() => rt.run(lookupHost("127.0.0.1:1")), DriverDisabledError);
    const server = createServer();
    await rt.run(function* () {
      assert.throws(() => TcpListener.fromServer(server), DriverDisabledError);
    });
    await rt.shutdown();
  });

  test("one runtime's listener and another's connection work together", async () => {
    const a = new Runtime();
    const b = new Runtime();
    const listener = await a.run(TcpListener.bind("127.0.0.1:0"));
    const [client, [server]] = await Promise.all([
      b.run(TcpStream.connect(listener.localAddr)),
      a.run(listener.accept()),
    ]);
    await a.run(server.writeAll(Buffer.from("across")));
    assert.equal(String(await b.run(client.readChunk())), "across");
    client[Symbol.dispose]();
    server[Symbol.dispose]();
    listener[Symbol.dispose]();
    await Promise.all([a.shutdown(), b.shutdown()]);
  });
});

describe("options of a stream", () => {
  test(
    "noDelay is off at first and keeps what was set",
    toki(function* () {
      const [client, server] = yield* pair();
      using _ = server;
      using stream = client;
      assert.equal(stream.noDelay, false);
      stream.noDelay = true;
      assert.equal(stream.noDelay, true);
      assert.throws(
        () => {
          stream.noDelay = 1 as never;
        },
        { name: "InvalidArgumentError", argument: "noDelay" },
      );
    }),
  );

  test(
    "addresses stay known after the connection is closed, if they were asked for",
    toki(function* () {
      const [client, server] = yield* pair();
      const { peerAddr, localAddr } = client;
      client[Symbol.dispose]();
      server[Symbol.dispose]();
      assert.ok(client.peerAddr.equals(peerAddr));
      assert.ok(client.localAddr.equals(localAddr));
      assert.ok(peerAddr instanceof SocketAddr);
      const [other, end] = yield* pair();
      end[Symbol.dispose]();
      other[Symbol.dispose]();
      yield* turns();
      assert.throws(() => other.localAddr, { name: "IoError", kind: "notConnected" });
    }),
  );
});
