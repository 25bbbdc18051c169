import type { Context } from "../../future/context.js";
import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { keepShape } from "../../internal/keep-shape.js";
import { DisposedError } from "../error.js";
import { Waiter } from "../waiter-queue.js";
import { Changed, type ChangeFuture, forget, type Look, WaitFor } from "./change-future.js";
import { WatchRecvError } from "./error.js";
import { checkFunction } from "./modify.js";
import { CHANGED, GIVEN_UP, State, UNSEEN } from "./state.js";
import { valuesOf } from "./values.js";

/**
 * The receiving half of a {@link watch} channel: sees the latest value, and waits for a newer one. Values that were replaced before anybody looked are
 * not seen.
 *
 * It remembers which version it has seen. Tasks that wait for themselves need a receiver each: {@link WatchReceiver.clone}, or
 * {@link WatchSender.subscribe}. Dispose it when it is not needed any more: senders can tell whether anybody listens.
 *
 * @example
 * ```ts
 * import { main, spawn } from "toki";
 * import { watch } from "toki/sync";
 *
 * await main(function* () {
 *   const [sender, rx] = watch("one");
 *   spawn(function* () {
 *     using tx = sender;
 *     tx.send("two");
 *     tx.send("three");
 *   });
 *   yield* rx.changed();
 *   console.log(rx.borrowAndUpdate()); // three
 * });
 * ```
 */
export class WatchReceiver<T> implements Disposable, AsyncIterable<T> {
  /** @internal */
  readonly state: State<T>;
  private seen: number;
  private isDisposed: boolean;
  /** Those in the queue that wait for this receiver. */
  private readonly waits: ChangeFuture<unknown>[];

  /** @internal */
  constructor(state: State<T>, seen: number) {
    this.state = state;
    this.seen = seen;
    this.isDisposed = false;
    this.waits = [];
    state.receivers++;
  }

  /**
   * Waits until there is a value that this receiver has not seen, and marks it as seen. Ready at once if there is one already. However many were sent
   * meanwhile, that is one change: read the latest with {@link WatchReceiver.borrowAndUpdate}.
   *
   * **Cancel safety**: safe; a dropped `changed` has marked nothing as seen.
   *
   * @throws WatchRecvError if all senders were disposed and the last value has been seen
   * @throws DisposedError if the receiver was disposed, before or while waiting
   *
   * @example
   * ```ts
   * import { main, spawn } from "toki";
   * import { watch } from "toki/sync";
   *
   * await main(function* () {
   *   const [tx, rx] = watch(0);
   *   spawn(function* () {
   *     tx.send(1);
   *   });
   *   yield* rx.changed();
   *   console.log(rx.borrow()); // 1
   * });
   * ```
   */
  changed(): Future<void> {
    this.check("changed");
    return new Changed(this);
  }

  /**
   * Waits for a value that `predicate` accepts, and marks it as seen. The first to be tested is the one there is now, whether it was seen or not.
   *
   * **Cancel safety**: safe; what was tested counts as seen.
   *
   * @param predicate - called with each value that is found; what it throws is thrown here
   * @returns the value
   * @throws WatchRecvError if all senders were disposed, and the last value is none that is accepted
   * @throws DisposedError if the receiver was disposed, before or while waiting
   * @throws InvalidArgumentError if `predicate` is not a synchronous function
   *
   * @example
   * ```ts
   * import { main, spawn } from "toki";
   * import { watch } from "toki/sync";
   *
   * await main(function* () {
   *   const [tx, rx] = watch<"starting" | "ready">("starting");
   *   spawn(function* () {
   *     tx.send("ready");
   *   });
   *   console.log(yield* rx.waitFor((state) => state === "ready")); // ready
   * });
   * ```
   */
  waitFor<S extends T>(predicate: (value: T) => value is S): Future<S>;
  waitFor(predicate: (value: T) => boolean): Future<T>;
  waitFor(predicate: (value: T) => boolean): Future<T> {
    this.check("waitFor");
    checkFunction("WatchReceiver.waitFor", "predicate", predicate);
    return new WaitFor<T>(this, predicate as (value: unknown) => boolean);
  }

  /**
   * The latest value. Does not mark it as seen: `changed` will report it still. In a loop over changes use {@link WatchReceiver.borrowAndUpdate}.
   *
   * @throws DisposedError if the receiver was disposed
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   */
  borrow(): T {
    this.check("borrow");
    this.state.check("WatchReceiver.borrow");
    return this.state.value;
  }

  /**
   * The latest value, which is marked as seen.
   *
   * @throws DisposedError if the receiver was disposed
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   */
  borrowAndUpdate(): T {
    return this.see("borrowAndUpdate");
  }

  /**
   * Whether there is a value that this receiver has not seen.
   *
   * @throws WatchRecvError if all senders were disposed, even if the last value was not seen
   * @throws DisposedError if the receiver was disposed
   */
  hasChanged(): boolean {
    this.check("hasChanged");
    const { state } = this;
    if (state.senders === 0) throw new WatchRecvError();
    return this.seen !== state.version;
  }

  /**
   * Makes this receiver, and no other, report the value it has as a change.
   *
   * @throws DisposedError if the receiver was disposed
   *
   * @example
   * ```ts
   * import { watch } from "toki/sync";
   *
   * const [, rx] = watch("initial");
   * rx.markChanged();
   * console.log(rx.hasChanged()); // true: a loop over changes begins with the initial value
   * ```
   */
  markChanged(): void {
    this.check("markChanged");
    this.seen = UNSEEN;
    this.tell(CHANGED);
  }

  /**
   * Marks the latest value as seen without looking at it.
   *
   * @throws DisposedError if the receiver was disposed
   */
  markUnchanged(): void {
    this.check("markUnchanged");
    this.seen = this.state.version;
  }

  /**
   * Another receiver of the same channel, which has seen what this one has.
   *
   * @throws DisposedError if the receiver was disposed
   */
  clone(): WatchReceiver<T> {
    this.check("clone");
    return new WatchReceiver(this.state, this.seen);
  }

  /** Whether `other` receives from the same channel. */
  sameChannel(other: WatchReceiver<T>): boolean {
    if (!(other instanceof WatchReceiver)) {
      throw invalidArgument("WatchReceiver.sameChannel", "other", "a WatchReceiver", other);
    }
    return this.state === other.state;
  }

  /**
   * Values for plain async code: `for await (const value of rx)`. The first is the one there is when the loop begins, seen or not; then each that is new when
   * the loop comes back. Ends when all senders were disposed; leaving the loop early leaves the receiver as it is.
   *
   * Under `rt.enter()` the loop drives that runtime while it waits. Otherwise something else has to drive the runtime of the senders.
   *
   * @example
   * ```ts
   * import { Runtime, sleep } from "toki";
   * import { watch } from "toki/sync";
   *
   * const rt = new Runtime();
   * const [sender, rx] = watch("starting");
   * const done = rt.run(function* () {
   *   using tx = sender;
   *   yield* sleep(5);
   *   tx.send("ready");
   * });
   * for await (const state of rx) console.log(state); // starting, ready
   * await done;
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    this.check("for await");
    return valuesOf<T>(this);
  }

  /** Gives the receiver up. What waits for it fails; when the last receiver is given up the channel is closed, until a sender makes another. */
  [Symbol.dispose](): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.tell(GIVEN_UP);
    this.state.dropReceiver();
  }

  /** @internal */
  pollChange(wait: ChangeFuture<unknown>, cx: Context): Look {
    this.check("changed");
    const { state } = this;
    const waiter = wait.waiter as Waiter | null;
    let told = GIVEN_UP;
    if (waiter !== null) {
      if (waiter.state > 0) {
        waiter.watch(wait, cx.waker);
        return "waiting";
      }
      told = waiter.state;
      forget(this.waits, wait);
    }
    if (told === CHANGED || this.seen !== state.version) {
      this.seen = state.version;
      return "changed";
    }
    if (state.senders === 0) return "ended";
    const next = new Waiter(1, cx.waker);
    wait.waiter = next;
    this.waits.push(wait);
    state.changing.push(next);
    state.onWait();
    return "waiting";
  }

  /** @internal */
  stopWaiting(wait: ChangeFuture<unknown>): void {
    const waiter = wait.waiter as Waiter;
    if (waiter.state > 0) {
      this.state.changing.remove(waiter);
      waiter.state = GIVEN_UP;
    }
    waiter.waker = null;
    forget(this.waits, wait);
  }

  /** @internal */
  see(method: string): T {
    this.check(method);
    const { state } = this;
    state.check(`WatchReceiver.${method}`);
    this.seen = state.version;
    return state.value;
  }

  /** @internal */
  summary(): string {
    const { senders } = this.state;
    const news = this.seen === this.state.version ? "no change" : "changed";
    return `${news}, ${senders === 1 ? "1 sender" : `${senders} senders`}`;
  }

  /** Tells what waits for this receiver. */
  private tell(how: number): void {
    const told: Waiter[] = [];
    for (const wait of this.waits) {
      const waiter = wait.waiter as Waiter;
      if (waiter.state <= 0) continue;
      this.state.changing.remove(waiter);
      waiter.state = how;
      told.push(waiter);
    }
    for (const waiter of told) waiter.wake();
  }

  private check(method: string): void {
    if (this.isDisposed) throw new DisposedError(`WatchReceiver.${method}`, "disposed");
  }
}

keepShape(new WatchReceiver(new State(undefined), 0));
