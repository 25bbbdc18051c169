import type { Context } from "../../future/context.js";
import { current } from "../../future/current.js";
import { fn } from "../../future/fn.js";
import type { Future } from "../../future/future.js";
import { Pending, type Poll } from "../../future/poll.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { IoError } from "../../io/io-error.js";
import { ioRuntime } from "../../io/io-runtime.js";
import { Acceptor } from "../driver/acceptor.js";
import { Listen } from "../driver/listen.js";
import { isNodeServer, type NodeServer } from "../driver/node.js";
import { eachAddress } from "../each-address.js";
import type { SocketAddr } from "../socket-addr.js";
import { parseTargets, type Target, type ToSocketAddrs } from "../to-socket-addrs.js";
import { Accept } from "./accept.js";
import { type BindOptions, checkReusePort } from "./bind-options.js";
import { Incoming } from "./incoming.js";
import { optionalIo, type TcpStream } from "./stream.js";

const listen = (address: SocketAddr) => new Listen(address, false);
const share = (address: SocketAddr) => new Listen(address, true);

const bind = fn(function* bind(targets: readonly Target[], reusePort: boolean) {
  ioRuntime("TcpListener.bind");
  return new TcpListener(yield* eachAddress(targets, "TcpListener.bind", reusePort ? share : listen));
});

/**
 * A TCP socket that listens for connections.
 *
 * It belongs to its thread. To serve one port with several workers, listen on each with `reusePort`, or accept on one and spawn portable functions with the streams.
 *
 * Dispose it (`using`) to stop listening. It does not keep the process alive; a task that waits in {@link TcpListener.accept} does.
 */
export class TcpListener implements Disposable {
  readonly #acceptor: Acceptor;
  #polled: Accept | undefined;

  /** @internal */
  constructor(acceptor: Acceptor) {
    this.#acceptor = acceptor;
  }

  /**
   * Listens on an address. Of several, each is tried in order; the first that works wins, and the last error is thrown.
   *
   * **Cancel safety**: safe; the attempt that is under way is given up and its socket closed.
   *
   * @param address - where: `"127.0.0.1:8080"`, `"[::]:8080"`, `{ host, port }`, a `SocketAddr`, or an array of these. With port 0 the system
   *   chooses one: {@link TcpListener.localAddr} tells which
   * @param options - `reusePort`: whether several listeners may share the port
   * @throws IoError (`addrInUse` and the like; `unsupported` if the system has no shared ports); at the call `invalidInput` if `address` is malformed,
   *   `unsupported` if this version of Node has no shared ports
   * @throws NoRuntimeError outside a runtime; DriverDisabledError if its IO is disabled
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { TcpListener } from "toki/net";
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   console.log(listener.localAddr.port > 0); // true
   * });
   * ```
   */
  static bind(address: ToSocketAddrs, options?: BindOptions): Future<TcpListener> {
    const what = "TcpListener.bind";
    return bind(parseTargets(address, what), checkReusePort(options, what));
  }

  /**
   * Takes over a listening server of `node:net`. Nobody else may handle its connections or close it afterwards. Works outside a runtime too.
   *
   * Make the server with `pauseOnConnect: true`, or each connection reads ahead a little before it is accepted.
   *
   * @param server - a server that listens on a TCP port
   * @throws IoError (`invalidInput`) if it does not
   * @throws DriverDisabledError if the IO of the current runtime is disabled
   *
   * @example
   * ```ts
   * import { once } from "node:events";
   * import { createServer } from "node:net";
   * import { main } from "toki";
   * import { TcpListener } from "toki/net";
   *
   * const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
   * await once(server, "listening");
   * await main(function* () {
   *   using listener = TcpListener.fromServer(server);
   *   console.log(listener.localAddr.port > 0); // true
   * });
   * ```
   */
  static fromServer(server: NodeServer): TcpListener {
    const what = "TcpListener.fromServer";
    if (!isNodeServer(server)) throw invalidArgument(what, "server", "a Server of node:net", server);
    optionalIo(what);
    const address = server.address();
    if (address === null || typeof address === "string") {
      throw new IoError("invalidInput", `${what}: server must listen on a TCP port`, { code: "EINVAL" });
    }
    return new TcpListener(new Acceptor(server, current.runtime));
  }

  /**
   * Waits for the next connection. Connections are given out in the order in which they came, to the tasks that wait in the order in which they began to.
   *
   * A single accept may fail (too many open files) while the listener is fine: an accept loop should go on after an error.
   *
   * **Cancel safety**: safe; if it loses, no connection is lost.
   *
   * @returns the stream and the peer's address. Nothing is read from the stream before the first read
   * @throws IoError if accepting one connection failed; `notConnected` after the listener was disposed
   *
   * @example
   * ```ts
   * import { main, spawn } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   spawn(function* () {
   *     for (;;) {
   *       const [stream, peer] = yield* listener.accept();
   *       spawn(function* () {
   *         using _ = stream;
   *         yield* stream.writeAll(Buffer.from(`hello ${peer.ip}`));
   *       });
   *     }
   *   });
   *   using client = yield* TcpStream.connect(listener.localAddr);
   *   console.log(String(yield* client.readChunk())); // hello 127.0.0.1
   * });
   * ```
   */
  accept(): Future<[stream: TcpStream, peer: SocketAddr]> {
    return new Accept(this.#acceptor);
  }

  /**
   * Asks once for a connection, as a hand-written future does; only the waker of the latest call is woken.
   *
   * @throws IoError as {@link TcpListener.accept}
   *
   * @example
   * ```ts
   * import { main, pollFn } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * await main(function* () {
   *   using listener = yield* TcpListener.bind("127.0.0.1:0");
   *   using client = yield* TcpStream.connect(listener.localAddr);
   *   const [server, peer] = yield* pollFn<[TcpStream, unknown]>((cx) => listener.pollAccept(cx));
   *   console.log(client.localAddr.equals(server.peerAddr), String(peer) === String(server.peerAddr)); // true true
   *   server[Symbol.dispose]();
   * });
   * ```
   */
  pollAccept(cx: Context): Poll<[stream: TcpStream, peer: SocketAddr]> {
    this.#polled ??= new Accept(this.#acceptor);
    let accepted: Poll<[TcpStream, SocketAddr]>;
    try {
      accepted = this.#polled.poll(cx);
    } catch (error) {
      this.#polled = undefined;
      throw error;
    }
    if (accepted !== Pending) this.#polled = undefined;
    return accepted;
  }

  /**
   * The connections one after the other: `next()` inside Toki, `for await` in plain async code.
   *
   * @example
   * ```ts
   * import { Runtime } from "toki";
   * import { TcpListener, TcpStream } from "toki/net";
   *
   * const rt = new Runtime();
   * const listener = await rt.run(TcpListener.bind("127.0.0.1:0"));
   * using client = await rt.run(TcpStream.connect(listener.localAddr));
   * for await (const stream of listener.incoming()) {
   *   await rt.run(stream.writeAll(Buffer.from("hello")));
   *   stream[Symbol.dispose]();
   *   break;
   * }
   * console.log(String(await rt.run(client.readChunk()))); // hello
   * listener[Symbol.dispose]();
   * ```
   */
  incoming(): Incoming {
    return new Incoming(this.#acceptor);
  }

  /** The address it listens on, with the port the system chose if that was left to it. */
  get localAddr(): SocketAddr {
    return this.#acceptor.localAddr;
  }

  /**
   * Stops listening. Connections that nobody has accepted are reset; accepted ones are not affected. A task that waits in `accept` gets an error. Does
   * nothing the second time.
   */
  [Symbol.dispose](): void {
    this.#acceptor.close();
    this.#polled?.[Symbol.dispose]();
  }
}
