import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Future, Pending, select, spawn, yieldNow } from "toki";
import type { TcpStream } from "toki/net";
import { assertPending, assertReady, assertReadyEq, testTask, test as toki } from "toki/test";
import { assertTakesBudget, bytes, drain, failure, pair, text, turns } from "./support.js";

const dispose = (...streams: readonly Disposable[]) => {
  for (const stream of streams) stream[Symbol.dispose]();
};

/** Every way to wait for input, for what they have in common. */
const reads: Record<string, (stream: TcpStream) => Future<unknown>> = {
  read: (stream) => stream.read(new Uint8Array(8)),
  readChunk: (stream) => stream.readChunk(),
  peek: (stream) => stream.peek(new Uint8Array(8)),
  readable: (stream) => stream.readable(),
};

for (const [name, read] of Object.entries(reads)) {
  describe(`TcpStream.${name}`, () => {
    test(
      "waits until something arrives",
      toki(function* () {
        const [client, server] = yield* pair();
        const task = testTask(read(server));
        assertPending(task.poll());
        yield* turns();
        assert.equal(task.isWoken, false);
        yield* client.writeAll(text("x"));
        yield* turns();
        assert.equal(task.isWoken, true);
        assert.notEqual(task.poll(), Pending);
        dispose(client, server);
      }),
    );

    test(
      "is ready at the first poll when something is there",
      toki(function* () {
        const [client, server] = yield* pair();
        yield* client.writeAll(text("hello"));
        yield* server.readable();
        assert.notEqual(testTask(read(server)).poll(), Pending);
        dispose(client, server);
      }),
    );

    test(
      "cancel: dropped while it waits, or after it was woken, nothing is lost",
      toki(function* () {
        const [client, server] = yield* pair();
        const early = testTask(read(server));
        assertPending(early.poll());
        early[Symbol.dispose]();
        const late = testTask(read(server));
        assertPending(late.poll());
        yield* client.writeAll(text("hello"));
        yield* turns();
        assert.ok(late.isWoken);
        late[Symbol.dispose]();
        assert.equal(String(yield* server.readChunk()), "hello");
        dispose(client, server);
      }),
    );

    test(
      "cancel: an aborted task leaves the direction free",
      toki(function* () {
        const [client, server] = yield* pair();
        const task = spawn(read(server));
        yield* turns(2);
        task.abort();
        yield* turns(2);
        assert.ok(task.isFinished());
        yield* client.writeAll(text("x"));
        assert.equal(String(yield* server.readChunk()), "x");
        dispose(client, server);
      }),
    );

    test(
      "a second one beside it is refused, and can be made once it is gone",
      toki(function* () {
        const [client, server] = yield* pair();
        const first = testTask(read(server));
        assertPending(first.poll());
        for (const other of Object.values(reads)) {
          assert.throws(
            () => testTask(other(server)).poll(),
            (error: Error & { code: string }) =>
              error.code === "TOKI_FUTURE_IN_USE" && /one at a time reads/.test(error.message),
          );
        }
        first[Symbol.dispose]();
        const second = testTask(read(server));
        assertPending(second.poll());
        second[Symbol.dispose]();
        dispose(client, server);
      }),
    );

    test(
      "polled after it was ready it says so",
      toki(function* () {
        const [client, server] = yield* pair();
        yield* client.writeAll(text("hello"));
        yield* server.readable();
        const task = testTask(read(server));
        assert.notEqual(task.poll(), Pending);
        assert.throws(() => task.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
        dispose(client, server);
      }),
    );

    test(
      "after a reset: throws connectionReset, each time; readable is ready",
      toki(function* () {
        const [client, server] = yield* pair();
        yield* client.writeAll(text("x"));
        yield* server.readChunk();
        client.resetOnClose();
        client[Symbol.dispose]();
        if (name === "readable") {
          yield* read(server);
          yield* read(server);
        } else {
          const error = yield* failure(read(server), "connectionReset");
          assert.equal(error.code, "ECONNRESET");
          assert.equal(error.message.startsWith(`TcpStream.${name}: `), true);
          yield* failure(read(server), "connectionReset");
        }
        server[Symbol.dispose]();
      }),
    );

    test(
      "parked when the stream is disposed: throws notConnected; readable is ready",
      toki(function* () {
        const [client, server] = yield* pair();
        const task = testTask(read(server));
        assertPending(task.poll());
        server[Symbol.dispose]();
        assert.ok(task.isWoken);
        if (name === "readable") assert.equal(task.poll(), undefined);
        else {
          assert.throws(() => task.poll(), { kind: "notConnected" });
          assert.throws(() => testTask(read(server)).poll(), { kind: "notConnected" });
        }
        client[Symbol.dispose]();
      }),
    );

    test(
      "takes from the cooperative budget",
      toki(function* () {
        const [client, server] = yield* pair();
        if (name === "readChunk") yield* client.shutdown();
        else yield* client.writeAll(bytes(8000));
        yield* server.readable();
        assertTakesBudget(() => read(server));
        dispose(client, server);
      }),
    );

    test(
      "says in await trees what it waits for",
      toki(function* () {
        const [client, server] = yield* pair();
        assert.equal(read(server).describe(), `TcpStream.${name} (peer ${client.localAddr})`);
        dispose(client, server);
      }),
    );
  });
}

for (const name of ["read", "readChunk"] as const) {
  test(
    `cancel: a ${name} that keeps losing a select while bytes come in misses none and repeats none`,
    toki(function* () {
      const [client, server] = yield* pair();
      const sent = bytes(20_000);
      const writer = spawn(function* () {
        for (let i = 0; i < sent.length; i += 500) {
          yield* client.writeAll(sent.subarray(i, i + 500));
          yield* turns(1);
        }
        yield* client.shutdown();
      });
      const received: Uint8Array[] = [];
      const buffer = new Uint8Array(300);
      let lost = 0;
      for (;;) {
        const read: Future<number | Uint8Array | undefined> =
          name === "read" ? server.read(buffer) : server.readChunk();
        const { key, value } = yield* select({ other: yieldNow(), read });
        if (key === "other") {
          lost++;
          yield* turns(1);
        } else if (value === 0 || value === undefined) break;
        else received.push(typeof value === "number" ? buffer.slice(0, value) : value);
      }
      assert.ok(lost > 10);
      assert.ok(Buffer.concat(received).equals(sent));
      yield* writer;
      dispose(client, server);
    }),
  );
}

describe("TcpStream.read", () => {
  test(
    "fills the front of the buffer and leaves the rest of it, and of the input, alone",
    toki(function* () {
      const [client, server] = yield* pair();
      yield* client.writeAll(text("hello world"));
      const buffer = new Uint8Array(8).fill(46);
      assert.equal(yield* server.read(buffer.subarray(0, 5)), 5);
      assert.equal(Buffer.from(buffer).toString(), "hello...");
      assert.equal(yield* server.read(buffer), 6);
      assert.equal(Buffer.from(buffer).toString(), " world..");
      dispose(client, server);
    }),
  );

  test(
    "one read takes what several writes sent",
    toki(function* () {
      const [client, server] = yield* pair();
      yield* server.peek(new Uint8Array(0));
      const starter = testTask(server.readable());
      assertPending(starter.poll());
      for (const part of ["a", "bc", "def"]) {
        yield* client.writeAll(text(part));
        yield* turns();
      }
      starter[Symbol.dispose]();
      const buffer = new Uint8Array(16);
      assert.equal(yield* server.peek(buffer.subarray(0, 4)), 4);
      assert.equal(Buffer.from(buffer.subarray(0, 4)).toString(), "abcd");
      assert.equal(yield* server.read(buffer.subarray(0, 2)), 2);
      assert.equal(yield* server.peek(buffer), 4);
      assert.equal(Buffer.from(buffer.subarray(0, 4)).toString(), "cdef");
      assert.equal(yield* server.read(buffer), 4);
      dispose(client, server);
    }),
  );

  test(
    "an empty buffer gives 0 at once, and takes nothing",
    toki(function* () {
      const [client, server] = yield* pair();
      assertReadyEq(testTask(server.read(new Uint8Array(0))).poll(), 0);
      assertReadyEq(testTask(server.peek(new Uint8Array(0))).poll(), 0);
      assert.equal(server.tryRead(new Uint8Array(0)), 0);
      yield* client.writeAll(text("x"));
      yield* server.readable();
      assert.equal(yield* server.read(new Uint8Array(0)), 0);
      assert.equal(String(yield* server.readChunk()), "x");
      dispose(client, server);
    }),
  );

  test(
    "gives 0 at the end of the stream, each time",
    toki(function* () {
      const [client, server] = yield* pair();
      yield* client.writeAll(text("last"));
      client[Symbol.dispose]();
      const buffer = new Uint8Array(16);
      assert.equal(yield* server.read(buffer), 4);
      for (let i = 0; i < 3; i++) {
        assert.equal(yield* server.read(buffer), 0);
        assert.equal(yield* server.peek(buffer), 0);
        assert.equal(yield* server.readChunk(), undefined);
        assert.equal(server.tryRead(buffer), 0);
        yield* server.readable();
      }
      server[Symbol.dispose]();
    }),
  );

  test(
    "something that is no Uint8Array is refused at the call",
    toki(function* () {
      const [client, server] = yield* pair();
      for (const buffer of ["text", 5, null, [1], new ArrayBuffer(4), new Uint16Array(4)]) {
        for (const call of ["read", "peek", "tryRead"] as const) {
          assert.throws(() => server[call](buffer as never), { name: "InvalidArgumentError", argument: "buffer" });
        }
      }
      dispose(client, server);
    }),
  );
});

describe("TcpStream.readChunk", () => {
  test(
    "gives what a partial read left, and the chunk is the reader's own",
    toki(function* () {
      const [client, server] = yield* pair();
      yield* client.writeAll(text("hello world"));
      yield* server.read(new Uint8Array(6));
      const chunk = (yield* server.readChunk()) as Uint8Array;
      assert.equal(Buffer.from(chunk).toString(), "world");
      yield* client.writeAll(text("other"));
      yield* server.readable();
      assert.equal(Buffer.from(chunk).toString(), "world");
      dispose(client, server);
    }),
  );

  test(
    "chunks put together are what was sent",
    toki(function* () {
      const [client, server] = yield* pair();
      const sent = bytes(1_000_000);
      const writer = spawn(function* () {
        using stream = client;
        yield* stream.writeAll(sent);
      });
      const received = yield* drain(server);
      assert.ok(received.equals(sent));
      yield* writer;
      server[Symbol.dispose]();
    }),
  );
});

describe("TcpStream.peek", () => {
  test(
    "leaves the bytes to be read again",
    toki(function* () {
      const [client, server] = yield* pair();
      yield* client.writeAll(text("hello"));
      const buffer = new Uint8Array(3);
      for (let i = 0; i < 3; i++) {
        assert.equal(yield* server.peek(buffer), 3);
        assert.equal(Buffer.from(buffer).toString(), "hel");
      }
      assert.equal(String(yield* server.readChunk()), "hello");
      dispose(client, server);
    }),
  );
});

describe("TcpStream.tryRead", () => {
  test(
    "throws wouldBlock when nothing has arrived, and reads after readable",
    toki(function* () {
      const [client, server] = yield* pair();
      const buffer = new Uint8Array(16);
      assert.throws(() => server.tryRead(buffer), { name: "IoError", kind: "wouldBlock", code: "EAGAIN" });
      yield* client.writeAll(text("hello"));
      yield* server.readable();
      assert.equal(server.tryRead(buffer.subarray(0, 2)), 2);
      assert.equal(server.tryRead(buffer), 3);
      assert.throws(() => server.tryRead(buffer), { kind: "wouldBlock" });
      client[Symbol.dispose]();
      yield* server.readable();
      assert.equal(server.tryRead(buffer), 0);
      server[Symbol.dispose]();
      assert.throws(() => server.tryRead(buffer), { kind: "notConnected" });
    }),
  );

  test(
    "makes input arrive also when nobody ever waited for it",
    toki(function* () {
      const [client, server] = yield* pair();
      yield* client.writeAll(text("hello"));
      const buffer = new Uint8Array(16);
      for (let tries = 0; ; tries++) {
        assert.ok(tries < 1000);
        try {
          assert.equal(server.tryRead(buffer), 5);
          break;
        } catch {
          yield* turns(1);
        }
      }
      dispose(client, server);
    }),
  );
});

test(
  "what arrived before a reset is read first",
  toki(function* () {
    const [client, server] = yield* pair();
    const waiting = testTask(server.readable());
    assertPending(waiting.poll()); // lets it flow
    yield* client.writeAll(text("before"));
    yield* turns();
    assertReady(waiting.poll());
    client.resetOnClose();
    client[Symbol.dispose]();
    yield* turns();
    assert.equal(String(yield* server.readChunk()), "before");
    yield* failure(server.readChunk(), "connectionReset");
    server[Symbol.dispose]();
  }),
);

test(
  "a reset that came with the bytes before it is no end, also after our shutdown",
  toki(function* () {
    for (const isShutDown of [false, true]) {
      const [client, server] = yield* pair();
      if (isShutDown) yield* server.shutdown();
      yield* client.writeAll(text("before"));
      client.resetOnClose();
      client[Symbol.dispose]();
      yield* turns();
      assert.equal(String(yield* server.readChunk()), "before");
      yield* failure(server.readChunk(), "connectionReset");
      server[Symbol.dispose]();
    }
  }),
);
