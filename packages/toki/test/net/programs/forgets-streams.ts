// Ends with streams and a listener that nobody disposed, tasks that wait on them, and input that nobody reads.
import { main, spawn, yieldNow } from "toki";
import { TcpListener, TcpStream } from "toki/net";

await main(function* () {
  const listener = yield* TcpListener.bind("127.0.0.1:0");
  spawn(function* () {
    for (;;) {
      const [stream] = yield* listener.accept();
      spawn(stream.readChunk());
    }
  });
  const client = yield* TcpStream.connect(listener.localAddr);
  yield* client.writeAll(Buffer.from("hello"));
  spawn(client.readChunk());
  const other = yield* TcpListener.bind("127.0.0.1:0");
  const [near, [far]] = [yield* TcpStream.connect(other.localAddr), yield* other.accept()];
  yield* near.writeAll(Buffer.alloc(500_000));
  yield* far.readChunk();
  yield* yieldNow();
});
console.log("main is over");
