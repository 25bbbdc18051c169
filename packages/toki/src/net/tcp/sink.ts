import type { Future } from "../../future/future.js";
import type { AsyncWrite } from "../../io/async-write.js";
import type { Connection } from "../driver/connection.js";
import { Flush, Shutdown, tryWrite, Writable, Write, WriteAll } from "../driver/write-ops.js";
import type { SocketAddr } from "../socket-addr.js";
import { checkBytes, gone, unknownAddress } from "./check.js";

/**
 * What can be written to a TCP connection, on its write halves. {@link TcpStream} has the same methods.
 *
 * One task at a time writes: a second write that would wait beside one that waits throws.
 *
 * @example
 * ```ts
 * import { fn, main } from "toki";
 * import { TcpListener, TcpStream, type TcpSink } from "toki/net";
 *
 * // Takes both kinds of write half.
 * const greet = fn(function* greet(sink: TcpSink) {
 *   yield* sink.writeAll(Buffer.from("hello"));
 *   yield* sink.shutdown();
 * });
 *
 * await main(function* () {
 *   using listener = yield* TcpListener.bind("127.0.0.1:0");
 *   using client = yield* TcpStream.connect(listener.localAddr);
 *   using server = yield* listener.incoming().next();
 *   const [, writer] = client.split();
 *   yield* greet(writer);
 *   console.log(String(yield* server.readChunk()), yield* server.readChunk()); // hello undefined
 * });
 * ```
 */
export abstract class TcpSink implements AsyncWrite {
  /** Null when this object no longer stands for a connection: it was put together again, or disposed. @internal */
  connection: Connection | null;

  /** @internal */
  protected constructor(connection: Connection) {
    this.connection = connection;
  }

  /**
   * Writes a part of `buffer`, at most 64 KiB; see {@link TcpStream.write}.
   *
   * **Cancel safety**: safe; if it loses, nothing was written.
   */
  write(buffer: Uint8Array): Future<number> {
    return new Write(this.connection ?? gone("TcpStream.write"), checkBytes(buffer, "TcpStream.write"));
  }

  /**
   * Writes all of `buffer`; see {@link TcpStream.writeAll}.
   *
   * **Cancel safety**: not safe: how much was written is unknown.
   */
  writeAll(buffer: Uint8Array): Future<void> {
    return new WriteAll(this.connection ?? gone("TcpStream.writeAll"), checkBytes(buffer, "TcpStream.writeAll"));
  }

  /**
   * Waits until the system has taken what was written; see {@link TcpStream.flush}.
   *
   * **Cancel safety**: safe; it can be called again.
   */
  flush(): Future<void> {
    return new Flush(this.connection ?? gone("TcpStream.flush"));
  }

  /**
   * Shuts down our side: the peer reads the end of the stream; see {@link TcpStream.shutdown}.
   *
   * **Cancel safety**: safe; it can be called again.
   */
  shutdown(): Future<void> {
    return new Shutdown(this.connection ?? gone("TcpStream.shutdown"));
  }

  /**
   * Waits until a write would not wait; see {@link TcpStream.writable}.
   *
   * **Cancel safety**: safe; nothing is written in any case.
   */
  writable(): Future<void> {
    return new Writable(this.connection ?? gone("TcpStream.writable"));
  }

  /** Writes a part of `buffer` without waiting; see {@link TcpStream.tryWrite}. */
  tryWrite(buffer: Uint8Array): number {
    const what = "TcpStream.tryWrite";
    return tryWrite(this.connection ?? gone(what), what, checkBytes(buffer, what));
  }

  /** Our end of the connection; see {@link TcpStream.localAddr}. */
  get localAddr(): SocketAddr {
    const what = "TcpStream.localAddr";
    return (this.connection ?? gone(what)).localAddr() ?? unknownAddress(what);
  }

  /** The peer's end of the connection; see {@link TcpStream.peerAddr}. */
  get peerAddr(): SocketAddr {
    const what = "TcpStream.peerAddr";
    return (this.connection ?? gone(what)).peerAddr() ?? unknownAddress(what);
  }
}
