/*
 * A stream written as a body that emits.
 *
 * An Emit, which is what `emit(item)` gives:
 *
 *   NEW        not polled
 *   OFFERED    in `offered`, with its item                                  its first poll
 *   TAKEN      the item was delivered: its next poll is ready               pollNext
 *   OVER       ready, or dropped. Dropped while OFFERED, its item is gone; as is one that the body's cleanup emits, or shields
 *
 * pollNext delivers what is offered; if nothing is, it polls the body, which goes on behind its latest emit, and looks again. So the body runs
 * only while somebody asks for an item, and is one item ahead of nobody.
 *
 * An emit that is polled by another task than the one that asks wakes that one (`waker`), and is woken when its item is taken; the body itself needs no wake, it
 * is polled when the next item is asked for, unless it waits in a combinator with wakers of its own.
 */
import { type BodyOf, bindBody, checkBody } from "../../future/bound-body.js";
import type { Context } from "../../future/context.js";
import { Future } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import { adoptWaker } from "../../future/sharing.js";
import type { Waker } from "../../future/waker.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";
import { BodyStream } from "./body-stream.js";

const NEW = 0;
const OFFERED = 1;
const TAKEN = 2;
const OVER = 3;

/** Gives an item to whoever reads the stream of {@link generate}, and is ready when the next one is asked for. */
export type Emitter<T> = (item: T) => Future<void>;

class Emit<T> extends Future<void> {
  state: number;
  item: T;
  waker: Waker | undefined;
  private readonly stream: Generated<T>;

  constructor(stream: Generated<T>, item: T) {
    super();
    this.state = NEW;
    this.item = item;
    this.waker = undefined;
    this.stream = stream;
  }

  poll(cx: Context): Poll<void> {
    const { state } = this;
    if (state === OVER) throw polledAfterCompletion("emit");
    if (state === TAKEN) {
      this.state = OVER;
      return undefined;
    }
    if (this.stream.isUnwinding) {
      this[Symbol.dispose]();
      return undefined;
    }
    this.waker = adoptWaker(this as Future<unknown>, this.waker, cx.waker);
    if (state === NEW) {
      this.state = OFFERED;
      this.stream.offer(this);
    }
    return Pending;
  }

  override [Symbol.dispose](): void {
    if (this.state === OFFERED) this.stream.withdraw(this);
    this.state = OVER;
  }

  override describe(): string {
    return "emit";
  }
}

class Generated<T> extends BodyStream<T, unknown> {
  private readonly body: BodyOf<Emitter<T>, unknown>;
  private readonly offered: Emit<T>[];
  /** Whom to wake for an emit that comes from elsewhere; null while the body is being polled. */
  private waker: Waker | null;
  /** The body's cleanup is being polled: nobody will ask for an item any more. */
  isUnwinding: boolean;

  constructor(body: BodyOf<Emitter<T>, unknown>) {
    super();
    this.body = body;
    this.offered = [];
    this.waker = null;
    this.isUnwinding = false;
  }

  override pollCancel(cx: Context): Poll<void> {
    this.isUnwinding = true;
    try {
      return super.pollCancel(cx);
    } finally {
      this.isUnwinding = false;
    }
  }

  pollNext(cx: Context): Poll<T | Done> {
    this.waker = null;
    if (this.offered.length === 0 && !this.isOver) this.run(cx);
    const emit = this.offered.shift();
    if (emit !== undefined) return this.deliver(emit, cx);
    if (this.isOver) return Done;
    this.waker = cx.waker;
    return Pending;
  }

  private run(cx: Context): void {
    try {
      this.future ??= bindBody(this.body, (item: T): Future<void> => new Emit(this, item), "generate");
      if (this.future.poll(cx) === Pending) return;
    } catch (error) {
      this.isOver = true;
      this.future = null;
      throw error;
    }
    this.isOver = true;
    this.future = null;
  }

  private deliver(emit: Emit<T>, cx: Context): T {
    const { item, waker } = emit;
    emit.state = TAKEN;
    emit.item = undefined as T;
    if (waker !== cx.waker) waker?.wake();
    return item;
  }

  offer(emit: Emit<T>): void {
    this.offered.push(emit);
    const { waker } = this;
    this.waker = null;
    waker?.wake();
  }

  withdraw(emit: Emit<T>): void {
    const at = this.offered.indexOf(emit);
    if (at >= 0) this.offered.splice(at, 1);
  }

  override stopWaiting(): void {
    this.waker = null;
  }

  override describe(): string {
    return `generate ${this.body.name}`.trimEnd();
  }
}

/**
 * A stream written as a body: `yield* emit(item)` gives an item, and everything else a body can await goes in between. The `stream!` macro of the
 * `async-stream` crate.
 *
 * The body begins when the first item is asked for, and goes on behind an `emit` when the next one is. What it throws is an error item, after which the
 * stream has ended. When the stream is dropped the body is cancelled at the await it is suspended on, and its cleanup is awaited; what
 * that emits is gone.
 *
 * @param body - gets `emit`; a `function*`, or a function that returns a future
 * @throws MisuseError if `body` is not a function
 *
 * @example
 * ```ts
 * import { main, sleep } from "toki";
 * import { generate } from "toki/stream";
 *
 * const countdown = generate<number>(function* (emit) {
 *   for (let n = 3; n > 0; n--) {
 *     yield* emit(n);
 *     yield* sleep(1);
 *   }
 * });
 * await main(function* () {
 *   console.log(yield* countdown.collect()); // [ 3, 2, 1 ]
 * });
 * ```
 */
export function generate<T>(body: BodyOf<Emitter<T>, unknown>): Stream<T> {
  checkBody(body, "generate");
  return new Generated(body);
}
