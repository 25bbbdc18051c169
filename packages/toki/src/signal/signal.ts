import type { Context } from "../future/context.js";
import type { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { IoError } from "../io/io-error.js";
import { ioRuntime } from "../io/io-runtime.js";
import { SignalListener, SignalRecv } from "./recv.js";
import { signalSource } from "./registry.js";
import { SignalKind } from "./signal-kind.js";
import { signalNumbers } from "./signal-numbers.js";

/** What cannot be caught, or means that the program is broken where it stands. */
const FORBIDDEN = new Set(["SIGKILL", "SIGSTOP", "SIGSEGV", "SIGILL", "SIGFPE"]);

/**
 * A listener for one signal; made by {@link signal}. Arrivals between two receives are remembered, as one.
 *
 * One task at a time receives from a listener; make a listener for each task that wants the signal.
 */
export class Signal {
  readonly #listener: SignalListener;
  #polled: SignalRecv | undefined;

  /** @internal */
  constructor(listener: SignalListener) {
    this.#listener = listener;
  }

  /** Which signal it listens for. */
  get kind(): SignalKind {
    return SignalKind.named(this.#listener.source.name);
  }

  /**
   * Waits until the signal has arrived since the last receive, or since the listener was made. Several arrivals count as one.
   *
   * **Cancel safety**: safe; if it loses, the arrival stays for the next receive.
   *
   * @throws MisuseError if another receive is waiting on this listener
   *
   * @example
   * ```ts
   * import { main, spawn, yieldNow } from "toki";
   * import { signal, SignalKind } from "toki/signal";
   *
   * await main(function* () {
   *   const hangups = signal(SignalKind.hangup());
   *   process.kill(process.pid, "SIGHUP");
   *   yield* hangups.recv();
   *   console.log("Reading the configuration again");
   * });
   * ```
   */
  recv(): Future<void> {
    return this.#make();
  }

  /**
   * Asks once whether the signal has arrived since the last receive, as a hand-written future does; only the waker of the latest call is woken.
   *
   * @throws MisuseError if a `recv` is waiting on this listener
   *
   * @example
   * ```ts
   * import { main, Pending, pollFn } from "toki";
   * import { signal, SignalKind } from "toki/signal";
   *
   * await main(function* () {
   *   const hangups = signal(SignalKind.hangup());
   *   process.kill(process.pid, "SIGHUP");
   *   let polls = 0;
   *   yield* pollFn<void>((cx) => {
   *     polls++;
   *     return hangups.pollRecv(cx);
   *   });
   *   console.log(polls); // 2
   * });
   * ```
   */
  pollRecv(cx: Context): Poll<void> {
    this.#polled ??= this.#make();
    const arrived = this.#polled.poll(cx);
    if (arrived !== Pending) this.#polled = undefined;
    return arrived;
  }

  #make(): SignalRecv {
    const { name } = this.#listener.source;
    return new SignalRecv(`signal ${name} recv`, name, this.#listener);
  }
}

/**
 * Listens for a signal of the operating system, from now on.
 *
 * The signal no longer does what it would have done, for the life of the process, also when the listener is gone. A listener alone does not keep the
 * process alive; a task that waits in {@link Signal.recv} does.
 *
 * @param kind - which signal: a `SignalKind`, or its name (`"SIGTERM"`)
 * @throws NoRuntimeError outside a runtime; DriverDisabledError if its IO is disabled
 * @throws IoError for a signal that cannot be listened for (`SIGKILL`, `SIGSTOP`, `SIGSEGV`, `SIGILL`, `SIGFPE`) or that the platform does not have;
 * `unsupported` on threads other than the main one, which get no signals: listen there, and tell them by a channel of `toki/shared`
 *
 * @example
 * ```ts
 * import { main, select, sleep } from "toki";
 * import { ctrlC, signal, SignalKind } from "toki/signal";
 *
 * await main(function* () {
 *   const terminate = signal(SignalKind.terminate());
 *   const { key } = yield* select({ terminate: terminate.recv(), ctrlC: ctrlC(), done: sleep(20) });
 *   console.log(key);
 * });
 * ```
 */
export function signal(kind: SignalKind | string): Signal {
  if (!(kind instanceof SignalKind) && typeof kind !== "string") {
    throw invalidArgument("signal", "kind", 'a SignalKind or a name such as "SIGTERM"', kind);
  }
  ioRuntime("signal");
  const { name } = typeof kind === "string" ? SignalKind.named(kind) : kind;
  if (FORBIDDEN.has(name)) {
    throw new IoError("invalidInput", `signal: ${name} cannot be listened for`, { code: "EINVAL" });
  }
  const numbers = signalNumbers();
  if (numbers !== undefined && !Object.hasOwn(numbers, name)) {
    throw new IoError("unsupported", `signal: this platform has no signal ${JSON.stringify(name)}`, { code: "EINVAL" });
  }
  return new Signal(new SignalListener(signalSource(name, "signal")));
}
