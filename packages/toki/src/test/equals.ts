/**
 * Whether two values are the same in structure: `Object.is` for primitives, the same prototype and equal content for the rest. Cycles are
 * followed once.
 *
 * @internal
 */
export function equals(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

type Seen = Map<object, object>;

function compare(a: unknown, b: unknown, seen: Seen): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  return sameContent(a, b, seen) && sameProperties(a, b, seen);
}

/** What own enumerable properties do not show. */
function sameContent(a: object, b: object, seen: Seen): boolean {
  if (Array.isArray(a)) return a.length === (b as unknown[]).length;
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof RegExp) return String(a) === String(b);
  if (a instanceof Error) return a.message === (b as Error).message && compare(a.cause, (b as Error).cause, seen);
  if (a instanceof Map) return sameMaps(a, b as Map<unknown, unknown>, seen);
  if (a instanceof Set) return sameSets(a, b as Set<unknown>, seen);
  if (a instanceof ArrayBuffer) return compare(new Uint8Array(a), new Uint8Array(b as ArrayBuffer), seen);
  if (a instanceof DataView) return sameBytes(a, b as DataView);
  return true;
}

function sameBytes(a: DataView, b: DataView): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.byteLength; i++) if (a.getUint8(i) !== b.getUint8(i)) return false;
  return true;
}

function sameMaps(a: Map<unknown, unknown>, b: Map<unknown, unknown>, seen: Seen): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    if (!b.has(key) || !compare(value, b.get(key), seen)) return false;
  }
  return true;
}

function sameSets(a: Set<unknown>, b: Set<unknown>, seen: Seen): boolean {
  if (a.size !== b.size) return false;
  const left = [...b];
  for (const value of a) {
    const at = left.findIndex((other) => compare(value, other, seen));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return true;
}

function sameProperties(a: object, b: object, seen: Seen): boolean {
  const keys = Reflect.ownKeys(a).filter((key) => isEnumerable(a, key));
  if (keys.length !== Reflect.ownKeys(b).filter((key) => isEnumerable(b, key)).length) return false;
  return keys.every((key) => isEnumerable(b, key) && compare(Reflect.get(a, key), Reflect.get(b, key), seen));
}

function isEnumerable(value: object, key: PropertyKey): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, key);
}
