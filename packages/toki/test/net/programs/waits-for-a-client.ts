// Nothing but a task that waits in accept, then one that waits in read, keeps the process alive.
import { main } from "toki";
import { TcpListener } from "toki/net";

await main(function* () {
  using listener = yield* TcpListener.bind("127.0.0.1:0");
  console.log(`port ${listener.localAddr.port}.`);
  const [stream] = yield* listener.accept();
  using _ = stream;
  console.log("accepted.");
  console.log(`read ${yield* stream.readChunk()}`);
});
