import { driveAsyncIterator } from "../../future/async-iterable.js";
import { current } from "../../future/current.js";
import { Future } from "../../future/future.js";
import type { Acceptor } from "../driver/acceptor.js";
import { Accept } from "./accept.js";
import type { TcpStream } from "./stream.js";

/**
 * The connections of a listener, one after the other; made by {@link TcpListener.incoming}. It never ends.
 */
export class Incoming implements AsyncIterable<TcpStream> {
  readonly #acceptor: Acceptor;

  /** @internal */
  constructor(acceptor: Acceptor) {
    this.#acceptor = acceptor;
  }

  /**
   * Waits for the next connection, inside Toki.
   *
   * **Cancel safety**: safe; if it loses, no connection is lost.
   *
   * @throws IoError if accepting one connection failed, and after the listener was disposed. The former is often transient: go on
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   using client = yield* TcpStream.connect(listener.localAddr);
   *   using server = yield* listener.incoming().next();
   *   console.log(server.peerAddr.equals(client.localAddr)); // true
   * });
   * ```
   */
  next(): Future<TcpStream> {
    return Future.from(nextStream(this.#acceptor));
  }

  /**
   * For `for await` in plain async code. While it waits it drives the runtime that the listener was bound on, and keeps the process alive. An error ends the
   * loop; leaving the loop leaves the listener as it is.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<TcpStream, undefined, void> {
    const rt = this.#acceptor.rt ?? current.runtime;
    const { server } = this.#acceptor;
    // Without a runtime that could, the server itself keeps the process alive.
    if (rt === null) server.ref();
    return driveAsyncIterator(
      rt,
      () => this.next(),
      () => void server.unref(),
    );
  }
}

function* nextStream(acceptor: Acceptor) {
  const [stream] = yield* new Accept(acceptor);
  return stream;
}
