import type { Future } from "../future/future.js";

/**
 * A source of bytes that can make its reader wait.
 *
 * @example
 * ```ts
 * import { fn, ready, main, type Future } from "toki";
 * import type { AsyncRead } from "toki/io";
 *
 * // Works with every source: a socket, a half of one, a test double.
 * const drain = fn(function* drain(source: AsyncRead) {
 *   const buffer = new Uint8Array(1024);
 *   let total = 0;
 *   for (;;) {
 *     const count = yield* source.read(buffer);
 *     if (count === 0) return total;
 *     total += count;
 *   }
 * });
 *
 * class Zeros implements AsyncRead {
 *   #left = 3000;
 *   read(buffer: Uint8Array): Future<number> {
 *     const count = Math.min(buffer.length, this.#left);
 *     this.#left -= count;
 *     buffer.fill(0, 0, count);
 *     return ready(count);
 *   }
 * }
 *
 * await main(function* () {
 *   console.log(yield* drain(new Zeros())); // 3000
 * });
 * ```
 */
export interface AsyncRead {
  /**
   * Reads what is there, waiting until there is something, into the front of `buffer`.
   *
   * **Cancel safety**: safe; if it loses, nothing was consumed.
   *
   * @param buffer - where the bytes go; it may be filled in part
   * @returns how many bytes were read; 0 at the end of the source, or if `buffer` is empty
   * @throws IoError if reading failed
   */
  read(buffer: Uint8Array): Future<number>;
}
