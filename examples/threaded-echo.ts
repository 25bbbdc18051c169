// A TCP echo server on all cores. Where Node can move sockets (24.20, 26.6), one thread accepts and each connection goes to a worker; where it cannot, each
// worker listens on the same port (Node 22.12); where that is missing too, one thread serves. With `serve [port]` it stays up until Ctrl-C.
// Programs 23, 93 on many threads.
import { fn, Handle, join, main, NotSendError, select, spawn } from "toki";
import { IoError } from "toki/io";
import { TcpListener, TcpStream } from "toki/net";
import { ctrlC } from "toki/signal";

const handle = fn(import.meta, function* handle(stream: TcpStream) {
  using socket = stream; // closed on every way out
  for (let chunk = yield* socket.readChunk(); chunk !== undefined; chunk = yield* socket.readChunk()) {
    yield* socket.writeAll(chunk);
  }
});

// One thread accepts

const acceptLoop = fn(function* acceptLoop(listener: TcpListener, moves: boolean) {
  using listening = listener;
  for (;;) {
    const [stream] = yield* listening.accept();
    if (moves) spawn(handle(stream));
    else
      spawn(function* () {
        yield* handle(stream);
      });
  }
});

/** Finds out with a connection to ourselves. */
const canMove = fn(function* canMove() {
  using listener = yield* TcpListener.bind("127.0.0.1:0");
  using _ = yield* TcpStream.connect(listener.localAddr);
  const [stream] = yield* listener.accept();
  try {
    spawn(handle(stream));
    return true;
  } catch (error) {
    stream[Symbol.dispose]();
    if (error instanceof NotSendError) return false;
    throw error;
  }
});

// Each worker listens

let isListening = false; // every worker has a variable of its own

/** Makes the worker that takes this call listen, if it does not. It holds that worker for a moment, so that others take the calls behind it. */
const listenHere = fn(import.meta, function* listenHere(address: string) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  if (isListening) return false;
  isListening = true;
  spawn(acceptLoop(yield* TcpListener.bind(address, { reusePort: true }), false));
  return true;
});

const listenEverywhere = fn(function* listenEverywhere(address: string) {
  const workers = Handle.current().metrics().numWorkers;
  for (let listening = 0; listening < workers; ) {
    const calls = Array.from({ length: workers }, () => spawn(listenHere(address)));
    for (const call of calls) if (yield* call) listening++;
  }
});

/** Starts to serve, and says how, and where. */
const serve = fn(function* serve(port: number) {
  const address = `127.0.0.1:${port}`;
  if (yield* canMove()) {
    const listener = yield* TcpListener.bind(address);
    spawn(acceptLoop(listener, true));
    return { how: "sockets move to the workers", port: listener.localAddr.port };
  }
  try {
    // Keeps the port until the workers have it.
    using first = yield* TcpListener.bind(address, { reusePort: true });
    yield* listenEverywhere(String(first.localAddr));
    return { how: "each worker listens", port: first.localAddr.port };
  } catch (error) {
    if (!(error instanceof IoError && error.kind === "unsupported")) throw error;
    const listener = yield* TcpListener.bind(address);
    spawn(acceptLoop(listener, false));
    return {
      how: "one thread serves: this Node can neither move sockets nor share ports",
      port: listener.localAddr.port,
    };
  }
});

const client = fn(function* client(port: number, n: number) {
  using socket = yield* TcpStream.connect(`127.0.0.1:${port}`);
  const message = Buffer.from(`message ${n} `.repeat(1000));
  yield* socket.writeAll(message);
  yield* socket.shutdown(); // no more from us: the server sees the end
  const received: Uint8Array[] = [];
  for (let chunk = yield* socket.readChunk(); chunk !== undefined; chunk = yield* socket.readChunk())
    received.push(chunk);
  return Buffer.concat(received).equals(message);
});

const [, , command, wanted = "8080"] = process.argv;

await main(function* () {
  const stays = command === "serve";
  const { how, port } = yield* serve(stays ? Number(wanted) : 0);
  console.log(how);
  if (stays) {
    console.log(`listening on 127.0.0.1:${port}`);
    yield* select({ stop: ctrlC() });
    console.log("stopped");
    return;
  }
  const answers = yield* join(...Array.from({ length: 40 }, (_, n) => client(port, n)));
  console.log(`unchanged: ${answers.filter(Boolean).length} of ${answers.length}`);
});
