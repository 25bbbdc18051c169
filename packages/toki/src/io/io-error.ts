import { crosses } from "../portable/error-classes.js";
import { type IoErrorKind, kindOfCode } from "./io-error-kind.js";

/** What a failed system call leaves on an error of the platform. */
interface SystemErrorShape {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly syscall?: unknown;
}

/**
 * Input or output failed. `kind` says how, the same on every platform; `code` is what the operating system called it.
 *
 * The original error of the platform, where there was one, is the `cause`.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { IoError } from "toki/io";
 * import { TcpListener, TcpStream } from "toki/net";
 *
 * await main(function* () {
 *   const listener = yield* TcpListener.bind("127.0.0.1:0");
 *   const address = listener.localAddr;
 *   listener[Symbol.dispose]();
 *   try {
 *     yield* TcpStream.connect(address);
 *   } catch (error) {
 *     if (error instanceof IoError) console.log(error.kind, error.code); // connectionRefused ECONNREFUSED
 *   }
 * });
 * ```
 */
export class IoError extends Error {
  override readonly name = "IoError";
  /** What kind of failure it is. */
  readonly kind: IoErrorKind;
  /** The operating system's code, such as `ECONNRESET`; for a failure it has no part in, the code it would have used. */
  readonly code: string;
  /** The system call that failed, where one did. */
  readonly syscall: string | undefined;

  /**
   * @param kind - what kind of failure it is
   * @param message - what was attempted, a colon, and what went wrong
   * @param options - `code`, `syscall` and `cause`; `code` is `"ERR_IO"` if left out
   */
  constructor(kind: IoErrorKind, message: string, options?: { code?: string; syscall?: string; cause?: unknown }) {
    super(message, options !== undefined && "cause" in options ? { cause: options.cause } : undefined);
    this.kind = kind;
    this.code = options?.code ?? "ERR_IO";
    this.syscall = options?.syscall;
  }

  /**
   * Makes an `IoError` of what the platform threw: `kind` follows from its `code`.
   *
   * @param error - the platform's error; an `IoError` is given back as it is
   * @param attempted - what was attempted, for the message
   *
   * @example
   * ```ts
   * import { IoError } from "toki/io";
   *
   * const system = Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" });
   * const error = IoError.from(system, "Sending the reply");
   * console.log(error.kind, error.message); // brokenPipe Sending the reply: write EPIPE
   * ```
   */
  static from(error: unknown, attempted: string): IoError {
    if (error instanceof IoError) return error;
    const { code, message, syscall } = (error ?? {}) as SystemErrorShape;
    const options: { code?: string; syscall?: string; cause: unknown } = { cause: error };
    if (typeof code === "string") options.code = code;
    if (typeof syscall === "string") options.syscall = syscall;
    const text = typeof message === "string" && message !== "" ? message : String(error);
    return new IoError(kindOfCode(options.code ?? ""), `${attempted}: ${text}`, options);
  }
}

crosses(IoError, "IoError");
