/*
 * Error classes that keep their identity between threads: `instanceof` holds for what arrives. Each thread has its own copy of a class; the name ties
 * them together. Only for classes whose instances are what their enumerable properties say.
 */
type ErrorClass = abstract new (...args: never) => Error;

const names = new Map<unknown, string>();
const prototypes = new Map<string, object>();

/** Makes a class one that crosses. @internal */
export function crosses(Class: ErrorClass, name: string): void {
  names.set(Class, name);
  prototypes.set(name, Class.prototype as object);
}

/** The name of an error's class, if it is one that crosses. @internal */
export function crossingName(error: Error): string | undefined {
  return names.get(error.constructor);
}

/** @internal */
export function prototypeOf(name: string): object | undefined {
  return prototypes.get(name);
}
