/*
 * Error classes that keep their identity between threads: `instanceof` holds for what arrives. Each thread has its own copy of a class; the name ties
 * them together. Only for classes whose instances are what their enumerable properties say; and one more, which is not shown when the error is printed, its
 * payload. One that is no plain data does not arrive: a handle in it would be one more to dispose, for somebody who may only look at the message.
 */
type ErrorClass = abstract new (...args: never) => Error;

const names = new Map<unknown, string>();
const prototypes = new Map<string, object>();
const payloads = new Map<string, string>();

/** Makes a class one that crosses. @internal */
export function crosses(Class: ErrorClass, name: string, payload?: string): void {
  names.set(Class, name);
  if (payload !== undefined) payloads.set(name, payload);
  prototypes.set(name, Class.prototype as object);
}

/** The name of an error's class, if it is one that crosses. @internal */
export function crossingName(error: Error): string | undefined {
  return names.get(error.constructor);
}

/** Which property of a class that crosses is its payload. @internal */
export function payloadOf(crossing: string | undefined): string | undefined {
  return crossing === undefined ? undefined : payloads.get(crossing);
}

/** @internal */
export function prototypeOf(name: string): object | undefined {
  return prototypes.get(name);
}
