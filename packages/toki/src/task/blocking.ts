import { isGeneratorFunction } from "../future/fn.js";
import { describeValue, MisuseError } from "../future/misuse.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { MessageInspector } from "../portable/codec/crossing.js";
import { Decoder } from "../portable/codec/decoder.js";
import { encodeMessage } from "../portable/codec/message.js";
import { encodeThrown } from "../portable/errors.js";
import { keyOf, type ModuleMeta, nameOf, urlOf } from "../portable/module-meta.js";
import { type EncodedMessage, type Reply, register } from "../portable/registry.js";
import type { SendFunction } from "../portable/send.js";

/**
 * A call that has not been made: the function and its arguments, for {@link spawnBlocking}. Made by calling what {@link blocking} returned; it does
 * nothing by itself.
 *
 * @typeParam T - what the function returns
 *
 * @example
 * ```ts
 * import { blocking, main, spawnBlocking } from "toki";
 *
 * const square = blocking(import.meta, function square(x: number) {
 *   return x * x;
 * });
 *
 * await main(function* () {
 *   const job = square(7);
 *   console.log(job.name, yield* spawnBlocking(job)); // square 49
 * });
 * ```
 */
export class BlockingJob<T> {
  /** The function's name. */
  readonly name: string;
  /** @internal */
  readonly url: string;
  /** @internal */
  readonly key: string;
  /** @internal */
  readonly args: readonly unknown[];
  /** @internal */
  readonly transfer: readonly unknown[];
  /** @internal Whether shared objects are among the arguments. */
  readonly hasCrossings: boolean;
  /** Nothing of it exists: it ties the type parameter. */
  declare readonly output: T;

  /** @internal */
  constructor(name: string, url: string, key: string, args: readonly unknown[], inspector: MessageInspector) {
    this.name = name;
    this.url = url;
    this.key = key;
    this.args = args;
    this.transfer = inspector.transfer;
    this.hasCrossings = inspector.hasCrossings;
  }
}

/**
 * Gives a plain function an identity on every thread, so that {@link spawnBlocking} can run it on one of the blocking pool.
 *
 * Code cannot be sent between threads. What is sent is the module's URL and the function's name: the thread imports the module, once, and calls the
 * function there. So the function must be defined at the top level of its module, under a name no other has, and must not rely on what this thread has put
 * into the module's variables. `main(...)` in that module does nothing on a pool's thread.
 *
 * Arguments and the result are copied as `structuredClone` does, or moved with {@link move}. What cannot be sent (functions, symbols, channels and locks
 * of `toki/sync`, futures, instances of classes) is refused by the type, and at the call.
 *
 * @param meta - `import.meta` of the module
 * @param body - a function that returns its result: neither async nor a generator
 * @returns a function with the same parameters that makes a job
 * @throws InvalidArgumentError if the function has no name, or is async or a generator; MisuseError if another one has its name
 *
 * @example
 * ```ts
 * import { blocking, main, spawnBlocking } from "toki";
 *
 * export const fibonacci = blocking(import.meta, function fibonacci(n: number): number {
 *   let [a, b] = [0, 1];
 *   for (let i = 0; i < n; i++) [a, b] = [b, a + b];
 *   return a;
 * });
 *
 * await main(function* () {
 *   console.log(yield* spawnBlocking(fibonacci(50))); // 12586269025
 * });
 * ```
 */
export function blocking<A extends unknown[], T>(
  meta: ModuleMeta,
  body: ((...args: A) => T) & SendFunction<A, T>,
): (...args: A) => BlockingJob<T> {
  const url = urlOf(meta, "blocking");
  if (typeof body !== "function") throw invalidArgument("blocking", "body", "a function", body);
  if (isGeneratorFunction(body) || /^Async(Generator)?Function$/.test(tagOf(body))) {
    throw invalidArgument(
      "blocking",
      "body",
      "a plain function that returns its result: a blocking thread runs it from beginning to end. Async work needs no thread: spawn it",
      body,
    );
  }
  const name = nameOf(body, "blocking", "blocking(import.meta, function parse(...) {...})");
  const key = keyOf(url, name);
  const run = body as (...args: A) => T;
  register(
    { kind: "blocking", key, body: run, invoke: (args, message) => invoke(name, run, args as A, message) },
    name,
    url,
  );
  const call = (...args: A): BlockingJob<T> => {
    const inspector = inspectorFor(name);
    for (let i = 0; i < args.length; i++) inspector.check(args[i], `argument ${i}`);
    return new BlockingJob<T>(name, url, key, args, inspector);
  };
  Object.defineProperty(call, "name", { value: name, configurable: true });
  Object.defineProperty(call, "length", { value: body.length, configurable: true });
  return call;
}

function inspectorFor(name: string): MessageInspector {
  const inspector = new MessageInspector(`blocking ${name}`);
  inspector.takesCargo = false;
  return inspector;
}

function tagOf(body: unknown): string {
  return String((body as { [Symbol.toStringTag]?: string })[Symbol.toStringTag]);
}

/** On the thread that runs the job. */
function invoke<A extends unknown[]>(
  name: string,
  body: (...args: A) => unknown,
  args: A,
  message: EncodedMessage | undefined,
): Reply {
  try {
    const given = message === undefined ? args : (new Decoder().args(message.words, 0, message.parcels) as A);
    const value = body(...given);
    if (typeof (value as PromiseLike<unknown> | undefined)?.then === "function") {
      throw new MisuseError(
        "TOKI_ASYNC_BLOCKING",
        `blocking ${name}: it returned ${describeValue(value)}; a blocking function must return its result`,
      );
    }
    const inspector = inspectorFor(name);
    inspector.check(value, "the result");
    if (inspector.hasCrossings) {
      return encodeMessage(`blocking ${name}`, (encoder) => encoder.value(value, "the result"));
    }
    return { value, transfer: inspector.transfer };
  } catch (error) {
    return { error: encodeThrown(error) };
  }
}
