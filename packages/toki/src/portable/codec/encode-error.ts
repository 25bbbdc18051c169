/*
 * Errors in messages: what `encodeThrown` keeps, in words. In addition an error that occurs twice arrives as one, and may lead back to itself.
 */
import { crossingName, payloadOf } from "../error-classes.js";
import { classNameOf, describeThrown, errorsOf, keysOf, MAX_CAUSES, OWN, readOf, stackOf } from "../errors.js";
import type { Encoder } from "./encoder.js";
import { REFUSED } from "./refused.js";
import { ABSENT, ERROR, IS_AGGREGATE, IS_DOM, LIST, PROPS } from "./tags.js";

/** @internal */
export function writeError(encoder: Encoder, error: Error): void {
  const goesOn = encoder.errorDepth < MAX_CAUSES;
  const errors = goesOn ? errorsOf(error) : undefined;
  const isDom = typeof DOMException !== "undefined" && error instanceof DOMException;
  encoder.head(ERROR, isDom ? IS_DOM : errors !== undefined ? IS_AGGREGATE : 0);
  encoder.string(classNameOf(error));
  const crossing = crossingName(error);
  if (crossing === undefined) encoder.head(ABSENT, 0);
  else encoder.string(crossing);
  encoder.string(describeThrown(readOf(error, "name")));
  encoder.string(describeThrown(readOf(error, "message")));
  const stack = stackOf(error);
  if (stack === undefined) encoder.undefined();
  else encoder.string(stack);
  encoder.errorDepth++;
  try {
    if (goesOn && Object.hasOwn(error, "cause")) writeWhatCan(encoder, readOf(error, "cause"));
    else encoder.head(ABSENT, 0);
    if (errors !== undefined) {
      encoder.head(LIST, errors.length);
      for (const inner of errors) writeWhatCan(encoder, inner);
    } else encoder.head(ABSENT, 0);
    writeProperties(encoder, error, crossing, goesOn);
  } finally {
    encoder.errorDepth--;
  }
}

function writeProperties(encoder: Encoder, error: Error, crossing: string | undefined, goesOn: boolean): void {
  const payload = payloadOf(crossing);
  const head = encoder.open();
  let count = 0;
  for (const key of keysOf(error, crossing)) {
    if (OWN.has(key)) continue;
    const value = readOf(error, key);
    if (value instanceof Error && !goesOn) continue;
    const mark = encoder.mark();
    try {
      encoder.string(key);
      encoder.write(value);
      if (key === payload && !encoder.isPlainSince(mark)) throw REFUSED;
      count++;
    } catch (refusal) {
      // A payload is not worth the error: it may be a handle that was disposed on the way out.
      if (refusal !== REFUSED && key !== payload) throw refusal;
      encoder.rewind(mark);
    }
  }
  encoder.close(head, PROPS, count);
}

/** `value`, or if it cannot be sent its text. */
function writeWhatCan(encoder: Encoder, value: unknown): void {
  const mark = encoder.mark();
  try {
    encoder.write(value);
  } catch (refusal) {
    if (refusal !== REFUSED) throw refusal;
    encoder.rewind(mark);
    encoder.string(describeThrown(value));
  }
}
