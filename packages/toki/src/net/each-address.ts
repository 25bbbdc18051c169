import { fn } from "../future/fn.js";
import type { Future } from "../future/future.js";
import { IoError } from "../io/io-error.js";
import { Lookup } from "./driver/lookup.js";
import { SocketAddr } from "./socket-addr.js";
import type { Target } from "./to-socket-addrs.js";

/**
 * Tries one address after the other, looking names up as their turn comes; the first that works wins, the last error counts.
 *
 * @internal
 */
export const eachAddress = fn(function* eachAddress<T>(
  targets: readonly Target[],
  what: string,
  attempt: (address: SocketAddr) => Future<T>,
) {
  let failure: unknown = new IoError("invalidInput", `${what}: the address stands for no IP address`, {
    code: "EINVAL",
  });
  for (const target of targets) {
    try {
      const addresses = target instanceof SocketAddr ? [target] : yield* new Lookup(target.host, target.port);
      for (const address of addresses) {
        try {
          return yield* attempt(address);
        } catch (error) {
          failure = error;
        }
      }
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
});
