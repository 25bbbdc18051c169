// A TCP echo server, a task for each connection, and three clients that check it. With `serve [port]` it stays up until Ctrl-C.
// Programs 23, 93.
import { fn, join, main, select, spawn } from "toki";
import { TcpListener, TcpStream } from "toki/net";
import { ctrlC } from "toki/signal";

const handle = fn(function* handle(stream: TcpStream, peer: string) {
  using socket = stream; // closed on every way out
  const buffer = new Uint8Array(1024);
  for (;;) {
    const n = yield* socket.read(buffer);
    if (n === 0) break; // the peer has finished
    yield* socket.writeAll(buffer.subarray(0, n));
  }
  console.log(`disconnected ${peer}`);
});

const acceptLoop = fn(function* acceptLoop(listener: TcpListener, quiet: boolean) {
  for (let n = 1; ; n++) {
    const [socket, peer] = yield* listener.accept();
    const name = quiet ? `client ${n}` : String(peer);
    console.log(`connected ${name}`);
    spawn(handle(socket, name)); // an error in there ends that connection alone
  }
});

const client = fn(function* client(port: number, text: string) {
  using socket = yield* TcpStream.connect(`127.0.0.1:${port}`);
  yield* socket.writeAll(Buffer.from(text));
  yield* socket.shutdown(); // no more from us: the server sees the end
  const received: Uint8Array[] = [];
  for (let chunk = yield* socket.readChunk(); chunk !== undefined; chunk = yield* socket.readChunk())
    received.push(chunk);
  return Buffer.concat(received).equals(Buffer.from(text));
});

const [, , command, port = "8080"] = process.argv;

await main(function* () {
  const serving = command === "serve";
  using listener = yield* TcpListener.bind(`127.0.0.1:${serving ? port : 0}`);
  const { port: actual } = listener.localAddr;
  if (serving) {
    console.log(`listening on 127.0.0.1:${actual}`);
    yield* select({ accepting: acceptLoop(listener, false), stop: ctrlC() });
    console.log("stopped");
    return;
  }
  const server = spawn(acceptLoop(listener, true));
  const texts = ["hello", "x".repeat(100_000), "äöü €"];
  console.log("unchanged:", yield* join(...texts.map((text) => client(actual, text))));
  server.abort();
});
