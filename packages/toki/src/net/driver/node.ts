import { Server, Socket } from "node:net";

/** A socket of `node:net`. */
export type NodeSocket = Socket;
/** A server of `node:net`. */
export type NodeServer = Server;

/** @internal */
export function isNodeSocket(value: unknown): value is Socket {
  return value instanceof Socket;
}

/** @internal */
export function isNodeServer(value: unknown): value is Server {
  return value instanceof Server;
}
