import { invalidArgument } from "../../internal/invalid-argument.js";
import type { Connection } from "../driver/connection.js";
import { gone } from "./check.js";
import { OwnedWriteHalf } from "./owned-write-half.js";
import { ReuniteError } from "./reunite-error.js";
import { TcpSource } from "./source.js";
import type { TcpStream } from "./stream.js";

/**
 * The half of a stream to read from; made by {@link TcpStream.intoSplit}. The connection is closed when both halves are disposed.
 */
export class OwnedReadHalf extends TcpSource implements Disposable {
  readonly #join: (connection: Connection) => TcpStream;

  /**
   * @param join - makes the stream again; handed in, since the stream's module needs this one first
   * @internal
   */
  constructor(connection: Connection, join: (connection: Connection) => TcpStream) {
    super(connection);
    this.#join = join;
  }

  /**
   * Puts both halves together again. Neither can be used afterwards.
   *
   * @throws ReuniteError if `writeHalf` is of another stream; both halves stay as they are
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   const client = yield* TcpStream.connect(listener.localAddr);
   *   const [readHalf, writeHalf] = client.intoSplit();
   *   using stream = readHalf.reunite(writeHalf);
   *   console.log(stream.peerAddr.equals(listener.localAddr)); // true
   * });
   * ```
   */
  reunite(writeHalf: OwnedWriteHalf): TcpStream {
    if (!(writeHalf instanceof OwnedWriteHalf)) {
      throw invalidArgument("OwnedReadHalf.reunite", "writeHalf", "an OwnedWriteHalf", writeHalf);
    }
    const { connection } = this;
    if (connection === null || writeHalf.connection === null) gone("OwnedReadHalf.reunite");
    if (connection !== writeHalf.connection) throw new ReuniteError(this, writeHalf);
    this.connection = null;
    writeHalf.connection = null;
    connection.handles = 1;
    return this.#join(connection);
  }

  /** Gives the half up. When the other one is gone as well, the connection is closed. Does nothing the second time. */
  [Symbol.dispose](): void {
    this.connection?.release();
    this.connection = null;
  }
}
