import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";

// Without it a list for which only `maxLength` is said has ten items at most, whatever that is.
fc.configureGlobal({ ...fc.readConfigureGlobal(), defaultSizeToMaxWhenMaxSpecified: true });

/** Values that node:assert takes for equal to their copy: of an invalid date it does not, in Node 20. */
export function comparable(constraints: fc.ObjectConstraints): fc.Arbitrary<unknown> {
  return fc.anything(constraints).filter((value) => isDeepStrictEqual(value, structuredClone(value)));
}

export default fc;
