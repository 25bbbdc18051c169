import { host } from "#host";
import { BUDGET, current } from "../../future/current.js";
import { Future } from "../../future/future.js";
import { Pending } from "../../future/poll.js";
import { Waker } from "../../future/waker.js";
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
   */
  next(): Future<TcpStream> {
    return Future.from(nextStream(this.#acceptor));
  }

  /** For `for await` in plain async code. An error ends the loop. A wait keeps the process alive. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TcpStream, void, undefined> {
    for (;;) yield await acceptOutside(this.#acceptor);
  }
}

function* nextStream(acceptor: Acceptor) {
  const [stream] = yield* new Accept(acceptor);
  return stream;
}

/** Accepts without a runtime: the listener's own hold on the process stands in for it. Polls from a microtask, never inside a wake. */
function acceptOutside(acceptor: Acceptor): Promise<TcpStream> {
  return new Promise((resolve, reject) => {
    const accept = new Accept(acceptor);
    const attempt = () => {
      current.budget = BUDGET;
      try {
        const accepted = accept.poll(waker);
        if (accepted === Pending) return;
        resolve(accepted[0]);
      } catch (error) {
        reject(error);
      }
      acceptor.server.unref();
    };
    const waker = Waker.from(() => host.microtask(attempt));
    acceptor.server.ref();
    host.microtask(attempt);
  });
}
