import { invalidArgument } from "../internal/invalid-argument.js";
import { Stream } from "./stream.js";

/** @throws InvalidArgumentError unless `value` is a stream @internal */
export function checkStream(value: unknown, where: string, argument: string): void {
  if (value instanceof Stream) return;
  throw invalidArgument(where, argument, "a Stream; stream(...) makes one of channels, iterables and more", value);
}
