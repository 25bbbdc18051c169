import { Socket } from "node:net";
import type { Context } from "../../future/context.js";
import { Future } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import type { Waker } from "../../future/waker.js";
import { IoError } from "../../io/io-error.js";
import type { SocketAddr } from "../socket-addr.js";
import { Connection } from "./connection.js";

/**
 * Connects to one address. The socket exists from the first poll; until the poll that gives the connection away it belongs to this future, and a drop
 * closes it.
 *
 * @internal
 */
export class Dial extends Future<Connection> {
  private readonly address: SocketAddr;
  private socket: Socket | null = null;
  private connection: Connection | null = null;
  private error: Error | null = null;
  private waker: Waker | null = null;
  private isDone = false;

  constructor(address: SocketAddr) {
    super();
    this.address = address;
  }

  poll(cx: Context): Poll<Connection> {
    if (this.isDone) throw polledAfterCompletion(this.describe());
    this.waker = cx.waker;
    if (this.socket === null) this.start();
    if (this.error !== null) {
      this.isDone = true;
      throw IoError.from(this.error, `TcpStream.connect ${this.address}`);
    }
    if (this.connection === null) return Pending;
    this.isDone = true;
    return this.connection;
  }

  private start(): void {
    const socket = new Socket({ allowHalfOpen: true });
    this.socket = socket;
    socket.pause(); // else Node reads ahead as soon as it is connected
    const onError = (error: Error) => {
      this.error = error;
      this.waker?.wake();
    };
    socket.once("error", onError);
    socket.once("connect", () => {
      socket.off("error", onError);
      this.connection = new Connection(socket);
      this.waker?.wake();
    });
    socket.connect({ host: this.address.ip, port: this.address.port });
  }

  override [Symbol.dispose](): void {
    if (this.isDone) return;
    this.isDone = true;
    this.waker = null;
    if (this.connection !== null) this.connection.close();
    else if (this.socket !== null) {
      this.socket.on("error", () => {}); // nobody asks any more
      this.socket.destroy();
    }
  }

  override describe(): string {
    return `connect to ${this.address}`;
  }
}
