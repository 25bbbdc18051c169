/*
 * Which signals the program listens for. One source for each signal of the process; it is installed by the first listener and stays: as in
 * Tokio, asking for a signal once takes away what the platform would do with it, for the life of the process.
 *
 *   raised    counts arrivals. A listener remembers the count it has seen; it has something to receive while the two differ. So every
 *             listener is notified, a burst counts as one, and nothing is lost between two receives.
 *   waiters   the receives that are parked. A receive enters when it parks and leaves when it is ready or dropped.
 *
 * A signal changes `raised` first and wakes afterwards: a receive that polls in between finds it.
 */
import { host } from "#host";
import { IoError } from "../io/io-error.js";

/** @internal */
export interface SignalWaiter {
  notify(): void;
}

/** @internal */
export class SignalSource {
  readonly name: string;
  readonly waiters = new Set<SignalWaiter>();
  raised = 0;

  constructor(name: string) {
    this.name = name;
  }

  raise(): void {
    this.raised++;
    // A copy: a waker made of a callback may poll again at once, which parks anew.
    for (const waiter of [...this.waiters]) waiter.notify();
  }
}

const sources = new Map<string, SignalSource>();

/**
 * The source of a signal; the first call installs the listener that stays.
 *
 * @throws IoError where the platform has no such signal, or gives this thread none
 * @internal
 */
export function signalSource(name: string, attempted: string): SignalSource {
  let source = sources.get(name);
  if (source !== undefined) return source;
  source = new SignalSource(name);
  const made = source;
  let stop: (() => void) | undefined;
  try {
    stop = host.onSignal(name, () => made.raise());
  } catch (error) {
    throw IoError.from(error, `${attempted}: cannot listen for ${name}`);
  }
  if (stop === undefined) {
    const why =
      host.threadId === 0
        ? "this platform has no signals"
        : "signals come to the main thread alone; listen there, and tell the others by a channel or a token of toki/shared";
    throw new IoError("unsupported", `${attempted}: cannot listen for ${name}: ${why}`, { code: "ENOSYS" });
  }
  sources.set(name, source);
  return source;
}

/** Whether the program ever listened for the signal itself: then nothing else decides what it does. @internal */
export function hasListeners(name: string): boolean {
  return sources.has(name);
}
