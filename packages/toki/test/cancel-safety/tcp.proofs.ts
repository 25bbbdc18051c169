import assert from "node:assert/strict";
import { type Future, fn, Handle, Pending, spawn } from "toki";
import { lookupHost, TcpListener, TcpStream } from "toki/net";
import { assertPending, testTask } from "toki/test";
import { bytes, drain, noHandlesLeft, pair, text, turns, until } from "../net/support.js";
import { everyDrop, everyDropUnpolled } from "./drops.js";
import type { Body, Proof } from "./proof.js";

const close = (...all: readonly Disposable[]) => {
  for (const one of all) one[Symbol.dispose]();
};

function accepts(name: string, accept: (listener: TcpListener) => Future<unknown>): Record<string, Body> {
  return {
    ...everyDropUnpolled(name, function* (drop) {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      using client = yield* TcpStream.connect(listener.localAddr);
      yield* drop(accept(listener));
      const [server, peer] = yield* listener.accept();
      assert.ok(peer.equals(client.localAddr));
      close(server);
    }),
    ...everyDrop(`${name} that waits`, function* (drop) {
      using listener = yield* TcpListener.bind("127.0.0.1:0");
      yield* drop(accept(listener));
      using client = yield* TcpStream.connect(listener.localAddr);
      const [server, peer] = yield* listener.accept();
      assert.ok(peer.equals(client.localAddr));
      close(server);
    }),
    *[`${name} that was handed a connection`]() {
      for (const end of ["cancel", "dispose"] as const) {
        using listener = yield* TcpListener.bind("127.0.0.1:0");
        const wait = testTask(accept(listener));
        assertPending(wait.poll());
        using first = yield* TcpStream.connect(listener.localAddr);
        yield* until(() => wait.isWoken, "the accept is woken");
        if (end === "cancel") wait.cancel();
        else wait[Symbol.dispose]();
        using second = yield* TcpStream.connect(listener.localAddr);
        for (const client of [first, second]) {
          const [server, peer] = yield* listener.accept();
          assert.ok(peer.equals(client.localAddr));
          close(server);
        }
      }
    },
  };
}

const reading: Record<string, (stream: TcpStream) => Future<unknown>> = {
  read: (stream) => stream.read(new Uint8Array(8)),
  readChunk: (stream) => stream.readChunk(),
  peek: (stream) => stream.peek(new Uint8Array(8)),
  readable: (stream) => stream.readable(),
};

/** The whole of what was sent is still there after the drop, in order. */
function reads(name: string): Record<string, Body> {
  const read = reading[name] as (stream: TcpStream) => Future<unknown>;
  return {
    ...everyDropUnpolled(name, function* (drop) {
      const [client, server] = yield* pair();
      yield* client.writeAll(text("hello"));
      yield* server.readable();
      yield* drop(read(server));
      assert.equal(String(yield* server.readChunk()), "hello");
      close(client, server);
    }),
    ...everyDrop(`${name} that waits`, function* (drop) {
      const [client, server] = yield* pair();
      yield* drop(read(server));
      yield* client.writeAll(text("hello"));
      yield* client.shutdown();
      assert.equal(String(yield* drain(server)), "hello");
      close(client, server);
    }),
    *[`${name} that was told of bytes`]() {
      for (const end of ["cancel", "dispose"] as const) {
        const [client, server] = yield* pair();
        const wait = testTask(read(server));
        assertPending(wait.poll());
        yield* client.writeAll(text("hello "));
        yield* until(() => wait.isWoken, "the read is woken");
        if (end === "cancel") wait.cancel();
        else wait[Symbol.dispose]();
        yield* client.writeAll(text("world"));
        yield* client.shutdown();
        assert.equal(String(yield* drain(server)), "hello world");
        close(client, server);
      }
    },
  };
}

/** Two ends of a connection that takes no more bytes from the client, and how many it has taken. */
const blocked = fn(function* blocked() {
  const [client, server] = yield* pair();
  let taken = 0;
  // Full is full when it stays so over many turns of the loop.
  for (let still = 0; still < 50; still++) {
    for (;;) {
      const write = testTask(client.write(bytes(64 * 1024)));
      const count = write.poll();
      if (count === Pending) {
        write[Symbol.dispose]();
        break;
      }
      taken += count as number;
      still = 0;
    }
    yield* turns(1);
  }
  return [client, server, taken] as const;
});

/** An operation that waits behind bytes the kernel does not take: dropped, nothing of it is seen, and the direction is free. */
function behindAFullKernel(
  name: string,
  make: (client: TcpStream) => Future<unknown>,
  shuts = false,
): Record<string, Body> {
  return {
    ...everyDropUnpolled(name, function* (drop) {
      const [client, server] = yield* pair();
      yield* drop(make(client));
      yield* client.writeAll(text("after"));
      yield* client.shutdown();
      assert.equal(String(yield* drain(server)), "after");
      close(client, server);
    }),
    ...everyDrop(`${name} that waits`, function* (drop) {
      const [client, server, taken] = yield* blocked();
      yield* drop(make(client));
      const reader = spawn(drain(server));
      if (!shuts) yield* client.writeAll(text("after"));
      yield* client.shutdown();
      const received = yield* reader;
      assert.equal(received.length, taken + (shuts ? 0 : 5));
      assert.ok(received.subarray(0, 64 * 1024).equals(bytes(64 * 1024)));
      if (!shuts) assert.equal(String(received.subarray(-5)), "after");
      close(client, server);
    }),
    *[`${name} that was told it may go on`]() {
      for (const end of ["cancel", "dispose"] as const) {
        const [client, server, taken] = yield* blocked();
        const wait = testTask(make(client));
        assertPending(wait.poll());
        const reader = spawn(drain(server));
        yield* until(() => wait.isWoken, `${name} is woken`);
        if (end === "cancel") wait.cancel();
        else wait[Symbol.dispose]();
        if (!shuts) yield* client.writeAll(text("after"));
        yield* client.shutdown();
        assert.equal((yield* reader).length, taken + (shuts ? 0 : 5));
        close(client, server);
      }
    },
  };
}

/** A port nobody listens on. */
const unused = fn(function* unused() {
  using listener = yield* TcpListener.bind("127.0.0.1:0");
  return listener.localAddr;
});

export const proofs: readonly Proof[] = [
  {
    operation: "`listener.accept()`, `incoming()`",
    claim: "safe; the connection stays in the queue",
    proof: {
      ...accepts("listener.accept()", (listener) => listener.accept()),
      ...accepts("incoming()", (listener) => listener.incoming().next()),
    },
  },
  {
    operation: "`TcpStream.connect()`, `TcpListener.bind()`",
    claim: "safe: the attempt is given up",
    proof: {
      ...everyDropUnpolled("TcpStream.connect()", function* (drop) {
        using listener = yield* TcpListener.bind("127.0.0.1:0");
        yield* drop(TcpStream.connect(listener.localAddr));
        yield* turns();
        const accept = testTask(listener.accept());
        assertPending(accept.poll());
        accept[Symbol.dispose]();
        listener[Symbol.dispose]();
        yield* noHandlesLeft();
      }),
      ...everyDrop("TcpStream.connect() that has begun", function* (drop) {
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        yield* drop(TcpStream.connect(listener.localAddr));
        yield* turns();
        close(listener);
        yield* noHandlesLeft();
      }),
      *"TcpStream.connect() that was handed its connection"() {
        for (const end of ["cancel", "dispose"] as const) {
          const listener = yield* TcpListener.bind("127.0.0.1:0");
          const connect = testTask(TcpStream.connect(listener.localAddr), { runtime: Handle.current() });
          assertPending(connect.poll());
          const [server] = yield* listener.accept();
          yield* until(() => connect.isWoken, "it is connected");
          if (end === "cancel") connect.cancel();
          else connect[Symbol.dispose]();
          assert.equal(yield* server.readChunk(), undefined);
          close(server, listener);
          yield* noHandlesLeft();
        }
      },
      ...everyDropUnpolled("TcpListener.bind()", function* (drop) {
        const address = yield* unused();
        yield* drop(TcpListener.bind(address));
        yield* turns();
        close(yield* TcpListener.bind(address));
      }),
      ...everyDrop("TcpListener.bind() that has begun", function* (drop) {
        const address = yield* unused();
        yield* drop(TcpListener.bind(address));
        yield* turns();
        close(yield* TcpListener.bind(address));
        yield* noHandlesLeft();
      }),
      *"TcpListener.bind() that was handed its socket"() {
        for (const end of ["cancel", "dispose"] as const) {
          const address = yield* unused();
          const bind = testTask(TcpListener.bind(address), { runtime: Handle.current() });
          assertPending(bind.poll());
          yield* until(() => bind.isWoken, "it listens");
          if (end === "cancel") bind.cancel();
          else bind[Symbol.dispose]();
          close(yield* TcpListener.bind(address));
          yield* noHandlesLeft();
        }
      },
    },
  },
  {
    operation: "`read`, `readChunk`, `peek`",
    claim: "safe; nothing was read",
    proof: { ...reads("read"), ...reads("readChunk"), ...reads("peek") },
  },
  {
    operation: "`write`",
    claim: "safe; nothing was written",
    proof: behindAFullKernel("write", (client) => client.write(text("lost"))),
  },
  {
    operation: "`writeAll`",
    claim: "not safe: how much was written is unknown",
    proof: {
      ...everyDropUnpolled("writeAll", function* (drop) {
        const [client, server] = yield* pair();
        yield* drop(client.writeAll(text("lost")));
        yield* client.shutdown();
        assert.equal(String(yield* drain(server)), "");
        close(client, server);
      }),
      ...everyDrop("writeAll behind a full kernel: nothing goes out", function* (drop) {
        const [client, server, taken] = yield* blocked();
        yield* drop(client.writeAll(text("lost")));
        const reader = spawn(drain(server));
        yield* client.shutdown();
        assert.equal((yield* reader).length, taken);
        close(client, server);
      }),
      ...everyDrop("writeAll half way: what was handed over goes out all the same", function* (drop) {
        const [client, server] = yield* pair();
        const sent = bytes(20_000_000);
        yield* drop(client.writeAll(sent));
        const reader = spawn(drain(server));
        yield* client.writeAll(text("after"));
        yield* client.shutdown();
        const received = yield* reader;
        assert.ok(received.length > 5);
        assert.equal(String(received.subarray(-5)), "after");
        assert.ok(received.subarray(0, -5).equals(Buffer.from(sent.buffer, 0, received.length - 5)));
        close(client, server);
      }),
    },
  },
  {
    operation: "`flush`, `shutdown`",
    claim: "safe; can be called again",
    proof: {
      ...behindAFullKernel("flush", (client) => client.flush()),
      ...everyDropUnpolled("shutdown", function* (drop) {
        const [client, server] = yield* pair();
        yield* drop(client.shutdown());
        yield* client.writeAll(text("after"));
        yield* client.shutdown();
        assert.equal(String(yield* drain(server)), "after");
        close(client, server);
      }),
      ...shutdowns(),
    },
  },
  {
    operation: "`readable`, `writable`",
    claim: "safe",
    proof: {
      ...reads("readable"),
      ...behindAFullKernel("writable", (client) => client.writable()),
    },
  },
  {
    operation: "`lookupHost`",
    claim: "safe; the answer is ignored",
    proof: {
      ...everyDropUnpolled("lookupHost", function* (drop) {
        yield* drop(lookupHost("localhost:80"));
        assert.ok((yield* lookupHost("localhost:80")).length > 0);
      }),
      ...everyDrop("lookupHost that has asked", function* (drop) {
        yield* drop(lookupHost("localhost:80"));
        assert.ok((yield* lookupHost("localhost:80")).length > 0);
      }),
      *"lookupHost that was told the answer"() {
        const lookup = testTask(lookupHost("localhost:80"), { runtime: Handle.current() });
        assertPending(lookup.poll());
        yield* until(() => lookup.isWoken, "the answer");
        lookup.cancel();
        assert.ok((yield* lookupHost("localhost:80")).length > 0);
      },
    },
  },
];

function shutdowns(): Record<string, Body> {
  const { "shutdown that was told it may go on": told, ...rest } = behindAFullKernel(
    "shutdown",
    (client) => client.shutdown(),
    true,
  );
  const waiting = Object.entries(rest).filter(([name]) => name.startsWith("shutdown that waits"));
  return { ...Object.fromEntries(waiting), "shutdown that was told it may go on": told as Body };
}
