import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Future, Pending, select, spawn } from "toki";
import type { TcpStream } from "toki/net";
import { assertPending, assertReady, assertReadyEq, testTask, test as toki } from "toki/test";
import { assertTakesBudget, bytes, drain, failure, pair, text, turns } from "./support.js";

const dispose = (...streams: readonly Disposable[]) => {
  for (const stream of streams) stream[Symbol.dispose]();
};

const PIECE = 64 * 1024;

/** Writes until the kernel takes no more. Gives what was accepted. */
function fill(stream: TcpStream): number {
  let total = 0;
  for (let seed = 0; ; seed++) {
    try {
      total += stream.tryWrite(bytes(PIECE, seed));
    } catch (error) {
      assert.equal((error as { kind?: string }).kind, "wouldBlock");
      return total;
    }
  }
}

/** What `fill` has written. */
function filled(length: number): Buffer {
  return Buffer.concat(Array.from({ length: length / PIECE }, (_, seed) => bytes(PIECE, seed)));
}

const writes: Record<string, (stream: TcpStream) => Future<unknown>> = {
  write: (stream) => stream.write(text("more")),
  writeAll: (stream) => stream.writeAll(text("more")),
  flush: (stream) => stream.flush(),
  writable: (stream) => stream.writable(),
};

for (const [name, write] of Object.entries(writes)) {
  describe(`TcpStream.${name}`, () => {
    test(
      "is ready at the first poll while the kernel takes bytes",
      toki(function* () {
        const [client, server] = yield* pair();
        assert.notEqual(testTask(write(client)).poll(), Pending);
        dispose(client, server);
      }),
    );

    test(
      "waits while the kernel has not taken what came before, until the peer reads",
      toki(function* () {
        const [client, server] = yield* pair();
        const sent = filled(fill(client));
        const task = testTask(write(client));
        assertPending(task.poll());
        yield* turns();
        assert.equal(task.isWoken, false);
        const reader = spawn(drain(server));
        while (!task.isWoken) yield* turns(1);
        // A spurious wake is allowed: poll until it is done.
        while (task.poll() === Pending) yield* turns(1);
        yield* client.shutdown();
        const received = yield* reader;
        const more = name.startsWith("write") && name !== "writable" ? text("more") : text("");
        assert.ok(received.equals(Buffer.concat([sent, more])));
        dispose(client, server);
      }),
    );

    test(
      "cancel: dropped while it waits for what came before, nothing was written",
      toki(function* () {
        const [client, server] = yield* pair();
        const sent = filled(fill(client));
        const task = testTask(write(client));
        assertPending(task.poll());
        task[Symbol.dispose]();
        const reader = spawn(drain(server));
        yield* client.shutdown();
        assert.ok((yield* reader).equals(sent));
        dispose(client, server);
      }),
    );

    test(
      "a second one beside it is refused, and can be made once it is gone",
      toki(function* () {
        const [client, server] = yield* pair();
        fill(client);
        const first = testTask(write(client));
        assertPending(first.poll());
        for (const other of [...Object.values(writes), (stream: TcpStream) => stream.shutdown()]) {
          assert.throws(
            () => testTask(other(client)).poll(),
            (error: Error & { code: string }) =>
              error.code === "TOKI_FUTURE_IN_USE" && /one at a time reads, and one writes/.test(error.message),
          );
        }
        first[Symbol.dispose]();
        const second = testTask(write(client));
        assertPending(second.poll());
        second[Symbol.dispose]();
        dispose(client, server);
      }),
    );

    test(
      "polled after it was ready it says so",
      toki(function* () {
        const [client, server] = yield* pair();
        const task = testTask(write(client));
        assert.notEqual(task.poll(), Pending);
        assert.throws(() => task.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
        dispose(client, server);
      }),
    );

    test(
      "parked when the peer resets the connection: it ends",
      toki(function* () {
        const [client, server] = yield* pair();
        fill(client);
        const task = testTask(write(client));
        assertPending(task.poll());
        server.resetOnClose();
        server[Symbol.dispose]();
        while (!task.isWoken) yield* turns(1);
        if (name === "writable") assertReady(task.poll());
        else {
          assert.throws(
            () => task.poll(),
            (error: { name?: string; kind?: string }) =>
              error.name === "IoError" && ["connectionReset", "brokenPipe"].includes(error.kind as string),
          );
        }
        client[Symbol.dispose]();
      }),
    );

    test(
      "parked when the stream is disposed: it ends",
      toki(function* () {
        const [client, server] = yield* pair();
        fill(client);
        const task = testTask(write(client));
        assertPending(task.poll());
        client[Symbol.dispose]();
        assert.ok(task.isWoken);
        // Bytes that `tryWrite` took are still on their way: `flush` goes on waiting for those.
        if (name === "flush") {
          const reader = spawn(drain(server));
          while (task.poll() === Pending) yield* turns(1);
          yield* reader;
        } else if (name === "writable") assertReady(task.poll());
        else assert.throws(() => task.poll(), { kind: "brokenPipe" });
        server[Symbol.dispose]();
      }),
    );

    test(
      "takes from the cooperative budget",
      toki(function* () {
        const [client, server] = yield* pair();
        assertTakesBudget(() => write(client));
        dispose(client, server);
      }),
    );
  });
}

for (const name of ["write", "writeAll", "tryWrite"] as const) {
  const attempt = (stream: TcpStream) => {
    if (name !== "tryWrite") return testTask<unknown>(stream[name](text("x"))).poll();
    return stream.tryWrite(text("x"));
  };

  describe(`TcpStream.${name}`, () => {
    test(
      "throws brokenPipe after shutdown and after dispose",
      toki(function* () {
        const [client, server] = yield* pair();
        yield* client.shutdown();
        assert.throws(() => attempt(client), { kind: "brokenPipe", code: "EPIPE", message: /shut down/ });
        client[Symbol.dispose]();
        assert.throws(() => attempt(client), { kind: "brokenPipe", message: /closed/ });
        server[Symbol.dispose]();
      }),
    );

    test(
      "throws brokenPipe, with the cause, once the connection is known to be reset",
      toki(function* () {
        const [client, server] = yield* pair();
        server.resetOnClose();
        server[Symbol.dispose]();
        yield* failure(client.readChunk(), "connectionReset");
        assert.throws(
          () => attempt(client),
          (error: Error & { kind: string }) =>
            error.kind === "brokenPipe" && (error.cause as { code: string }).code === "ECONNRESET",
        );
        client[Symbol.dispose]();
      }),
    );

    test(
      "to a peer that is gone fails sooner or later, though nobody reads",
      toki(function* () {
        const [client, server] = yield* pair();
        server[Symbol.dispose]();
        yield* turns();
        for (let i = 0; ; i++) {
          assert.ok(i < 1000, "every write was accepted");
          try {
            attempt(client);
          } catch (error) {
            assert.ok(["brokenPipe", "connectionReset"].includes((error as { kind: string }).kind));
            break;
          }
          yield* turns(1);
        }
        client[Symbol.dispose]();
      }),
    );

    test(
      "something that is no Uint8Array is refused at the call, text with a hint",
      toki(function* () {
        const [client, server] = yield* pair();
        for (const buffer of [5, null, [1], new ArrayBuffer(4)]) {
          assert.throws(() => client[name](buffer as never), { name: "InvalidArgumentError", argument: "buffer" });
        }
        assert.throws(() => client[name]("text" as never), { argument: "buffer", message: /TextEncoder/ });
        dispose(client, server);
      }),
    );
  });
}

describe("TcpStream.write", () => {
  test(
    "takes at most 64 KiB at once, and says how much",
    toki(function* () {
      const [client, server] = yield* pair();
      const sent = bytes(PIECE + 1000);
      assert.equal(yield* client.write(sent), PIECE);
      assert.equal(yield* client.write(sent.subarray(PIECE)), 1000);
      assert.equal(yield* client.write(new Uint8Array(0)), 0);
      client[Symbol.dispose]();
      assert.ok((yield* drain(server)).equals(sent));
      server[Symbol.dispose]();
    }),
  );

  test(
    "the buffer may be changed as soon as it is done, though the kernel has not taken it",
    toki(function* () {
      const [client, server] = yield* pair();
      const buffer = bytes(PIECE);
      let count = 0;
      // Goes on until a piece is left in the process.
      for (;;) {
        using writable = testTask(client.writable());
        if (writable.poll() === Pending) break;
        count += yield* client.write(buffer);
      }
      buffer.fill(0);
      const reader = spawn(drain(server));
      yield* client.shutdown();
      const received = yield* reader;
      assert.equal(received.length, count);
      const original = bytes(PIECE);
      for (let i = 0; i < count; i += PIECE) assert.ok(received.subarray(i, i + PIECE).equals(original));
      dispose(client, server);
    }),
  );

  test(
    "cancel: losing selects all the time, every count it gave arrives, in order, and nothing else",
    toki(function* () {
      const [client, server] = yield* pair();
      const sent = bytes(15_000_000);
      const reader = spawn(function* () {
        const chunks: Uint8Array[] = [];
        for (;;) {
          yield* turns(1);
          const chunk = yield* server.readChunk();
          if (chunk === undefined) return Buffer.concat(chunks);
          chunks.push(chunk);
        }
      });
      let lost = 0;
      for (let done = 0; done < sent.length; ) {
        const { key, value } = yield* select({ other: turns(1), write: client.write(sent.subarray(done)) });
        if (key === "write") done += value;
        else lost++;
      }
      assert.ok(lost > 5, `${lost} selects were lost`);
      yield* client.shutdown();
      assert.ok((yield* reader).equals(sent));
      dispose(client, server);
    }),
  );
});

describe("TcpStream.writeAll", () => {
  test(
    "an empty buffer is ready at once",
    toki(function* () {
      const [client, server] = yield* pair();
      assertReadyEq(testTask(client.writeAll(new Uint8Array(0))).poll(), undefined);
      dispose(client, server);
    }),
  );

  test(
    "takes plain arrays and views into larger buffers",
    toki(function* () {
      const [client, server] = yield* pair();
      const large = new Uint8Array(100).fill(46);
      large.set(text("view"), 50);
      yield* client.writeAll(large.subarray(50, 54));
      yield* client.writeAll(new Uint8Array([33]));
      client[Symbol.dispose]();
      assert.equal(String(yield* drain(server)), "view!");
      server[Symbol.dispose]();
    }),
  );

  test(
    "cancel: dropped half way, what goes out is a beginning of the buffer, and later writes come after it",
    toki(function* () {
      const [client, server] = yield* pair();
      const sent = bytes(20_000_000);
      const task = testTask(client.writeAll(sent));
      assertPending(task.poll());
      task[Symbol.dispose]();
      const reader = spawn(drain(server));
      yield* client.writeAll(text("after"));
      yield* client.shutdown();
      const received = yield* reader;
      const body = received.subarray(0, -5);
      assert.equal(String(received.subarray(-5)), "after");
      assert.ok(body.equals(Buffer.from(sent.buffer, 0, body.length)));
      dispose(client, server);
    }),
  );

  test(
    "a small write behind a full kernel waits too: no threshold lets it pass",
    toki(function* () {
      const [client, server] = yield* pair();
      // One byte at a time: never near any mark of the socket's own.
      let task = testTask(client.writeAll(bytes(1)));
      let count = 0;
      fillExactly: for (;;) {
        for (let i = 0; i < 1000; i++) {
          if (task.poll() === Pending) break fillExactly;
          count++;
          task = testTask(client.writeAll(bytes(count % 7 === 0 ? 40_000 : 1)));
        }
        yield* turns(1);
      }
      yield* turns();
      assert.equal(task.isWoken, false);
      const reader = spawn(drain(server));
      while (task.poll() === Pending) yield* turns(1);
      client[Symbol.dispose]();
      yield* reader;
      server[Symbol.dispose]();
    }),
  );
});
