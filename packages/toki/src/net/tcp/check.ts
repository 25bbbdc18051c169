import { invalidArgument } from "../../internal/invalid-argument.js";
import { IoError } from "../../io/io-error.js";

/** @internal */
export function checkBytes(buffer: Uint8Array, where: string): Uint8Array {
  if (buffer instanceof Uint8Array) return buffer;
  const hint = typeof buffer === "string" ? " (encode text with Buffer.from(text) or a TextEncoder)" : "";
  throw invalidArgument(where, "buffer", `a Uint8Array${hint}`, buffer);
}

/** The object was used after it had handed its connection on. @internal */
export function gone(what: string): never {
  throw new IoError(
    "notConnected",
    `${what}: this object was taken apart, reunited, sent to another thread or disposed before`,
    {
      code: "ENOTCONN",
    },
  );
}

/** @internal */
export function unknownAddress(what: string): never {
  throw new IoError("notConnected", `${what}: the connection is gone`, { code: "ENOTCONN" });
}
