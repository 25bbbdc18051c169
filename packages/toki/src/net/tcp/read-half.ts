import type { Connection } from "../driver/connection.js";
import { TcpSource } from "./source.js";

/**
 * The half of a stream to read from; made by {@link TcpStream.split}. It borrows the stream: disposing the stream closes both directions.
 *
 * @example
 * ```ts
 * import { join, main } from "toki";
 * import { TcpListener, TcpStream } from "toki/net";
 *
 * await main(function* () {
 *   using listener = yield* TcpListener.bind("127.0.0.1:0");
 *   using client = yield* TcpStream.connect(listener.localAddr);
 *   using server = yield* listener.incoming().next();
 *   const [reader, writer] = client.split();
 *   yield* server.writeAll(Buffer.from("hello"));
 *   const [chunk] = yield* join(reader.readChunk(), writer.writeAll(Buffer.from("hi")));
 *   console.log(String(chunk), String(yield* server.readChunk())); // hello hi
 * });
 * ```
 */
export class ReadHalf extends TcpSource {
  /** @internal */
  constructor(connection: Connection) {
    super(connection);
  }
}
