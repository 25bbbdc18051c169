import { fn } from "../future/fn.js";
import type { Future } from "../future/future.js";
import { ioRuntime } from "../io/io-runtime.js";
import { Lookup } from "./driver/lookup.js";
import { SocketAddr } from "./socket-addr.js";
import { parseTargets, type Target, type ToSocketAddrs } from "./to-socket-addrs.js";

const lookupAll = fn(function* lookupHost(targets: readonly Target[]) {
  ioRuntime("lookupHost");
  const found: SocketAddr[] = [];
  for (const target of targets) {
    if (target instanceof SocketAddr) found.push(target);
    else found.push(...(yield* new Lookup(target.host, target.port)));
  }
  return found;
});

/**
 * Looks up every address of a host, in the order in which the operating system recommends to try them.
 *
 * **Cancel safety**: safe; the answer is ignored.
 *
 * @param address - `"host:port"`; the port goes into the results. IP addresses are given back as they are
 * @throws IoError if the lookup fails; at the call if `address` is malformed
 * @throws NoRuntimeError outside a runtime; DriverDisabledError if its IO is disabled
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { lookupHost } from "toki/net";
 *
 * await main(function* () {
 *   for (const address of yield* lookupHost("127.0.0.1:80")) console.log(String(address)); // 127.0.0.1:80
 * });
 * ```
 */
export function lookupHost(address: ToSocketAddrs): Future<SocketAddr[]> {
  return lookupAll(parseTargets(address, "lookupHost"));
}
