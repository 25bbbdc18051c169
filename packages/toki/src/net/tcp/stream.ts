import { current } from "../../future/current.js";
import { fn } from "../../future/fn.js";
import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import type { AsyncWrite } from "../../io/async-write.js";
import { IoError } from "../../io/io-error.js";
import { ioRuntime } from "../../io/io-runtime.js";
import { registerCarriage } from "../../portable/codec/carriage.js";
import type { crosses } from "../../portable/send.js";
import { Connection } from "../driver/connection.js";
import { Dial } from "../driver/dial.js";
import { isNodeSocket, type NodeSocket } from "../driver/node.js";
import { streamCarriage } from "../driver/stream-carriage.js";
import { Flush, Shutdown, tryWrite, Writable, Write, WriteAll } from "../driver/write-ops.js";
import { eachAddress } from "../each-address.js";
import type { SocketAddr } from "../socket-addr.js";
import { parseTargets, type Target, type ToSocketAddrs } from "../to-socket-addrs.js";
import { checkBytes, gone } from "./check.js";
import { OwnedReadHalf } from "./owned-read-half.js";
import { OwnedWriteHalf } from "./owned-write-half.js";
import { ReadHalf } from "./read-half.js";
import { TcpSource } from "./source.js";
import { WriteHalf } from "./write-half.js";

const dial = (address: SocketAddr) => new Dial(address);

const streamOf = (connection: Connection) => new TcpStream(connection);

const connect = fn(function* connect(targets: readonly Target[]) {
  ioRuntime("TcpStream.connect");
  return new TcpStream(yield* eachAddress(targets, "TcpStream.connect", dial));
});

/**
 * A TCP connection.
 *
 * Both directions are independent. When the peer has shut down its side, reads give the end of the stream and writes go on; `shutdown` does the same the
 * other way round. One task at a time reads and one writes; {@link TcpStream.split} and {@link TcpStream.intoSplit} part the directions.
 *
 * Backpressure is real both ways. A write waits until the operating system has taken the bytes, which it does not while the peer does not read. While
 * nobody reads here, some 64 KiB wait in the process and the rest stays with the system, so that the peer's writes wait.
 *
 * Between threads: a stream that nobody has read from, written to or shut down is `Send` where Node can move sockets (24.20, 26.6 and newer): `spawn(handle(stream))` with a
 * portable `handle` takes it to a worker, and this object cannot be used any more. What arrives meanwhile is not lost. A stream in use stays on its thread.
 *
 * Dispose it (`using`): a stream that is merely forgotten stays open until the process ends. It does not keep the process alive; a task that
 * waits for it does.
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
 *   spawn(function* () {
 *     for (;;) {
 *       const [stream] = yield* listener.accept();
 *       spawn(echo(stream));
 *     }
 *   });
 *   using client = yield* TcpStream.connect(listener.localAddr);
 *   yield* client.writeAll(Buffer.from("hello"));
 *   console.log(String(yield* client.readChunk())); // hello
 * });
 * ```
 */
export class TcpStream extends TcpSource implements AsyncWrite, Disposable {
  declare readonly [crosses]: true;

  /** @internal */
  constructor(connection: Connection) {
    super(connection);
  }

  /**
   * Connects to a peer. Of several addresses, each is tried in order; the first that works wins, and the last error is thrown.
   *
   * **Cancel safety**: safe; the attempt that is under way is given up and its socket closed.
   *
   * @param address - where to: `"127.0.0.1:8080"`, `"localhost:8080"`, `"[::1]:8080"`, `{ host, port }`, a `SocketAddr`, or an array of these
   * @throws IoError (`connectionRefused` and the like); at the call (`invalidInput`) if `address` is malformed
   * @throws NoRuntimeError outside a runtime; DriverDisabledError if its IO is disabled
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   using stream = yield* TcpStream.connect(listener.localAddr);
   *   yield* stream.writeAll(Buffer.from("hello"));
   * });
   * ```
   */
  static connect(address: ToSocketAddrs): Future<TcpStream> {
    return connect(parseTargets(address, "TcpStream.connect"));
  }

  /**
   * Takes over a connected socket of `node:net`. Nobody else may read from it, write to it or listen to its events afterwards. Works outside a runtime too.
   *
   * @param socket - a connected TCP socket
   * @throws IoError: `notConnected` if the socket is not connected yet, or no more; `invalidInput` if it decodes text
   * @throws DriverDisabledError if the IO of the current runtime is disabled
   *
   * @example
   * ```ts
   * import { createServer } from "node:net";
   * import { once } from "node:events";
   * import { Runtime } from "toki";
   * import { SocketAddr, TcpStream } from "toki/net";
   *
   * const rt = new Runtime();
   * const server = createServer({ pauseOnConnect: true }, (socket) => {
   *   rt.spawn(function* () {
   *     using stream = TcpStream.fromSocket(socket);
   *     yield* stream.writeAll(Buffer.from("hello"));
   *   });
   * });
   * server.listen(0, "127.0.0.1");
   * await once(server, "listening");
   *
   * await rt.run(function* () {
   *   const { port } = server.address() as { port: number };
   *   using client = yield* TcpStream.connect(new SocketAddr("127.0.0.1", port));
   *   console.log(String(yield* client.readChunk())); // hello
   * });
   * server.close();
   * ```
   */
  static fromSocket(socket: NodeSocket): TcpStream {
    const what = "TcpStream.fromSocket";
    if (!isNodeSocket(socket)) throw invalidArgument(what, "socket", "a Socket of node:net", socket);
    optionalIo(what);
    if (socket.connecting || socket.destroyed || socket.pending) {
      throw new IoError("notConnected", `${what}: socket must be connected`, { code: "ENOTCONN" });
    }
    if (socket.readableEncoding !== null) {
      throw new IoError("invalidInput", `${what}: socket must give bytes, not text (setEncoding)`, { code: "EINVAL" });
    }
    socket.allowHalfOpen = true;
    return new TcpStream(new Connection(socket, current.runtime));
  }

  /**
   * Writes a part of `buffer`, at most 64 KiB, waiting until the operating system has taken what was written before. The bytes are copied: `buffer` may
   * be changed as soon as the future is done.
   *
   * **Cancel safety**: safe; if it loses, nothing was written.
   *
   * @param buffer - the bytes
   * @returns how many bytes were taken, from the front of `buffer`
   * @throws IoError: `brokenPipe` if the stream was shut down or closed or the connection is broken, another kind if writing failed
   * @throws MisuseError if another write waits on this stream
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   using stream = yield* TcpStream.connect(listener.localAddr);
   *   let rest = Buffer.alloc(100_000);
   *   while (rest.length > 0) rest = rest.subarray(yield* stream.write(rest));
   * });
   * ```
   */
  write(buffer: Uint8Array): Future<number> {
    return new Write(this.connection ?? gone("TcpStream.write"), checkBytes(buffer, "TcpStream.write"));
  }

  /**
   * Writes all of `buffer`, waiting until the operating system has taken every byte. Nothing is copied: `buffer` must not be changed before the future
   * is done; if it is dropped, not before the stream is closed.
   *
   * **Cancel safety**: not safe: if it loses, how much was written is unknown, and what was handed over still goes out. Do not put it into a `select`;
   * use {@link TcpStream.write} there.
   *
   * @param buffer - the bytes
   * @throws IoError: `brokenPipe` if the stream was shut down or closed or the connection is broken, another kind if writing failed
   * @throws MisuseError if another write waits on this stream
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   using stream = yield* TcpStream.connect(listener.localAddr);
   *   yield* stream.writeAll(new TextEncoder().encode("hello"));
   * });
   * ```
   */
  writeAll(buffer: Uint8Array): Future<void> {
    return new WriteAll(this.connection ?? gone("TcpStream.writeAll"), checkBytes(buffer, "TcpStream.writeAll"));
  }

  /**
   * Waits until the operating system has taken every byte that was written. After `writeAll` it already has.
   *
   * **Cancel safety**: safe; it can be called again.
   *
   * @throws IoError if writing failed; MisuseError if another write waits on this stream
   */
  flush(): Future<void> {
    return new Flush(this.connection ?? gone("TcpStream.flush"));
  }

  /**
   * Shuts down our side, behind what was written: the peer reads the end of the stream, later writes here fail, reads go on. Does nothing the second
   * time, or on a connection that is gone.
   *
   * **Cancel safety**: safe; our side is shut down in any case once it was polled, and it can be called again.
   *
   * @throws MisuseError if another write waits on this stream
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
   *   yield* client.shutdown();
   *   console.log(yield* server.readChunk()); // undefined
   *   yield* server.writeAll(Buffer.from("still here"));
   *   server[Symbol.dispose]();
   *   console.log(String(yield* client.readChunk())); // still here
   * });
   * ```
   */
  shutdown(): Future<void> {
    return new Shutdown(this.connection ?? gone("TcpStream.shutdown"));
  }

  /**
   * Waits until a write would not wait: the operating system has taken what was written, or nothing can be written any more.
   *
   * **Cancel safety**: safe; nothing is written in any case.
   *
   * @throws MisuseError if another write waits on this stream
   */
  writable(): Future<void> {
    return new Writable(this.connection ?? gone("TcpStream.writable"));
  }

  /**
   * Writes a part of `buffer`, at most 64 KiB, without waiting. The bytes are copied.
   *
   * @returns how many bytes were taken, from the front of `buffer`
   * @throws IoError: `wouldBlock` if the operating system has not taken what was written before; otherwise as {@link TcpStream.write}
   */
  tryWrite(buffer: Uint8Array): number {
    const what = "TcpStream.tryWrite";
    return tryWrite(this.connection ?? gone(what), what, checkBytes(buffer, what));
  }

  /**
   * Parts the stream into a half to read from and one to write to, for two tasks that both end before the stream does. Disposing the stream closes both.
   *
   * @example
   * ```ts
   * import { join, main } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   using client = yield* TcpStream.connect(listener.localAddr);
   *   const [server] = yield* listener.accept();
   *   yield* server.writeAll(Buffer.from("hello"));
   *   const [readHalf, writeHalf] = client.split();
   *   const [chunk] = yield* join(readHalf.readChunk(), writeHalf.writeAll(Buffer.from("hi")));
   *   console.log(String(chunk)); // hello
   *   server[Symbol.dispose]();
   * });
   * ```
   */
  split(): [readHalf: ReadHalf, writeHalf: WriteHalf] {
    const connection = this.connection ?? gone("TcpStream.split");
    return [new ReadHalf(connection), new WriteHalf(connection)];
  }

  /**
   * Takes the stream apart into two halves that own it together, for tasks that live on their own. The stream itself cannot be used afterwards, and
   * disposing it does nothing. Disposing the write half shuts down our side; when both are disposed the connection is closed.
   *
   * @example
   * ```ts
   * import { main, spawn } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   const [readHalf, writeHalf] = (yield* TcpStream.connect(listener.localAddr)).intoSplit();
   *   const [server] = yield* listener.accept();
   *   spawn(function* () {
   *     using sink = writeHalf;
   *     yield* sink.writeAll(Buffer.from("hello"));
   *   });
   *   console.log(String(yield* server.readChunk())); // hello
   *   console.log(yield* server.readChunk()); // undefined: the write half is gone
   *   server[Symbol.dispose]();
   *   console.log(yield* readHalf.readChunk()); // undefined
   *   readHalf[Symbol.dispose]();
   * });
   * ```
   */
  intoSplit(): [readHalf: OwnedReadHalf, writeHalf: OwnedWriteHalf] {
    const connection = this.connection ?? gone("TcpStream.intoSplit");
    this.connection = null;
    connection.handles = 2;
    return [new OwnedReadHalf(connection, streamOf), new OwnedWriteHalf(connection)];
  }

  /**
   * Whether small writes go out at once (`TCP_NODELAY`) rather than wait for the acknowledgement of earlier ones. Off at first, as in the system.
   */
  get noDelay(): boolean {
    return (this.connection ?? gone("TcpStream.noDelay")).noDelay;
  }

  set noDelay(noDelay: boolean) {
    const connection = this.connection ?? gone("TcpStream.noDelay");
    if (typeof noDelay !== "boolean") throw invalidArgument("TcpStream.noDelay", "noDelay", "a boolean", noDelay);
    connection.noDelay = noDelay;
    connection.socket.setNoDelay(noDelay);
  }

  /**
   * Makes the close a reset: disposing the stream drops what the system has not sent yet, and the peer's reads fail. Tokio's `set_zero_linger`.
   */
  resetOnClose(): void {
    (this.connection ?? gone("TcpStream.resetOnClose")).resetOnClose = true;
  }

  /**
   * Closes both directions. What was written still goes out; if something that arrived was not read, the peer is told with a reset. A task that waits for
   * this stream gets an error. Does nothing the second time.
   */
  [Symbol.dispose](): void {
    this.connection?.close();
  }
}

/** A socket that exists already needs no runtime to be wrapped; one that forbids IO is heard. @internal */
export function optionalIo(what: string): void {
  if (current.runtime !== null) ioRuntime(what);
}

registerCarriage(TcpStream.prototype, streamCarriage(import.meta.url, streamOf));
