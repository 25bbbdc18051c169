import { type EncodedMessage, portable } from "../registry.js";
import { Encoder } from "./encoder.js";

/**
 * Encodes values that shared objects are among, for `postMessage`. The references that the message holds are its reader's.
 *
 * @throws NotSendError if one cannot be sent
 * @internal
 */
export function encodeMessage(
  where: string,
  write: (encoder: Encoder) => void,
): { readonly encoded: EncodedMessage; readonly transfer: readonly unknown[] } {
  const encoder = new Encoder();
  encoder.begin(where);
  write(encoder);
  const { words, length, parcels, transfer } = encoder;
  const encoded = { words: words.slice(0, length), parcels, crossings: [...portable().crossings] };
  return { encoded, transfer };
}
