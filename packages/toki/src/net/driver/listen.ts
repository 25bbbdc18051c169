import { createServer, type Server } from "node:net";
import { current } from "../../future/current.js";
import type { SocketAddr } from "../socket-addr.js";
import { Acceptor } from "./acceptor.js";
import { Opening } from "./opening.js";

/** Connections the kernel holds for Node to take, as in Tokio. */
const BACKLOG = 1024;

/** Opens one listening socket. @internal */
export class Listen extends Opening<Server, Acceptor> {
  private readonly reusePort: boolean;

  constructor(address: SocketAddr, reusePort: boolean) {
    super(address);
    this.reusePort = reusePort;
  }

  protected get what(): string {
    return "TcpListener.bind";
  }

  protected make(): Server {
    return createServer({ allowHalfOpen: true, pauseOnConnect: true });
  }

  protected begin(server: Server, onOpen: (acceptor: Acceptor) => void): void {
    const rt = current.runtime;
    const { ip, port } = this.address;
    const { reusePort } = this;
    server.listen({ host: ip, port, backlog: BACKLOG, ...(reusePort ? { reusePort } : {}) }, () =>
      onOpen(new Acceptor(server, rt)),
    );
  }

  protected close(acceptor: Acceptor): void {
    acceptor.close();
  }

  protected abandon(server: Server): void {
    server.close();
  }

  override describe(): string {
    return `listen on ${this.address}`;
  }
}
