import { host } from "#host";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import { thrownText } from "../internal/thrown-text.js";
import { portable } from "../portable/registry.js";
import { hasListeners } from "../signal/registry.js";
import { createRuntime } from "./create.js";
import type { RuntimeFlavor, RuntimeOptions } from "./options.js";

/** Options of {@link main}: those of a {@link Runtime}, and what to do on Ctrl-C. */
export interface MainOptions extends Omit<RuntimeOptions, "flavor"> {
  /** The scheduler: see {@link RuntimeOptions}. `"local"` is that of a {@link LocalRuntime}, and the same as `"currentThread"`. */
  flavor?: RuntimeFlavor | "local";
  /**
   * Signals on which the program ends in an orderly way: the body and every task are cancelled, their cleanup is awaited, then the process ends as the
   * signal would have ended it. What the cleanup of the body throws is printed. A second signal ends it at once. A program that listens itself ({@link ctrlC}) is left alone. `false` for none.
   *
   * @default ["SIGINT", "SIGTERM"]
   */
  signals?: readonly string[] | false;
}

const DEFAULT_SIGNALS = ["SIGINT", "SIGTERM"];

/** How many programs a signal has interrupted whose cleanup goes on, and those that are through and wait for the last. */
let unwinding = 0;
const unwound: (() => void)[] = [];

/** A signal ends the process for all of its programs: the first that is through would cut the cleanup of the others short. */
async function lastUnwound(): Promise<void> {
  if (--unwinding > 0) await new Promise<void>((resolve) => unwound.push(resolve));
  else for (const resolve of unwound.splice(0)) resolve();
}

/**
 * Runs a program: `#[tokio::main]`. Makes a runtime, runs the body on it, and shuts the runtime down; tasks that are left are cancelled, and their
 * cleanup is awaited. The process exits by itself when nothing else keeps it.
 *
 * On a worker, and on a thread of the blocking pool, which import the module for its functions, it does nothing and resolves: a program whose functions
 * run there belongs under it.
 *
 * When the body throws, the promise rejects; not handled, Node prints the error and exits with code 1. When every task waits and nothing is left that
 * could wake one, it rejects with the deadlock report.
 *
 * @param body - the program: a `function*` or a future
 * @param options - those of a runtime, and `signals`
 * @returns the body's value
 * @throws NestedRuntimeError inside a task
 *
 * @example
 * ```ts
 * import { main, sleep, spawn } from "toki";
 *
 * await main(function* () {
 *   spawn(function* () {
 *     yield* sleep(60_000); // cancelled when main returns
 *   });
 *   yield* sleep(10);
 *   console.log("Main done");
 * });
 * ```
 */
export async function main<T>(body: IntoFuture<T>, options: MainOptions = {}): Promise<T> {
  // A thread that was started for others imports the module for its functions.
  if (portable().onWorker) return undefined as T;
  checkOptions(options, "main");
  const { signals = DEFAULT_SIGNALS, ...rest } = options;
  if (rest.flavor === "local") rest.flavor = "currentThread";
  if (signals !== false && !(Array.isArray(signals) && signals.every((name) => typeof name === "string"))) {
    throw invalidArgument("main", "signals", "an array of signal names, or false", signals);
  }
  const program = intoFuture(body, "main");
  const rt = createRuntime(rest as RuntimeOptions, "main");
  const interrupt = new AbortController();
  let received: string | undefined;
  let failure: { readonly error: unknown } | undefined;
  const stops: ((() => void) | undefined)[] = [];
  const listen = (name: string) => {
    stops.push(
      host.onSignal(name, () => {
        if (hasListeners(name)) return;
        if (received !== undefined) {
          stopListening();
          host.raiseSignal(name);
          return;
        }
        received = name;
        unwinding++;
        interrupt.abort();
      }),
    );
  };
  const stopListening = () => {
    for (const stop of stops.splice(0)) stop?.();
  };
  try {
    if (signals !== false) signals.forEach(listen);
    return await rt.run(program, interrupt.signal);
  } catch (error) {
    // A program that was cancelled rejects with the reason, which says nothing: the signal's own end of the process does.
    if (error !== interrupt.signal.reason) failure = { error };
    throw error;
  } finally {
    await rt.shutdown();
    stopListening();
    if (received !== undefined) {
      await lastUnwound();
      // Nobody will see it any more.
      if (failure !== undefined) {
        host.report(`toki: main failed before ${received} ended the process: ${thrownText(failure.error)}`);
      }
      host.raiseSignal(received);
    }
  }
}
