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
  /** It is none after all, but this value of the program's. */
  readonly plain?: unknown;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

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

/** The engine's class, where it has one: its instances hide what they are of. */
const { SuppressedError } = globalThis as { SuppressedError?: new (error: unknown, suppressed: unknown) => Error };
const OF_SUPPRESSED = ["error", "suppressed"];

/** What was thrown, for structured clone. An error that occurs twice is one, and may lead back to itself. @internal */
export function encodeThrown(thrown: unknown): unknown {
  return encode(thrown, 0, new Map());
}

function encode(thrown: unknown, depth: number, seen: Map<Error, Encoded>): unknown {
  if (!(thrown instanceof Error)) return asItIs(sendableThrown(thrown));
  const known = seen.get(thrown);
  if (known !== undefined) return known;
  const crossing = crossingName(thrown);
  const properties: Record<string, unknown> = {};
  const goesOn = depth < MAX_CAUSES;
  const encoded: Writable<Encoded> = {
    isError: true,
    className: classNameOf(thrown),
    ...(crossing === undefined ? {} : { crossing }),
    name: describeThrown(readOf(thrown, "name")),
    message: describeThrown(readOf(thrown, "message")),
    stack: stackOf(thrown),
    properties,
  };
  seen.set(thrown, encoded);
  if (goesOn && Object.hasOwn(thrown, "cause")) encoded.cause = encode(readOf(thrown, "cause"), depth + 1, seen);
  const errors = goesOn ? errorsOf(thrown) : undefined;
  if (errors !== undefined) encoded.errors = errors.map((error) => encode(error, depth + 1, seen));
  for (const key of keysOf(thrown, crossing)) {
    if (OWN.has(key)) continue;
    const value = readOf(thrown, key);
    if (value instanceof Error) {
      if (goesOn) properties[key] = encode(value, depth + 1, seen);
    } else if (isSendable(value)) properties[key] = asItIs(value);
  }
  return encoded;
}

/** What is no error; if it cannot be sent, its text. @internal */
export function sendableThrown(thrown: unknown): unknown {
  return isSendable(thrown) ? thrown : describeThrown(thrown);
}

/** A value of the program's that looks like an encoded error is told from one. */
function asItIs(value: unknown): unknown {
  return isEncoded(value) ? { isError: true, plain: value } : value;
}

/** The properties that go with an error. @internal */
export function keysOf(error: Error, crossing: string | undefined): readonly string[] {
  const keys = Object.keys(error);
  const hidden = hiddenKeysOf(error, crossing);
  return hidden.length === 0 ? keys : [...keys, ...hidden.filter((key) => !keys.includes(key))];
}

/** Those of them that are not shown when the error is printed. @internal */
export function hiddenKeysOf(error: Error, crossing: string | undefined): readonly string[] {
  const payload = payloadOf(crossing);
  if (payload !== undefined) return [payload];
  return SuppressedError !== undefined && error instanceof SuppressedError ? OF_SUPPRESSED : [];
}

/** A property of an error, undefined if its getter throws: that is not worth the error. @internal */
export function readOf(error: Error, key: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** @internal */
export function classNameOf(error: Error): string {
  const name: unknown = (readOf(error, "constructor") as { readonly name?: unknown } | null | undefined)?.name;
  return typeof name === "string" ? name : "Error";
}

/** @internal */
export function stackOf(error: Error): string | undefined {
  const stack = readOf(error, "stack");
  return typeof stack === "string" ? stack : undefined;
}

/** @internal */
export function errorsOf(error: Error): readonly unknown[] | undefined {
  const errors = error instanceof AggregateError ? readOf(error, "errors") : undefined;
  return Array.isArray(errors) ? [...errors] : undefined;
}

/** @internal */
export function decodeThrown(value: unknown): unknown {
  return decode(value, new Map());
}

function decode(value: unknown, seen: Map<object, Error>): unknown {
  if (!isEncoded(value)) return value;
  if ("plain" in value) return value.plain;
  const known = seen.get(value);
  if (known !== undefined) return known;
  const { name, crossing, properties } = value;
  const error = make(value);
  seen.set(value, error);
  const proto = crossing === undefined ? undefined : prototypeOf(crossing);
  if (proto !== undefined) Object.setPrototypeOf(error, proto);
  const shown = name === "Error" && value.className !== "Error" ? value.className : name;
  if (error.name !== shown) define(error, "name", shown);
  define(error, "stack", value.stack);
  if (Object.hasOwn(value, "cause")) define(error, "cause", decode(value.cause, seen));
  if (value.errors !== undefined) {
    define(
      error,
      "errors",
      value.errors.map((inner) => decode(inner, seen)),
    );
  }
  const hidden = hiddenKeysOf(error, crossing);
  for (const key of Object.keys(properties)) {
    Object.defineProperty(error, key, {
      value: decode(properties[key], seen),
      configurable: true,
      enumerable: !hidden.includes(key),
      writable: true,
    });
  }
  return error;
}

function make({ className, name, message, errors }: Encoded): Error {
  if (errors !== undefined) return new AggregateError([], message);
  if (SuppressedError !== undefined && [className, name].includes("SuppressedError")) {
    const error = new SuppressedError(undefined, undefined);
    define(error, "message", message);
    return error;
  }
  const Class = Object.hasOwn(CLASSES, className) ? CLASSES[className] : (CLASSES[name] ?? Error);
  return new Class!(message);
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
