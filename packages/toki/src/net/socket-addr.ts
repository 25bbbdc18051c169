import { invalidArgument } from "../internal/invalid-argument.js";
import { IoError } from "../io/io-error.js";
import { ipVersion } from "./driver/ip.js";

/** Whether `port` can be one. @internal */
export function isPort(port: unknown): port is number {
  return typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 65535;
}

/** Splits `host:port` or `[host]:port`; says in the error what is wrong. @internal */
export function splitHostPort(text: string, where: string): { host: string; port: number } {
  const bad = (why: string) =>
    new IoError("invalidInput", `${where}: address must be "host:port", got ${JSON.stringify(text)}: ${why}`, {
      code: "EINVAL",
    });
  const colon = text.lastIndexOf(":");
  const bracket = text.lastIndexOf("]");
  if (colon === -1 || colon < bracket) throw bad("the port is missing");
  let host = text.slice(0, colon);
  if (host.startsWith("[") && host.endsWith("]")) {
    host = host.slice(1, -1);
    if (ipVersion(host) !== 6) throw bad("what is in brackets is not an IPv6 address");
  } else if (host.includes(":")) {
    throw bad("an IPv6 address goes into brackets, as in [::1]:80");
  }
  if (host === "") throw bad("the host is missing");
  const digits = text.slice(colon + 1);
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : Number.NaN;
  if (!isPort(port)) throw bad("the port must be a number from 0 to 65535");
  return { host, port };
}

/**
 * An IP address and a port: one end of a connection. Immutable; `String(address)` is the form that `connect` and `bind` take.
 *
 * @example
 * ```ts
 * import { SocketAddr } from "toki/net";
 *
 * const address = SocketAddr.parse("[::1]:8080");
 * console.log(address.ip, address.port, address.family); // ::1 8080 IPv6
 * console.log(String(new SocketAddr("127.0.0.1", 80))); // 127.0.0.1:80
 * ```
 */
export class SocketAddr {
  /** The IP address, without brackets. */
  readonly ip: string;
  /** The port. */
  readonly port: number;

  /**
   * @param ip - an IPv4 or IPv6 address; names are for `connect`, `bind` and `lookupHost`
   * @param port - from 0 to 65535
   */
  constructor(ip: string, port: number) {
    if (typeof ip !== "string" || ipVersion(ip) === 0) throw invalidArgument("SocketAddr", "ip", "an IP address", ip);
    if (!isPort(port)) throw invalidArgument("SocketAddr", "port", "an integer from 0 to 65535", port);
    this.ip = ip;
    this.port = port;
  }

  /**
   * Reads `127.0.0.1:80` or `[::1]:80`.
   *
   * @throws IoError (`invalidInput`) if it is not an IP address and a port
   *
   * @example
   * ```ts
   * import { SocketAddr } from "toki/net";
   *
   * console.log(SocketAddr.parse("127.0.0.1:80").port); // 80
   * ```
   */
  static parse(text: string): SocketAddr {
    if (typeof text !== "string") throw invalidArgument("SocketAddr.parse", "text", "a string", text);
    const { host, port } = splitHostPort(text, "SocketAddr.parse");
    if (ipVersion(host) !== 0) return new SocketAddr(host, port);
    throw new IoError("invalidInput", `SocketAddr.parse: ${JSON.stringify(host)} is not an IP address`, {
      code: "EINVAL",
    });
  }

  /** `"IPv4"` or `"IPv6"`. */
  get family(): "IPv4" | "IPv6" {
    return this.ip.includes(":") ? "IPv6" : "IPv4";
  }

  /** Whether `other` is the same address and port. IPv6 addresses are compared as they are written. */
  equals(other: SocketAddr): boolean {
    return this.ip === other.ip && this.port === other.port;
  }

  /** `127.0.0.1:80` or `[::1]:80`. */
  toString(): string {
    return this.ip.includes(":") ? `[${this.ip}]:${this.port}` : `${this.ip}:${this.port}`;
  }

  /** The same as `toString`. */
  toJSON(): string {
    return this.toString();
  }
}
