import { invalidArgument } from "../internal/invalid-argument.js";
import { IoError } from "../io/io-error.js";
import { ipVersion } from "./driver/ip.js";
import { isPort, SocketAddr, splitHostPort } from "./socket-addr.js";

/**
 * What names one or more socket addresses: `"127.0.0.1:8080"`, `"[::1]:8080"`, `"localhost:8080"`, `{ host, port }`, a {@link SocketAddr}, or an
 * array of these. Names are looked up; what they stand for is tried in order.
 */
export type ToSocketAddrs = SocketAddrLike | readonly SocketAddrLike[];

/** One element of {@link ToSocketAddrs}. */
export type SocketAddrLike = string | SocketAddr | { readonly host: string; readonly port: number };

/** An address, or a name that has to be looked up first. @internal */
export type Target = SocketAddr | { readonly host: string; readonly port: number };

/**
 * Checks what a caller gave, so that a mistake shows at the call and not at the await.
 *
 * @throws InvalidArgumentError for something of another type
 * @throws IoError (`invalidInput`) for text that is not `host:port`, and for an empty array
 * @internal
 */
export function parseTargets(address: ToSocketAddrs, where: string): Target[] {
  const list = Array.isArray(address) ? (address as readonly SocketAddrLike[]) : [address as SocketAddrLike];
  if (list.length === 0) {
    throw new IoError("invalidInput", `${where}: address must not be an empty array`, { code: "EINVAL" });
  }
  return list.map((one) => parseTarget(one, where));
}

function parseTarget(address: SocketAddrLike, where: string): Target {
  if (address instanceof SocketAddr) return address;
  if (typeof address === "string") {
    const { host, port } = splitHostPort(address, where);
    return targetOf(host, port);
  }
  if (address === null || typeof address !== "object") {
    throw invalidArgument(where, "address", '"host:port", { host, port }, a SocketAddr or an array of these', address);
  }
  const { host, port } = address;
  if (typeof host !== "string" || host === "") {
    throw invalidArgument(where, "address.host", "a string that is not empty", host);
  }
  if (!isPort(port)) throw invalidArgument(where, "address.port", "an integer from 0 to 65535", port);
  return targetOf(host, port);
}

function targetOf(host: string, port: number): Target {
  return ipVersion(host) === 0 ? { host, port } : new SocketAddr(host, port);
}
