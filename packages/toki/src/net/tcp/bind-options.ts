import { invalidArgument } from "../../internal/invalid-argument.js";
import { IoError } from "../../io/io-error.js";
import { canReusePort } from "../driver/platform.js";

/** Options of `TcpListener.bind`. */
export interface BindOptions {
  /**
   * Whether others may listen on the same address, if they ask for that too (`SO_REUSEPORT`): the system then spreads connections over the listeners. This is how
   * several workers, or processes, serve one port. Needs Node 22.12, 23.1 or newer, on Linux, FreeBSD, DragonFly BSD, Solaris or AIX.
   *
   * @default false
   */
  readonly reusePort?: boolean | undefined;
}

/** @internal */
export function checkReusePort(options: BindOptions | undefined, where: string): boolean {
  if (options === undefined) return false;
  if (options === null || typeof options !== "object") throw invalidArgument(where, "options", "an object", options);
  const { reusePort } = options;
  if (reusePort !== undefined && typeof reusePort !== "boolean") {
    throw invalidArgument(where, "options.reusePort", "a boolean", reusePort);
  }
  if (reusePort === true && !canReusePort()) {
    throw new IoError(
      "unsupported",
      `${where}: options.reusePort needs Node 22.12, 23.1 or newer, and this is ${process.version}`,
      { code: "ENOTSUP" },
    );
  }
  return reusePort === true;
}
