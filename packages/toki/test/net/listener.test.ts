import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, test } from "node:test";
import { Future, fn, pollFn, Runtime, select, spawn, yieldNow } from "toki";
import { IoError } from "toki/io";
import { type SocketAddr, TcpListener, TcpStream } from "toki/net";
import { assertPending, assertReady, testTask, test as toki } from "toki/test";
import { assertTakesBudget, bytes, failure, noHandlesLeft, turns, until } from "./support.js";

/** `count` clients, connected one after the other. */
const connectMany = fn(function* connectMany(listener: TcpListener, count: number) {
  const clients: TcpStream[] = [];
  for (let i = 0; i < count; i++) clients.push(yield* TcpStream.connect(listener.localAddr));
  yield* turns();
  return clients;
});

const dispose = (...streams: readonly Disposable[]) => {
  for (const stream of streams) stream[Symbol.dispose]();
};

const accepted = (task: ReturnType<typeof testTask<[TcpStream, SocketAddr]>>) => assertReady(task.poll());

describe("TcpListener.accept", () => {
  test(
    "connections are given out in the order in which they came",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const clients = yield* connectMany(listener, 8);
      for (const client of clients) {
        const [server, peer] = yield* listener.accept();
        assert.ok(peer.equals(client.localAddr));
        dispose(server, client);
      }
    }),
  );

  test(
    "tasks that wait get them in the order in which they began to",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const waiting = [0, 1, 2].map(() => testTask(listener.accept()));
      for (const task of waiting) assertPending(task.poll());
      const clients = yield* connectMany(listener, 2);
      assert.deepEqual(
        waiting.map((task) => task.isWoken),
        [true, true, false],
      );
      // Polled in another order: each still gets the one that came for it, or at least one of those that woke it.
      const [second] = accepted(waiting[1]!);
      const [first] = accepted(waiting[0]!);
      assertPending(waiting[2]!.poll());
      waiting[2]![Symbol.dispose]();
      dispose(first, second, ...clients);
    }),
  );

  test(
    "a newcomer does not overtake a task that was woken",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const waiting = testTask(listener.accept());
      assertPending(waiting.poll());
      const [client] = yield* connectMany(listener, 1);
      assert.ok(waiting.isWoken);
      const newcomer = testTask(listener.accept());
      assertPending(newcomer.poll());
      const [server] = accepted(waiting);
      assert.equal(newcomer.isWoken, false);
      newcomer[Symbol.dispose]();
      dispose(server, client!);
    }),
  );

  test(
    "cancel: a connection that woke an accept which was then dropped goes to the next",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const [first, second] = [testTask(listener.accept()), testTask(listener.accept())];
      assertPending(first.poll());
      assertPending(second.poll());
      const clients = yield* connectMany(listener, 1);
      assert.equal(first.isWoken, true);
      assert.equal(second.isWoken, false);
      first[Symbol.dispose]();
      assert.equal(second.isWoken, true);
      const [server, peer] = accepted(second);
      assert.ok(peer.equals(clients[0]!.localAddr));
      dispose(server, ...clients);
    }),
  );

  test(
    "cancel: with nobody else waiting the connection stays queued, ahead of later ones",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const task = spawn(listener.accept());
      yield* yieldNow();
      const clients = yield* connectMany(listener, 1);
      task.abort(); // it was woken, or has just been given the connection
      yield* turns();
      if (!task.isFinished()) assert.fail("the task did not end");
      const winner = yield* Future.from(
        (function* () {
          try {
            return yield* task;
          } catch {}
        })(),
      );
      clients.push(...(yield* connectMany(listener, 1)));
      const [server, peer] = winner ?? (yield* listener.accept());
      assert.ok(peer.equals(clients[0]!.localAddr));
      const [next, nextPeer] = yield* listener.accept();
      assert.ok(nextPeer.equals(clients[1]!.localAddr));
      dispose(server, next, ...clients);
    }),
  );

  test(
    "cancel: an accept that loses a select every time loses no connection",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const { localAddr } = listener;
      const seen: string[] = [];
      const dialer = spawn(function* () {
        const clients: TcpStream[] = [];
        for (let i = 0; i < 50; i++) clients.push(yield* TcpStream.connect(localAddr));
        return clients;
      });
      while (seen.length < 50) {
        const { key, value } = yield* select({ other: yieldNow(), accept: listener.accept() });
        if (key === "accept") {
          seen.push(String(value[1]));
          dispose(value[0]);
        } else yield* turns(1);
      }
      const clients = yield* dialer;
      assert.deepEqual(
        seen,
        clients.map((client) => String(client.localAddr)),
      );
      dispose(...clients);
    }),
  );

  test(
    "a dropped accept can be polled again and waits anew, at the end of the line",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const future = listener.accept();
      const [first, second] = [testTask(future), testTask(listener.accept())];
      assertPending(first.poll());
      assertPending(second.poll());
      future[Symbol.dispose]();
      assertPending(first.poll());
      const clients = yield* connectMany(listener, 1);
      assert.deepEqual([first.isWoken, second.isWoken], [false, true]);
      const [server] = accepted(second);
      first[Symbol.dispose]();
      dispose(server, ...clients);
    }),
  );

  test(
    "polled after it was ready it says so",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const clients = yield* connectMany(listener, 1);
      const task = testTask(listener.accept());
      const [server] = accepted(task);
      assert.throws(() => task.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
      dispose(server, ...clients);
    }),
  );

  test(
    "takes from the cooperative budget",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const clients = yield* connectMany(listener, 256);
      const servers: TcpStream[] = [];
      assertTakesBudget(() =>
        Future.from(
          (function* () {
            servers.push((yield* listener.accept())[0]);
          })(),
        ),
      );
      assert.equal(servers.length, 256);
      dispose(...clients, ...servers);
    }),
  );

  test(
    "nothing is read from a connection before somebody reads",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      using client = yield* TcpStream.connect(listener.localAddr);
      const sent = bytes(100_000);
      yield* client.writeAll(sent);
      const [server] = yield* listener.accept();
      yield* turns();
      assert.throws(() => server.tryRead(new Uint8Array(1)), { kind: "wouldBlock" });
      dispose(server);
    }),
  );
});

describe("TcpListener.pollAccept", () => {
  test(
    "wakes the waker of the latest call, and gives connections one by one",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const poll = () => testTask(pollFn<[TcpStream, SocketAddr]>((cx) => listener.pollAccept(cx)));
      const [first, second] = [poll(), poll()];
      assertPending(first.poll());
      assertPending(second.poll());
      const clients = yield* connectMany(listener, 2);
      assert.deepEqual([first.isWoken, second.isWoken], [false, true]);
      const [a] = accepted(second);
      const [b, peer] = accepted(first);
      assert.ok(peer.equals(clients[1]!.localAddr));
      assertPending(poll().poll());
      dispose(a, b, ...clients);
    }),
  );
});

describe("TcpListener.incoming", () => {
  test(
    "next() gives connections, inside Toki",
    toki(function* () {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      const clients = yield* connectMany(listener, 3);
      const incoming = listener.incoming();
      for (const client of clients) {
        using server = yield* incoming.next();
        assert.ok(server.peerAddr.equals(client.localAddr));
      }
      dispose(...clients);
    }),
  );

  test("for await gives connections in plain async code, and ends with an error when the listener is disposed", async () => {
    const rt = new Runtime();
    const listener = await rt.run(TcpListener.bind("127.0.0.1:0"));
    const clients: TcpStream[] = [];
    const seen: string[] = [];
    const dial = async () => clients.push(await rt.run(TcpStream.connect(listener.localAddr)));
    await dial();
    await assert.rejects(
      async () => {
        for await (const server of listener.incoming()) {
          seen.push(String(server.peerAddr));
          server[Symbol.dispose]();
          if (seen.length < 3) void dial();
          else setImmediate(() => listener[Symbol.dispose]());
        }
      },
      (error) => error instanceof IoError && error.kind === "notConnected",
    );
    assert.deepEqual(
      seen,
      clients.map((client) => String(client.localAddr)),
    );
    dispose(...clients);
    await rt.shutdown();
  });

  test("for await drives the runtime of the listener, so that tasks move", async () => {
    const rt = new Runtime();
    const listener = await rt.run(TcpListener.bind("127.0.0.1:0"));
    const dialer = rt.spawn(connectMany(listener, 2));
    let count = 0;
    for await (const server of listener.incoming()) {
      server[Symbol.dispose]();
      if (++count === 2) break;
    }
    dispose(...(await dialer), listener);
    await rt.shutdown();
  });

  test("for await needs no runtime", async () => {
    const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const listener = TcpListener.fromServer(server);
    const client = connect(listener.localAddr.port, "127.0.0.1");
    for await (const stream of listener.incoming()) {
      assert.equal(stream.peerAddr.port, client.localPort);
      stream[Symbol.dispose]();
      break;
    }
    await once(client.resume(), "close");
    listener[Symbol.dispose]();
  });

  test("leaving the loop leaves the listener as it is", async () => {
    const rt = new Runtime();
    const listener = await rt.run(TcpListener.bind("127.0.0.1:0"));
    using client = await rt.run(TcpStream.connect(listener.localAddr));
    for await (const server of listener.incoming()) {
      server[Symbol.dispose]();
      break;
    }
    using again = await rt.run(TcpStream.connect(listener.localAddr));
    const [server, peer] = await rt.run(listener.accept());
    assert.ok(peer.equals(again.localAddr));
    assert.ok(client.peerAddr.equals(again.peerAddr));
    dispose(server, listener);
    await rt.shutdown();
  });
});

describe("TcpListener disposed", () => {
  test(
    "stops listening, resets what was not accepted, leaves accepted connections alone",
    toki(function* () {
      const listener = yield* TcpListener.bind("127.0.0.1:0");
      const [first, second] = yield* connectMany(listener, 2);
      const [server] = yield* listener.accept();
      listener[Symbol.dispose]();
      listener[Symbol.dispose]();
      yield* failure(second!.readChunk(), "connectionReset");
      yield* failure(TcpStream.connect(listener.localAddr), "connectionRefused");
      yield* server.writeAll(Buffer.from("still here"));
      assert.equal(String(yield* first!.readChunk()), "still here");
      dispose(server, first!, second!);
      yield* noHandlesLeft();
    }),
  );

  test(
    "tasks that wait, and later accepts, get an error",
    toki(function* () {
      const listener = yield* TcpListener.bind("127.0.0.1:0");
      const tasks = [spawn(listener.accept()), spawn(listener.incoming().next())];
      const polled = testTask(pollFn<unknown>((cx) => listener.pollAccept(cx)));
      assertPending(polled.poll());
      yield* turns(3);
      listener[Symbol.dispose]();
      for (const task of tasks) {
        const error = yield* Future.from(
          (function* () {
            try {
              yield* task;
            } catch (error) {
              return (error as Error).cause;
            }
          })(),
        );
        assert.ok(error instanceof IoError && error.kind === "notConnected");
      }
      assert.ok(polled.isWoken);
      assert.throws(() => polled.poll(), { kind: "notConnected" });
      yield* failure(listener.accept(), "notConnected");
      yield* noHandlesLeft();
    }),
  );

  test(
    "disposed between a wake and its poll",
    toki(function* () {
      const listener = yield* TcpListener.bind("127.0.0.1:0");
      const [kept, dropped] = [testTask(listener.accept()), testTask(listener.accept())];
      assertPending(kept.poll());
      assertPending(dropped.poll());
      const clients = yield* connectMany(listener, 2);
      assert.ok(kept.isWoken && dropped.isWoken);
      listener[Symbol.dispose]();
      assert.throws(() => kept.poll(), { kind: "notConnected" });
      dropped[Symbol.dispose]();
      for (const client of clients) yield* failure(client.readChunk(), "connectionReset");
      dispose(...clients);
      yield* noHandlesLeft();
    }),
  );
});

describe("TcpListener.fromServer", () => {
  test(
    "takes over a server, whatever its defaults for half-open connections are",
    toki(function* () {
      const server = createServer();
      server.listen(0, "127.0.0.1");
      yield* until(() => server.listening);
      using listener = TcpListener.fromServer(server);
      using client = yield* TcpStream.connect(listener.localAddr);
      const [stream] = yield* listener.accept();
      using _ = stream;
      yield* client.writeAll(Buffer.from("question"));
      yield* client.shutdown();
      assert.equal(String(yield* stream.readChunk()), "question");
      assert.equal(yield* stream.readChunk(), undefined);
      yield* turns();
      yield* stream.writeAll(Buffer.from("answer"));
      assert.equal(String(yield* client.readChunk()), "answer");
    }),
  );

  test(
    "the server closed by somebody else ends the waits",
    toki(function* () {
      const server = createServer({ pauseOnConnect: true });
      server.listen(0, "127.0.0.1");
      yield* until(() => server.listening);
      const listener = TcpListener.fromServer(server);
      const task = spawn(failure(listener.accept(), "notConnected"));
      yield* yieldNow();
      server.close();
      yield* task;
    }),
  );

  test(
    "the error of a single accept is thrown once, and the listener goes on",
    toki(function* () {
      const server = createServer({ pauseOnConnect: true });
      server.listen(0, "127.0.0.1");
      yield* until(() => server.listening);
      using listener = TcpListener.fromServer(server);
      server.emit("error", Object.assign(new Error("accept EMFILE"), { code: "EMFILE", syscall: "accept" }));
      using client = yield* TcpStream.connect(listener.localAddr);
      const error = yield* failure(listener.accept(), "other");
      assert.equal(error.code, "EMFILE");
      const [stream, peer] = yield* listener.accept();
      assert.ok(peer.equals(client.localAddr));
      dispose(stream);
    }),
  );

  test("refuses what is no listening TCP server", async () => {
    assert.throws(() => TcpListener.fromServer({} as never), { name: "InvalidArgumentError", argument: "server" });
    assert.throws(() => TcpListener.fromServer(createServer()), { name: "IoError", kind: "invalidInput" });
    if (process.platform === "linux") {
      const server = createServer().listen(`\0toki-test-${process.pid}`);
      await once(server, "listening");
      assert.throws(() => TcpListener.fromServer(server), { name: "IoError", kind: "invalidInput" });
      server.close();
    }
  });
});

test(
  "a poll of accept parks again with the new waker",
  toki(function* () {
    using listener = yield* TcpListener.bind("127.0.0.1:0");
    const future = listener.accept();
    const [first, second] = [testTask(future), testTask(future)];
    assertPending(first.poll());
    assertPending(second.poll());
    const clients = yield* connectMany(listener, 1);
    assert.deepEqual([first.isWoken, second.isWoken], [false, true]);
    dispose(accepted(second)[0], ...clients);
  }),
);
