import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime, spawn, yieldNow } from "toki";
import { TcpListener, TcpStream } from "toki/net";

test("a runtime counts its sockets and listeners as they come and go, and the operations they let go on", {
  timeout: 60_000,
}, async () => {
  const rt = new Runtime();
  const metrics = rt.metrics();
  assert.equal(metrics.ioRegisteredCount, 0);
  await rt.run(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    assert.equal(metrics.ioRegisteredCount, 1);
    const accepting = spawn(listener.accept());
    const client = yield* TcpStream.connect(listener.localAddr);
    const [server] = yield* accepting;
    assert.equal(metrics.ioRegisteredCount, 3);
    const ready = metrics.ioReadyCount;
    const reading = spawn(server.readChunk());
    for (let i = 0; i < 3; i++) yield* yieldNow(); // it waits by now
    yield* client.writeAll(Buffer.from("hello"));
    assert.equal(String(yield* reading), "hello");
    assert(metrics.ioReadyCount > ready, "the read waited, and was told");
    assert.equal(metrics.ioDeregisteredCount, 0);
    client[Symbol.dispose]();
    server[Symbol.dispose]();
    listener[Symbol.dispose]();
    while (metrics.ioDeregisteredCount < 3) yield* yieldNow();
    assert.equal(metrics.ioRegisteredCount, 3);
  });
  await rt.shutdown();
});
