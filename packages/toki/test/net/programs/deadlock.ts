// Sockets are open, but no task waits for them: nothing could ever wake the one that is left.
import { main, pending } from "toki";
import { TcpListener, TcpStream } from "toki/net";

await main(function* () {
  using listener = yield* TcpListener.bind("127.0.0.1:0");
  using client = yield* TcpStream.connect(listener.localAddr);
  const [server] = yield* listener.accept();
  using _ = server;
  yield* client.writeAll(Buffer.from("x"));
  yield* server.readChunk();
  yield* pending();
});
