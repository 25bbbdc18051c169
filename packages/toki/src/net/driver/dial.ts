import { Socket } from "node:net";
import { current } from "../../future/current.js";
import { Connection } from "./connection.js";
import { Opening } from "./opening.js";

/** Connects to one address. @internal */
export class Dial extends Opening<Socket, Connection> {
  protected get what(): string {
    return "TcpStream.connect";
  }

  protected make(): Socket {
    const socket = new Socket({ allowHalfOpen: true });
    socket.pause(); // else Node reads ahead as soon as it is connected
    return socket;
  }

  protected begin(socket: Socket, onOpen: (connection: Connection) => void): void {
    const rt = current.runtime;
    socket.once("connect", () => onOpen(new Connection(socket, rt)));
    socket.connect({ host: this.address.ip, port: this.address.port });
  }

  protected close(connection: Connection): void {
    connection.close();
  }

  protected abandon(socket: Socket): void {
    socket.destroy();
  }

  override describe(): string {
    return `connect to ${this.address}`;
  }
}
