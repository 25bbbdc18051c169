import { type Crossing, crossingOfKind } from "./crossing.js";
import * as tags from "./tags.js";

const release = (crossing: Crossing, a: number, b: number) => crossing.release(a, b);

/**
 * Gives back what a message holds, because nobody will read it.
 *
 * @param after - what begins before this position has been received already
 * @returns the position after the message
 */
export function discard(words: Int32Array, at: number, after = at): number {
  return forEachCrossing(words, at, after, release);
}

/**
 * Visits the shared objects in a message. Goes over it from front to back; `left` is how many values are still to come, so that depth does not matter.
 *
 * @returns the position after the message
 * @internal
 */
export function forEachCrossing(
  words: Int32Array,
  at: number,
  after: number,
  visit: (crossing: Crossing, a: number, b: number) => void,
): number {
  let position = at;
  for (let left = 1; left > 0; left--) {
    const start = position;
    const head = words[position++]!;
    if ((head & 1) === 1) continue;
    let payload = head >>> tags.PAYLOAD_SHIFT;
    if (payload === tags.MAX_PAYLOAD) payload = words[position++]! >>> 0;
    switch ((head >>> 1) & tags.TAG_MASK) {
      case tags.DOUBLE:
      case tags.BIGINT64:
      case tags.DATE:
        position += 2;
        break;
      case tags.LATIN1:
      case tags.BUFFER:
        position += (payload + 3) >>> 2;
        break;
      case tags.BYTES:
        position += ((payload >>> tags.VIEW_KIND_BITS) + 3) >>> 2;
        break;
      case tags.UTF16:
        position += (payload + 1) >>> 1;
        break;
      case tags.BIGINT:
      case tags.BOXED:
        left += 1;
        break;
      case tags.REGEXP:
      case tags.SPARSE:
        left += 2;
        break;
      case tags.VIEW:
        left += 3;
        break;
      case tags.ERROR:
        left += 8;
        break;
      case tags.NAMED_ARRAY:
        left += payload + 1;
        break;
      case tags.LIST:
      case tags.ARRAY:
      case tags.SET:
        left += payload;
        break;
      case tags.PROPS:
      case tags.OBJECT:
      case tags.MAP:
        left += 2 * payload;
        break;
      case tags.CROSSING:
        if (start >= after) visit(crossingOfKind(payload), words[position]!, words[position + 1]!);
        position += 2;
        break;
      default: // one word
    }
  }
  return position;
}

/** As {@link discard}, for what `Encoder.args` wrote. */
export function discardArgs(words: Int32Array, at: number): number {
  return discard(words, at);
}
