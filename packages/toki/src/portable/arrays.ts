/** An array with more holes than this in a row is walked by its keys. @internal */
export const MAX_HOLES = 1024;
/** Elements of an array that are not worth more than a simple test. */
const FEW = 8;
const NONE: readonly string[] = Object.freeze([]);

/**
 * The properties of an array besides its elements, of which `present` are there. Only a list of all properties says whether there are any; that of their
 * values takes a fraction of the time, as the engine makes no strings of the indices, but is slow to begin.
 *
 * @internal
 */
export function namesOf(array: readonly unknown[], present: number): readonly string[] {
  if (present > FEW && Object.values(array).length === present) return NONE;
  const keys = Object.keys(array);
  if (keys.length === 0 || isIndex(keys[keys.length - 1]!)) return NONE; // names come after indices
  return keys.filter((key) => !isIndex(key));
}

function isIndex(key: string): boolean {
  const number = Number(key) >>> 0;
  return number !== 0xffffffff && String(number) === key;
}
