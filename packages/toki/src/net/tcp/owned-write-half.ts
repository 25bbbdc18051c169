import type { Connection } from "../driver/connection.js";
import { TcpSink } from "./sink.js";

/**
 * The half of a stream to write to; made by {@link TcpStream.intoSplit}. Disposing it shuts down our side: the peer reads the end of the stream. The
 * connection is closed when both halves are disposed. {@link OwnedReadHalf.reunite} puts them together again.
 */
export class OwnedWriteHalf extends TcpSink implements Disposable {
  /** @internal */
  constructor(connection: Connection) {
    super(connection);
  }

  /**
   * Gives the half up without shutting down our side: the peer reads the end of the stream only when the read half is disposed as well.
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   using client = yield* TcpStream.connect(listener.localAddr);
   *   const [server] = yield* listener.accept();
   *   const [readHalf, writeHalf] = server.intoSplit();
   *   writeHalf.forget(); // no end of stream yet
   *   readHalf[Symbol.dispose](); // now
   *   console.log(yield* client.readChunk()); // undefined
   * });
   * ```
   */
  forget(): void {
    this.connection?.release();
    this.connection = null;
  }

  /**
   * Shuts down our side, behind what was written. When the read half is gone as well, the connection is closed. Does nothing the second time.
   */
  [Symbol.dispose](): void {
    this.connection?.finish();
    this.forget();
  }
}
