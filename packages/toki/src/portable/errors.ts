/*
 * Errors between threads. Structured clone keeps the message and the stack of the built-in classes only; this keeps the class's name, the cause and
 * the error's own properties as well.
 */
import { crossingName, payloadOf, prototypeOf } from "./error-classes.js";
import { Inspector } from "./inspect.js";

interface Encoded {
  readonly isError: true;
  readonly className: string;
  /** Of a class that keeps its identity. */
  readonly crossing?: string | undefined;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause?: unknown;
  readonly errors?: unknown[];
  readonly properties: Record<string, unknown>;
}

/** Errors within errors. @internal */
export const MAX_CAUSES = 16;
const CLASSES: Record<string, new (message: string) => Error> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};
/** Properties of an error that are kept by themselves. @internal */
export const OWN = new Set(["message", "stack", "cause", "name", "errors"]);

/** @internal */
export function encodeThrown(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return isSendable(thrown) ? thrown : describeThrown(thrown);
  const properties: Record<string, unknown> = {};
  const crossing = crossingName(thrown);
  for (const key of keysOf(thrown, crossing)) {
    const value = (thrown as unknown as Record<string, unknown>)[key];
    if (OWN.has(key)) continue;
    if (value instanceof Error ? depth < MAX_CAUSES : !isSendable(value)) {
      if (value instanceof Error) properties[key] = encodeThrown(value, depth + 1);
      continue;
    }
    properties[key] = value;
  }
  const goesOn = depth < MAX_CAUSES;
  const encoded: Encoded = {
    isError: true,
    className: thrown.constructor?.name ?? "Error",
    ...(crossing === undefined ? {} : { crossing }),
    name: String(thrown.name),
    message: String(thrown.message),
    stack: thrown.stack,
    ...(goesOn && Object.hasOwn(thrown, "cause") ? { cause: encodeThrown(thrown.cause, depth + 1) } : {}),
    ...(goesOn && thrown instanceof AggregateError
      ? { errors: thrown.errors.map((error) => encodeThrown(error, depth + 1)) }
      : {}),
    properties,
  };
  return encoded;
}

/** The properties that go with an error. @internal */
export function keysOf(error: Error, crossing: string | undefined): readonly string[] {
  const keys = Object.keys(error);
  const payload = payloadOf(crossing);
  return payload === undefined ? keys : [...keys, payload];
}

/** @internal */
export function decodeThrown(value: unknown): unknown {
  if (!isEncoded(value)) return value;
  const { className, name, message, stack, properties } = value;
  const Class = Object.hasOwn(CLASSES, className) ? CLASSES[className] : (CLASSES[name] ?? Error);
  const error =
    value.errors === undefined ? new Class!(message) : new AggregateError(value.errors.map(decodeThrown), message);
  const proto = value.crossing === undefined ? undefined : prototypeOf(value.crossing);
  if (proto !== undefined) Object.setPrototypeOf(error, proto);
  const shown = name === "Error" && className !== "Error" ? className : name;
  if (error.name !== shown) define(error, "name", shown);
  define(error, "stack", stack);
  if (Object.hasOwn(value, "cause")) define(error, "cause", decodeThrown(value.cause));
  for (const key of Object.keys(properties)) {
    Object.defineProperty(error, key, {
      value: decodeThrown(properties[key]),
      configurable: true,
      enumerable: key !== payloadOf(value.crossing),
      writable: true,
    });
  }
  return error;
}

function isEncoded(value: unknown): value is Encoded {
  return typeof value === "object" && value !== null && (value as Partial<Encoded>).isError === true;
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, configurable: true, enumerable: false, writable: true });
}

function isSendable(value: unknown): boolean {
  try {
    new Inspector("").check(value, "");
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

/** What is left of a value that cannot be sent. @internal */
export function describeThrown(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}
