import type { Context } from "../../future/context.js";
import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { DisposedError } from "../error.js";
import { unwatchSender, watchSender } from "../forgotten.js";
import { Waiter } from "../waiter-queue.js";
import { Closed } from "./closed.js";
import { WatchSendError } from "./error.js";
import { checkFunction, checkResult, WatchRef } from "./modify.js";
import { WatchReceiver } from "./receiver.js";
import { State } from "./state.js";

/**
 * The sending half of a {@link watch} channel: replaces the value, and tells the receivers. Nothing here waits for them.
 *
 * Clone it for others that send, and dispose each clone: the channel ends when the last one is.
 *
 * @example
 * ```ts
 * import { main, spawn } from "toki";
 * import { WatchSender } from "toki/sync";
 *
 * await main(function* () {
 *   using tx = new WatchSender({ level: "info" });
 *   const rx = tx.subscribe();
 *   const reader = spawn(function* () {
 *     yield* rx.changed();
 *     return rx.borrow().level;
 *   });
 *   tx.send({ level: "debug" });
 *   console.log(yield* reader); // debug
 * });
 * ```
 */
export class WatchSender<T> implements Disposable {
  /** @internal */
  readonly state: State<T>;
  private isDisposed: boolean;

  /**
   * Makes a channel without receivers; {@link WatchSender.subscribe} makes them.
   *
   * @param initial - the value it has at first
   */
  constructor(initial: T);
  /** @internal */
  constructor(initial: T, state?: State<T>);
  constructor(initial: T, state: State<T> = new State(initial)) {
    this.state = state;
    this.isDisposed = false;
    state.senders++;
    watchSender(this, state);
  }

  /**
   * Replaces the value, and tells the receivers, also if the new value is equal to the old one.
   *
   * @throws WatchSendError with the value if there is no receiver; the channel keeps its value then. See {@link WatchSender.sendReplace}
   * @throws DisposedError if this sender was disposed
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   */
  send(value: T): void {
    const state = this.open("send");
    if (state.receivers === 0) throw new WatchSendError(value);
    state.value = value;
    state.notify();
  }

  /**
   * Replaces the value, whether there are receivers or not, and tells them.
   *
   * @returns the value from before
   * @throws DisposedError if this sender was disposed
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   */
  sendReplace(value: T): T {
    const state = this.open("sendReplace");
    const before = state.value;
    state.value = value;
    state.notify();
    return before;
  }

  /**
   * Changes the value, in place or by assigning `ref.value`, whether there are receivers or not, and tells them. If `modify` throws they are not told; what it
   * has changed by then stays.
   *
   * @param modify - runs at once. It must not touch the channel itself
   * @throws what `modify` throws
   * @throws DisposedError if this sender was disposed
   * @throws InvalidArgumentError if `modify` is not a synchronous function
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   *
   * @example
   * ```ts
   * import { watch } from "toki/sync";
   *
   * const [tx, rx] = watch(new Set<string>());
   * tx.sendModify((ref) => {
   *   ref.value.add("ann");
   * });
   * console.log(rx.hasChanged(), rx.borrow().size); // true 1
   * ```
   */
  sendModify(modify: (ref: WatchRef<T>) => void): void {
    const state = this.open("sendModify");
    run(state, "sendModify", modify);
    state.notify();
  }

  /**
   * As {@link WatchSender.sendModify}, but the receivers are told only if `modify` returns true. What it has changed stays in any case, and whoever borrows
   * the value sees it.
   *
   * @param modify - runs at once. It must not touch the channel itself
   * @returns whether the receivers were told
   * @throws what `modify` throws
   * @throws DisposedError if this sender was disposed
   * @throws InvalidArgumentError if `modify` is not a synchronous function
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   *
   * @example
   * ```ts
   * import { watch } from "toki/sync";
   *
   * const [tx, rx] = watch({ connections: 0, peak: 0 });
   * const count = (connections: number) =>
   *   tx.sendIfModified(({ value }) => {
   *     value.connections = connections;
   *     if (connections <= value.peak) return false;
   *     value.peak = connections;
   *     return true;
   *   });
   * console.log(count(5), count(3), rx.borrow().connections); // true false 3
   * ```
   */
  sendIfModified(modify: (ref: WatchRef<T>) => boolean): boolean {
    const state = this.open("sendIfModified");
    const isModified = run(state, "sendIfModified", modify) === true;
    if (isModified) state.notify();
    return isModified;
  }

  /**
   * The value.
   *
   * @throws DisposedError if this sender was disposed
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   */
  borrow(): T {
    return this.open("borrow").value;
  }

  /**
   * Another receiver. What the channel has now counts as seen: `borrow` gives it, `changed` waits for the next. Reopens a channel that was closed for
   * want of receivers.
   *
   * @throws DisposedError if this sender was disposed
   */
  subscribe(): WatchReceiver<T> {
    this.check("subscribe");
    return new WatchReceiver(this.state, this.state.version);
  }

  /**
   * Waits until there is no receiver: nobody listens. There may be one again afterwards, by {@link WatchSender.subscribe}.
   *
   * **Cancel safety**: safe.
   *
   * @throws DisposedError if this sender was disposed
   *
   * @example
   * ```ts
   * import { main, spawn, yieldNow } from "toki";
   * import { watch } from "toki/sync";
   *
   * await main(function* () {
   *   const [tx, rx] = watch(0);
   *   const producer = spawn(function* () {
   *     yield* tx.closed();
   *     return "nobody listens any more";
   *   });
   *   yield* yieldNow();
   *   rx[Symbol.dispose]();
   *   console.log(yield* producer);
   * });
   * ```
   */
  closed(): Future<void> {
    this.check("closed");
    return new Closed(this);
  }

  /** Whether there is no receiver: a `send` would fail. */
  get isClosed(): boolean {
    return this.state.receivers === 0;
  }

  /** How many receivers were not disposed. */
  get receiverCount(): number {
    return this.state.receivers;
  }

  /** How many senders of this channel were not disposed. */
  get senderCount(): number {
    return this.state.senders;
  }

  /**
   * Another sender of the same channel; each has to be disposed.
   *
   * @throws DisposedError if this sender was disposed
   */
  clone(): WatchSender<T> {
    this.check("clone");
    return new WatchSender<T>(undefined as T, this.state);
  }

  /** Whether `other` sends into the same channel. */
  sameChannel(other: WatchSender<T>): boolean {
    if (!(other instanceof WatchSender)) {
      throw invalidArgument("WatchSender.sameChannel", "other", "a WatchSender", other);
    }
    return this.state === other.state;
  }

  /** Gives this sender up. When the last one is, the channel has ended: receivers get what they have not seen, then an error. */
  [Symbol.dispose](): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    unwatchSender(this);
    this.state.dropSender();
  }

  /** @internal */
  pollClosed(wait: Closed, cx: Context): boolean {
    const { state } = this;
    const waiter = wait.waiter as Waiter | null;
    if (waiter === null) this.check("closed");
    else if (waiter.state > 0) {
      waiter.watch(wait, cx.waker);
      return false;
    }
    wait.waiter = null;
    if (state.receivers === 0) return true;
    const next = new Waiter(1, cx.waker);
    wait.waiter = next;
    state.closing.push(next);
    return false;
  }

  /** @internal */
  stopWaiting(wait: Closed): void {
    const waiter = wait.waiter as Waiter;
    wait.waiter = null;
    if (waiter.state > 0) {
      this.state.closing.remove(waiter);
      waiter.state = 0;
    }
    waiter.waker = null;
  }

  /** For what touches the value. */
  private open(method: string): State<T> {
    this.check(method);
    this.state.check(`WatchSender.${method}`);
    return this.state;
  }

  private check(method: string): void {
    if (this.isDisposed) throw new DisposedError(`WatchSender.${method}`, "disposed");
  }
}

/** Lets a function of the program have the value. What it leaves is the value, also if it throws. */
function run<T>(state: State<T>, method: string, modify: (ref: WatchRef<T>) => unknown): unknown {
  const where = `WatchSender.${method}`;
  checkFunction(where, "modify", modify);
  const ref = new WatchRef(state.value);
  state.isModified = true;
  let result: unknown;
  try {
    result = modify(ref);
  } finally {
    state.isModified = false;
    state.value = ref.end();
  }
  checkResult(where, "modify", modify, result);
  return result;
}
