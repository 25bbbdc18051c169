import { invalidArgument } from "../internal/invalid-argument.js";
import type { PortLike } from "./port-like.js";
import { portable } from "./registry.js";

/**
 * Marks a value to be moved, not copied, when it is sent to another thread: nothing is copied, and this thread loses it. A typed array is moved with the
 * whole of its buffer. Works for arguments and for results, at any depth.
 *
 * The value is detached at `spawnBlocking`: a buffer has length 0 afterwards. Without `move`, buffers are copied, and ports are refused.
 *
 * @param value - an ArrayBuffer, a typed array or DataView over one, or a MessagePort
 * @returns `value` itself
 * @throws InvalidArgumentError if it is none of these
 *
 * @example
 * ```ts
 * import { blocking, main, move, spawnBlocking } from "toki";
 *
 * const invert = blocking(import.meta, function invert(pixels: Uint8Array) {
 *   return move(pixels.map((value) => 255 - value));
 * });
 *
 * await main(function* () {
 *   const pixels = new Uint8Array([0, 100, 255]);
 *   console.log(yield* spawnBlocking(invert(move(pixels)))); // Uint8Array(3) [ 255, 155, 0 ]
 *   console.log(pixels.length); // 0
 * });
 * ```
 */
export function move<T extends ArrayBuffer | ArrayBufferView | PortLike>(value: T): T {
  const buffer: unknown = ArrayBuffer.isView(value) ? value.buffer : value;
  if (!(buffer instanceof ArrayBuffer || buffer instanceof MessagePort)) {
    throw invalidArgument("move", "value", "an ArrayBuffer, a typed array over one, or a MessagePort", value);
  }
  portable().moved.add(value);
  return value;
}
