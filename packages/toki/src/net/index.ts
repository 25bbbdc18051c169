/**
 * TCP.
 *
 * @module
 */
export type { NodeServer, NodeSocket } from "./driver/node.js";
export { lookupHost } from "./lookup-host.js";
export { SocketAddr } from "./socket-addr.js";
export type { BindOptions } from "./tcp/bind-options.js";
export { Incoming } from "./tcp/incoming.js";
export { TcpListener } from "./tcp/listener.js";
export { OwnedReadHalf } from "./tcp/owned-read-half.js";
export { OwnedWriteHalf } from "./tcp/owned-write-half.js";
export { ReadHalf } from "./tcp/read-half.js";
export { ReuniteError } from "./tcp/reunite-error.js";
export { TcpSink } from "./tcp/sink.js";
export { TcpSource } from "./tcp/source.js";
export { TcpStream } from "./tcp/stream.js";
export { WriteHalf } from "./tcp/write-half.js";
export type { SocketAddrLike, ToSocketAddrs } from "./to-socket-addrs.js";
