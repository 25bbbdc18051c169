import { invalidArgument } from "../../internal/invalid-argument.js";
import type { ScriptStep } from "./script.js";

/** The steps that {@link MockIo} and {@link MockHandle} add, from what they are given. @internal */
export const stepOf = {
  read: (bytes: unknown, where: string): ScriptStep => ({ kind: "read", bytes: bytesOf(bytes, where) }),
  write: (bytes: unknown, where: string): ScriptStep => ({ kind: "write", bytes: bytesOf(bytes, where) }),
  readError: (error: unknown, where: string): ScriptStep => ({ kind: "readError", error: errorOf(error, where) }),
  writeError: (error: unknown, where: string): ScriptStep => ({ kind: "writeError", error: errorOf(error, where) }),
};

/** Never empty: a read of nothing would be the end, and a write of nothing is none. */
function bytesOf(bytes: unknown, where: string): Uint8Array {
  const copy =
    typeof bytes === "string"
      ? new TextEncoder().encode(bytes)
      : bytes instanceof Uint8Array
        ? Uint8Array.from(bytes)
        : undefined;
  if (copy !== undefined && copy.length > 0) return copy;
  throw invalidArgument(where, "bytes", "a Uint8Array or a string that is not empty", bytes);
}

function errorOf(error: unknown, where: string): Error {
  if (error instanceof Error) return error;
  throw invalidArgument(where, "error", "an Error", error);
}
