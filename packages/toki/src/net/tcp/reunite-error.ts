import type { OwnedReadHalf } from "./owned-read-half.js";
import type { OwnedWriteHalf } from "./owned-write-half.js";

/**
 * Two halves were to be put together that do not come from the same stream. Both are still usable.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { ReuniteError, TcpListener, TcpStream } from "toki/net";
 *
 * await main(function* () {
 *   using listener = yield* TcpListener.bind("127.0.0.1:0");
 *   const [readHalf] = (yield* TcpStream.connect(listener.localAddr)).intoSplit();
 *   const [, writeHalf] = (yield* TcpStream.connect(listener.localAddr)).intoSplit();
 *   try {
 *     readHalf.reunite(writeHalf);
 *   } catch (error) {
 *     console.log(error instanceof ReuniteError && error.readHalf === readHalf); // true
 *   }
 * });
 * ```
 */
export class ReuniteError extends Error {
  override readonly name = "ReuniteError";
  readonly code = "TOKI_REUNITE";
  /** The half to read from. */
  readonly readHalf: OwnedReadHalf;
  /** The half to write to. */
  readonly writeHalf: OwnedWriteHalf;

  /** @internal */
  constructor(readHalf: OwnedReadHalf, writeHalf: OwnedWriteHalf) {
    super("Cannot reunite two halves that are not of the same TcpStream");
    this.readHalf = readHalf;
    this.writeHalf = writeHalf;
  }
}
