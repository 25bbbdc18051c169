import { createServer, type Server } from "node:net";
import type { Context } from "../../future/context.js";
import { current } from "../../future/current.js";
import { Future } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import type { Waker } from "../../future/waker.js";
import { IoError } from "../../io/io-error.js";
import type { SocketAddr } from "../socket-addr.js";
import { Acceptor } from "./acceptor.js";

/** Connections the kernel holds for Node to take, as in Tokio. */
const BACKLOG = 1024;

/**
 * Opens one listening socket. The server exists from the first poll; until the poll that gives the acceptor away it belongs to this future, and a drop
 * closes it.
 *
 * @internal
 */
export class Listen extends Future<Acceptor> {
  private readonly address: SocketAddr;
  private server: Server | null = null;
  private acceptor: Acceptor | null = null;
  private error: Error | null = null;
  private waker: Waker | null = null;
  private isDone = false;

  constructor(address: SocketAddr) {
    super();
    this.address = address;
  }

  poll(cx: Context): Poll<Acceptor> {
    if (this.isDone) throw polledAfterCompletion(this.describe());
    this.waker = cx.waker;
    if (this.server === null) this.start();
    if (this.error !== null) {
      const { error } = this;
      this.isDone = true;
      throw IoError.from(error, `TcpListener.bind ${this.address}`);
    }
    if (this.acceptor === null) return Pending;
    this.isDone = true;
    return this.acceptor;
  }

  private start(): void {
    const rt = current.runtime;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    this.server = server;
    const onError = (error: Error) => {
      this.error = error;
      this.waker?.wake();
    };
    server.once("error", onError);
    server.listen({ host: this.address.ip, port: this.address.port, backlog: BACKLOG }, () => {
      server.off("error", onError);
      this.acceptor = new Acceptor(server, rt);
      this.waker?.wake();
    });
  }

  override [Symbol.dispose](): void {
    if (this.isDone) return;
    this.isDone = true;
    this.waker = null;
    if (this.acceptor !== null) this.acceptor.close();
    else if (this.server !== null) {
      this.server.on("error", () => {}); // nobody asks any more
      this.server.close();
    }
  }

  override describe(): string {
    return `listen on ${this.address}`;
  }
}
