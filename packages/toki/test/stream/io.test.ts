import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Runtime, select, yieldNow } from "toki";
import { TcpListener, TcpStream } from "toki/net";
import { SignalKind, signal } from "toki/signal";
import { stream } from "toki/stream";
import { test } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { now, waiting } from "../sync/support.js";

for (const { name, options } of flavors) {
  describe(`streams of the outside world [${name}]`, () => {
    it(
      "connections, in the order they came; dropped, the listener is closed",
      test(function* () {
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        const address = listener.localAddr;
        const incoming = stream(listener);
        using first = yield* TcpStream.connect(address);
        using one = (yield* incoming.next())!;
        assert.ok(one.peerAddr.equals(first.localAddr));
        assert.equal((yield* select.biased({ item: incoming.next(), other: yieldNow() })).key, "other");
        using second = yield* TcpStream.connect(address);
        using two = (yield* incoming.next())!;
        assert.ok(two.peerAddr.equals(second.localAddr));
        incoming[Symbol.dispose]();
        assert.equal(yield* incoming.next(), undefined);
        try {
          yield* listener.accept();
          assert.fail("the listener was to be closed");
        } catch (error) {
          assert.equal((error as { kind?: string }).kind, "notConnected");
        }
      }, options),
    );

    it(
      "a failed accept is an error item",
      test(function* () {
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        const incoming = stream(listener).results();
        listener[Symbol.dispose]();
        const result = yield* incoming.next();
        assert.equal(result?.ok, false);
      }, options),
    );

    it(
      "signals, with their kind",
      test(function* () {
        const hangups = stream(signal(SignalKind.hangup()));
        const both = hangups.merge(stream(signal("SIGUSR2"))).map((kind) => kind.name);
        process.kill(process.pid, "SIGHUP");
        assert.equal(yield* both.next(), "SIGHUP");
        process.kill(process.pid, "SIGUSR2");
        assert.equal(yield* both.next(), "SIGUSR2");
        assert.equal(hangups.describe(), "signal SIGHUP");
      }, options),
    );
  });
}

describe("streams of the outside world", () => {
  it("for await over a listener in plain async code; break closes it", async () => {
    await using rt = new Runtime();
    using _guard = rt.enter();
    const listener = await rt.run(TcpListener.bind("127.0.0.1:0"));
    using client = await rt.run(TcpStream.connect(listener.localAddr));
    for await (const connection of stream(listener)) {
      assert.ok(connection.peerAddr.equals(client.localAddr));
      connection[Symbol.dispose]();
      break;
    }
    await assert.rejects(rt.run(listener.accept()), { kind: "notConnected" });
  });

  it("a wait for a signal that ends lets go of the signal, which would hold the runtime", () => {
    const arrival = new Gate();
    const signals = stream({ recv: () => arrival, kind: SignalKind.hangup() });
    const next = waiting(signals.next());
    assert.equal(arrival.drops, 0);
    next[Symbol.dispose]();
    assert.equal(arrival.drops, 1);
    arrival.open();
    assert.equal(now(signals.next())?.name, "SIGHUP");
  });
});
