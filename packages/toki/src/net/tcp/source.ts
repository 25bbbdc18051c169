import type { Future } from "../../future/future.js";
import type { AsyncRead } from "../../io/async-read.js";
import type { Connection } from "../driver/connection.js";
import { Peek, Read, Readable, ReadChunk, tryRead } from "../driver/read-ops.js";
import type { SocketAddr } from "../socket-addr.js";
import { checkBytes, gone, unknownAddress } from "./check.js";

/**
 * What can be read from a TCP connection, on the stream and on its read halves.
 *
 * One task at a time reads: a second read that would wait beside one that waits throws.
 *
 * @example
 * ```ts
 * import { fn, main } from "toki";
 * import { TcpListener, type TcpSource, TcpStream } from "toki/net";
 *
 * // Takes streams and both kinds of read half.
 * const countBytes = fn(function* countBytes(source: TcpSource) {
 *   let count = 0;
 *   for (let chunk = yield* source.readChunk(); chunk !== undefined; chunk = yield* source.readChunk()) count += chunk.length;
 *   return count;
 * });
 *
 * await main(function* () {
 *   using listener = yield* TcpListener.bind("127.0.0.1:0");
 *   using client = yield* TcpStream.connect(listener.localAddr);
 *   using server = yield* listener.incoming().next();
 *   yield* client.writeAll(Buffer.from("hello"));
 *   yield* client.shutdown();
 *   console.log(yield* countBytes(server)); // 5
 * });
 * ```
 */
export abstract class TcpSource implements AsyncRead {
  /** Null when this object no longer stands for a connection: it was taken apart, put together again, or (a half) disposed. @internal */
  connection: Connection | null;

  /** @internal */
  protected constructor(connection: Connection) {
    this.connection = connection;
  }

  /**
   * Reads what has arrived, waiting until there is something, into the front of `buffer`.
   *
   * **Cancel safety**: safe; if it loses, nothing was read.
   *
   * @param buffer - where the bytes go; it may be filled in part
   * @returns how many bytes were read; 0 once the peer has shut down its side and everything was read, or if `buffer` is empty
   * @throws IoError (`connectionReset` and the like) if the connection broke; what had arrived before is read first
   * @throws MisuseError if another read waits on this stream
   *
   * @example
   * ```ts
   * import { fn, main, spawn } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * const echo = fn(function* echo(stream: TcpStream) {
   *   using _ = stream;
   *   const buffer = new Uint8Array(1024);
   *   for (;;) {
   *     const count = yield* stream.read(buffer);
   *     if (count === 0) return;
   *     yield* stream.writeAll(buffer.subarray(0, count));
   *   }
   * });
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   using client = yield* TcpStream.connect(listener.localAddr);
   *   const [stream] = yield* listener.accept();
   *   spawn(echo(stream));
   *   yield* client.writeAll(Buffer.from("hello"));
   *   const buffer = new Uint8Array(16);
   *   const count = yield* client.read(buffer);
   *   console.log(Buffer.from(buffer.subarray(0, count)).toString()); // hello
   * });
   * ```
   */
  read(buffer: Uint8Array): Future<number> {
    return new Read(this.connection ?? gone("TcpStream.read"), checkBytes(buffer, "TcpStream.read"));
  }

  /**
   * Reads the next chunk as it came from the system, without copying it: between one byte and 64 KiB. The fastest way to read, when the size of
   * the pieces does not matter. The chunk is the caller's.
   *
   * **Cancel safety**: safe; if it loses, nothing was read.
   *
   * @returns the chunk; undefined once the peer has shut down its side and everything was read
   * @throws IoError if the connection broke; what had arrived before is read first
   * @throws MisuseError if another read waits on this stream
   *
   * @example
   * ```ts
   * import { fn, main, spawn } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * const echo = fn(function* echo(stream: TcpStream) {
   *   using _ = stream;
   *   for (;;) {
   *     const chunk = yield* stream.readChunk();
   *     if (chunk === undefined) return;
   *     yield* stream.writeAll(chunk);
   *   }
   * });
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   using client = yield* TcpStream.connect(listener.localAddr);
   *   const [stream] = yield* listener.accept();
   *   spawn(echo(stream));
   *   yield* client.writeAll(Buffer.from("hello"));
   *   yield* client.shutdown();
   *   let text = "";
   *   for (let chunk = yield* client.readChunk(); chunk !== undefined; chunk = yield* client.readChunk()) text += Buffer.from(chunk);
   *   console.log(text); // hello
   * });
   * ```
   */
  readChunk(): Future<Uint8Array | undefined> {
    return ReadChunk.on(this.connection ?? gone("TcpStream.readChunk"));
  }

  /**
   * As {@link TcpSource.read}, but leaves the bytes to be read again.
   *
   * **Cancel safety**: safe; nothing is read in any case.
   *
   * @param buffer - where the bytes go; it may be filled in part
   * @returns how many bytes were copied; 0 at the end of the stream, or if `buffer` is empty
   * @throws IoError if the connection broke; MisuseError if another read waits on this stream
   */
  peek(buffer: Uint8Array): Future<number> {
    return new Peek(this.connection ?? gone("TcpStream.peek"), checkBytes(buffer, "TcpStream.peek"));
  }

  /**
   * Waits until a read would not wait: bytes have arrived, the peer has shut down its side, or the connection broke.
   *
   * **Cancel safety**: safe; nothing is read in any case.
   *
   * @throws MisuseError if another read waits on this stream
   */
  readable(): Future<void> {
    return new Readable(this.connection ?? gone("TcpStream.readable"));
  }

  /**
   * Reads what has arrived, without waiting.
   *
   * @param buffer - where the bytes go; it may be filled in part
   * @returns how many bytes were read; 0 at the end of the stream, or if `buffer` is empty
   * @throws IoError (`wouldBlock`) if nothing has arrived; another kind if the connection broke
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { IoError } from "toki/io";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   using client = yield* TcpStream.connect(listener.localAddr);
   *   const [server] = yield* listener.accept();
   *   const buffer = new Uint8Array(16);
   *   try {
   *     client.tryRead(buffer);
   *   } catch (error) {
   *     console.log((error as IoError).kind); // wouldBlock
   *   }
   *   yield* server.writeAll(Buffer.from("hello"));
   *   yield* client.readable();
   *   console.log(client.tryRead(buffer)); // 5
   *   server[Symbol.dispose]();
   * });
   * ```
   */
  tryRead(buffer: Uint8Array): number {
    const what = "TcpStream.tryRead";
    return tryRead(this.connection ?? gone(what), what, checkBytes(buffer, what));
  }

  /**
   * Our end of the connection.
   *
   * @throws IoError (`notConnected`) if the connection broke before anybody asked
   */
  get localAddr(): SocketAddr {
    const what = "TcpStream.localAddr";
    return (this.connection ?? gone(what)).localAddr() ?? unknownAddress(what);
  }

  /**
   * The peer's end of the connection.
   *
   * @throws IoError (`notConnected`) if the connection broke before anybody asked
   */
  get peerAddr(): SocketAddr {
    const what = "TcpStream.peerAddr";
    return (this.connection ?? gone(what)).peerAddr() ?? unknownAddress(what);
  }
}
