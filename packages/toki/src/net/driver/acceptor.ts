/*
 * A listening server of Node and the connections it took that nobody has accepted yet. Node takes connections as they come; each waits here, paused, its bytes in
 * the kernel. Errors of single accepts wait in the same line.
 *
 * An arrival stays in the line until the poll that returns it: an accept that is dropped in between loses nothing. Accepts wait in a FIFO of their own:
 *
 *   WAITING    in the FIFO
 *   PROMISED   taken out and woken because of an arrival; `promised` counts these. A newcomer leaves that many arrivals alone, so it cannot overtake
 *   dropped    if it was promised, the promise goes to the first that still waits
 *
 * Invariant after each step: promised <= arrivals, and while somebody waits promised = arrivals. Closing empties the line and wakes everybody.
 */
import type { AddressInfo, Server, Socket } from "node:net";

import { IoError } from "../../io/io-error.js";
import type { RuntimeCore } from "../../runtime/core.js";
import { SocketAddr } from "../socket-addr.js";
import { Connection } from "./connection.js";

/** An accept in the FIFO. @internal */
export interface Acceptance {
  before: Acceptance | null;
  after: Acceptance | null;
  isPromised: boolean;
  notify(): void;
}

/** @internal */
export class Acceptor {
  readonly server: Server;
  readonly localAddr: SocketAddr;
  /** The runtime it was made on; null if it was made outside of any. */
  readonly rt: RuntimeCore | null;
  isClosed = false;

  private arrivals: (Connection | IoError)[] = [];
  private firstArrival = 0;
  private promised = 0;
  private first: Acceptance | null = null;
  private last: Acceptance | null = null;
  private readonly onConnection = (socket: Socket) => this.arrive(takeSocket(socket, this.rt));
  private readonly onError = (error: Error) => this.arrive(IoError.from(error, "TcpListener.accept"));
  private readonly onClose = () => this.shut();

  /** @param server - one that listens on an IP address */
  constructor(server: Server, rt: RuntimeCore | null) {
    const { address, port } = server.address() as AddressInfo;
    this.server = server;
    this.rt = rt;
    if (rt !== null) rt.io.registered++;
    this.localAddr = new SocketAddr(address, port);
    server.unref();
    server.on("connection", this.onConnection);
    server.on("error", this.onError);
    server.on("close", this.onClose);
  }

  /** How many connections nobody has accepted. */
  get backlog(): number {
    return this.arrivals.length - this.firstArrival;
  }

  private arrive(arrival: Connection | IoError): void {
    this.arrivals.push(arrival);
    this.promise();
  }

  private promise(): void {
    const waiter = this.first;
    if (waiter === null) return;
    this.remove(waiter);
    waiter.isPromised = true;
    this.promised++;
    waiter.notify();
  }

  /** The arrival that is due to `accept`; undefined if it has to wait. */
  take(accept: Acceptance): Connection | IoError | undefined {
    if (accept.isPromised) {
      accept.isPromised = false;
      this.promised--;
    } else if (this.backlog <= this.promised) return undefined;
    const arrival = this.arrivals[this.firstArrival++];
    if (this.firstArrival === this.arrivals.length) {
      this.arrivals.length = 0;
      this.firstArrival = 0;
    } else if (this.firstArrival === 1024) {
      this.arrivals = this.arrivals.slice(1024);
      this.firstArrival = 0;
    }
    return arrival;
  }

  /** Puts an accept at the end of the FIFO. */
  wait(accept: Acceptance): void {
    accept.before = this.last;
    if (this.last === null) this.first = accept;
    else this.last.after = accept;
    this.last = accept;
  }

  /** Takes back an accept that waits or was promised something. */
  forget(accept: Acceptance): void {
    if (this.isClosed) return;
    if (!accept.isPromised) {
      this.remove(accept);
      return;
    }
    accept.isPromised = false;
    this.promised--;
    if (this.backlog > this.promised) this.promise();
  }

  private remove(accept: Acceptance): void {
    const { before, after } = accept;
    if (before === null && this.first !== accept) return;
    if (before === null) this.first = after;
    else before.after = after;
    if (after === null) this.last = before;
    else after.before = before;
    accept.before = null;
    accept.after = null;
  }

  /** Stops listening and resets the connections that nobody accepted. Those that were accepted go on. */
  close(): void {
    if (this.isClosed) return;
    const { server } = this;
    server.off("connection", this.onConnection);
    server.off("close", this.onClose);
    this.shut();
    if (server.listening) server.close();
  }

  private shut(): void {
    this.isClosed = true;
    if (this.rt !== null) this.rt.io.deregistered++;
    for (let i = this.firstArrival; i < this.arrivals.length; i++) {
      const arrival = this.arrivals[i];
      if (arrival instanceof Connection) {
        arrival.resetOnClose = true;
        arrival.close();
      }
    }
    this.arrivals.length = 0;
    this.firstArrival = 0;
    this.promised = 0;
    for (let accept = this.first; accept !== null; accept = this.first) {
      this.remove(accept);
      accept.notify();
    }
  }
}

/** The peer's address is asked for at once: a connection that breaks while it waits has none any more. */
function takeSocket(socket: Socket, rt: RuntimeCore | null): Connection {
  socket.allowHalfOpen = true; // a server made elsewhere may have other defaults
  const connection = new Connection(socket, rt);
  connection.peerAddr();
  return connection;
}
