// What the tests of shared ports run on workers. No effect at the top level.
import { fn, spawn, workerIndex } from "toki";
import { TcpListener } from "toki/net";

/** Answers each connection with the number of the worker. */
const serve = fn(function* serve(listener: TcpListener) {
  using listening = listener;
  for (;;) {
    const [stream] = yield* listening.accept();
    using socket = stream;
    yield* socket.writeAll(Buffer.from(String(workerIndex())));
  }
});

let isListening = false;

/** Makes the worker that takes it listen, unless it does already. It holds that worker for a moment, so that others take the calls behind it. */
export const listenHere = fn(import.meta, function* listenHere(port: number) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  if (isListening) return false;
  isListening = true;
  spawn(serve(yield* TcpListener.bind(`127.0.0.1:${port}`, { reusePort: true })));
  return true;
});

/** Makes the worker that takes it listen on a port of its own. */
export const listenAlone = fn(import.meta, function* listenAlone() {
  const listener = yield* TcpListener.bind("127.0.0.1:0");
  spawn(serve(listener));
  return listener.localAddr.port;
});
