import type { Future } from "../future/future.js";

/**
 * A sink of bytes that can make its writer wait.
 *
 * @example
 * ```ts
 * import { fn, main, ready, type Future } from "toki";
 * import type { AsyncWrite } from "toki/io";
 *
 * // Works with every sink: a socket, a half of one, a test double.
 * const greet = fn(function* greet(sink: AsyncWrite, name: string) {
 *   let rest = new TextEncoder().encode(`hello ${name}\n`);
 *   while (rest.length > 0) rest = rest.subarray(yield* sink.write(rest));
 *   yield* sink.flush();
 * });
 *
 * class Collector implements AsyncWrite {
 *   text = "";
 *   write(buffer: Uint8Array): Future<number> {
 *     const part = buffer.subarray(0, 4); // at most four bytes at a time
 *     this.text += new TextDecoder().decode(part);
 *     return ready(part.length);
 *   }
 *   flush(): Future<void> {
 *     return ready(undefined);
 *   }
 *   shutdown(): Future<void> {
 *     return ready(undefined);
 *   }
 * }
 *
 * await main(function* () {
 *   const sink = new Collector();
 *   yield* greet(sink, "alice");
 *   console.log(sink.text === "hello alice\n"); // true
 * });
 * ```
 */
export interface AsyncWrite {
  /**
   * Writes a part of `buffer`, from its front, waiting until the sink takes some.
   *
   * **Cancel safety**: safe; if it loses, nothing was written.
   *
   * @param buffer - the bytes; the sink is done with them when the future is
   * @returns how many bytes were taken: at least one, unless `buffer` is empty
   * @throws IoError if writing failed
   */
  write(buffer: Uint8Array): Future<number>;

  /**
   * Waits until everything written so far has left the buffers of the sink.
   *
   * **Cancel safety**: safe; it can be called again.
   *
   * @throws IoError if writing failed
   */
  flush(): Future<void>;

  /**
   * Flushes, then ends the sink: its reader will see the end, and later writes fail. Does nothing the second time.
   *
   * **Cancel safety**: safe; it can be called again.
   *
   * @throws IoError if writing failed
   */
  shutdown(): Future<void>;
}
