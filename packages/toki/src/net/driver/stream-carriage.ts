/*
 * How a TCP stream goes to another thread: its socket is carried by the platform, which leaves what has arrived in the kernel. The rest is plain data. The addresses go along,
 * because a connection that breaks on the way has none any more.
 */
import type { Socket } from "node:net";
import { current } from "../../future/current.js";
import type { Carriage } from "../../portable/codec/carriage.js";
import { SocketAddr } from "../socket-addr.js";
import { Connection } from "./connection.js";
import { canMoveSockets, canReusePort } from "./platform.js";

interface Holder {
  connection: Connection | null;
}

interface State {
  readonly local: string | undefined;
  readonly peer: string | undefined;
  readonly noDelay: boolean;
  readonly resetOnClose: boolean;
}

/**
 * @param module - the one that registers it
 * @internal
 */
export function streamCarriage(module: string, make: (connection: Connection) => object): Carriage {
  return {
    kind: 0,
    module,
    reasonToStay: (stream) => reasonToStay((stream as Holder).connection),
    load(stream) {
      const connection = (stream as Holder).connection as Connection;
      const { socket, noDelay, resetOnClose } = connection;
      const state: State = {
        local: connection.localAddr()?.toString(),
        peer: connection.peerAddr()?.toString(),
        noDelay,
        resetOnClose,
      };
      return { handle: socket, state };
    },
    depart(stream) {
      (stream as Holder).connection?.depart();
      (stream as Holder).connection = null;
    },
    arrive(handle, state) {
      const { local, peer, noDelay, resetOnClose } = state as State;
      const connection = new Connection(handle as Socket, current.runtime, addressOf(local), addressOf(peer));
      connection.noDelay = noDelay;
      connection.resetOnClose = resetOnClose;
      return make(connection);
    },
  };
}

const addressOf = (text: string | undefined) => (text === undefined ? null : SocketAddr.parse(text));

function reasonToStay(connection: Connection | null): string | undefined {
  if (connection === null) return "is a TcpStream that was taken apart, sent away or disposed";
  const { socket } = connection;
  if (connection.isClosed || socket.destroyed) return "is a TcpStream whose connection is closed";
  if (connection.peerAddr() === null || "encrypted" in socket) return "is a TcpStream over something that is not TCP";
  if (!connection.isFresh) {
    return "is a TcpStream in use: only one that nobody has read from, written to or shut down can be sent, such as what accept gives";
  }
  if (canMoveSockets()) return undefined;
  const listen = `let each worker listen instead, with TcpListener.bind(address, { reusePort: true })${canReusePort() ? "" : ", on Node 22.12 or newer"}`;
  return `is a TcpStream, which this Node cannot move (it is ${process.version}; 24.20 and 26.6 can): ${listen}`;
}
