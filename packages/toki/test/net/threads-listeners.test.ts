import assert from "node:assert/strict";
import test from "node:test";
import { fn, Runtime, spawn } from "toki";
import { TcpListener, TcpStream } from "toki/net";
import { drain, failure } from "./support.js";
import { listenAlone, listenHere } from "./threads.listeners.js";
import { threadTest, unlessNotSharing, unlessSharing } from "./threads.support.js";

const TIMEOUT = 40_000;
/** Connections until each listener had one. The system chooses by a hash: that one of two gets none of 400 does not happen. */
const MANY = 400;

const ask = fn(function* ask(port: number) {
  using client = yield* TcpStream.connect(`127.0.0.1:${port}`);
  return String(yield* drain(client));
});

test("TcpListener.bind with reusePort: listeners share a port, and each accepts", {
  skip: unlessSharing,
  timeout: TIMEOUT,
}, async () => {
  await using rt = new Runtime({ flavor: "currentThread" });
  await rt.run(function* () {
    using first = yield* TcpListener.bind("127.0.0.1:0", { reusePort: true });
    const { port } = first.localAddr;
    using second = yield* TcpListener.bind(`127.0.0.1:${port}`, { reusePort: true });
    assert.equal(second.localAddr.port, port);
    const serving = [first, second].map((listener, i) =>
      spawn(function* () {
        for (;;) {
          const [stream] = yield* listener.accept();
          using socket = stream;
          yield* socket.writeAll(Buffer.from(String(i)));
        }
      }),
    );
    const seen = new Set<string>();
    for (let i = 0; i < MANY && seen.size < 2; i++) seen.add(yield* ask(port));
    assert.deepEqual([...seen].sort(), ["0", "1"]);
    for (const handle of serving) handle.abort();
  });
});

test("TcpListener.bind shares only with listeners that ask for it too", {
  skip: unlessSharing,
  timeout: TIMEOUT,
}, async () => {
  await using rt = new Runtime({ flavor: "currentThread" });
  await rt.run(function* () {
    using sharing = yield* TcpListener.bind("127.0.0.1:0", { reusePort: true });
    yield* failure(TcpListener.bind(sharing.localAddr), "addrInUse");
    using alone = yield* TcpListener.bind("127.0.0.1:0", { reusePort: false });
    yield* failure(TcpListener.bind(alone.localAddr, { reusePort: true }), "addrInUse");
  });
});

threadTest("TcpListener.bind with reusePort on each worker: all of them serve the port", unlessSharing, async (rt) => {
  await rt.run(function* () {
    // Holds the port; it does not listen by the time that anybody connects.
    const holder = yield* TcpListener.bind("127.0.0.1:0", { reusePort: true });
    const { port } = holder.localAddr;
    for (let listening = 0; listening < 2; ) {
      for (const handle of [spawn(listenHere(port)), spawn(listenHere(port)), spawn(listenHere(port))]) {
        if (yield* handle) listening++;
      }
    }
    holder[Symbol.dispose]();
    const seen = new Set<string>();
    for (let i = 0; i < MANY && seen.size < 2; i++) seen.add(yield* ask(port));
    assert.deepEqual([...seen].sort(), ["0", "1"]);
  });
});

test("TcpListener.bind refuses reusePort at the call where Node ignores it", { skip: unlessNotSharing }, () => {
  assert.throws(() => TcpListener.bind("127.0.0.1:0", { reusePort: true }), {
    name: "IoError",
    kind: "unsupported",
    code: "ENOTSUP",
    message: `TcpListener.bind: options.reusePort needs Node 22.12, 23.1 or newer, and this is ${process.version}`,
  });
});

test("TcpListener.bind refuses options that are none", () => {
  const bind = (options: any) => () => TcpListener.bind("127.0.0.1:0", options);
  assert.throws(bind(null), { name: "InvalidArgumentError", message: /options must be an object/ });
  assert.throws(bind({ reusePort: 1 }), {
    name: "InvalidArgumentError",
    message: /options\.reusePort must be a boolean/,
  });
});

test("a runtime that ends closes the listeners and connections of its workers, however they wait", {
  timeout: TIMEOUT,
}, async () => {
  for (let connections = 0; connections < 12; connections++) {
    const rt = new Runtime({ flavor: "multiThread", workerThreads: 2 });
    const port = await rt.run(function* () {
      const port = yield* spawn(listenAlone());
      for (let i = 0; i < connections % 3; i++) assert.match(yield* ask(port), /^[01]$/);
      return port;
    });
    await rt[Symbol.asyncDispose]();
    await using other = new Runtime({ flavor: "currentThread" });
    await other.run(failure(TcpStream.connect(`127.0.0.1:${port}`), "connectionRefused"));
  }
});
