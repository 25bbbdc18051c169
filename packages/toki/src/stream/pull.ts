/*
 * Futures that take items out of a stream and leave the rest of it alone: `next()`, and what else may be dropped without dropping the stream.
 *
 * Who waits is written in the stream, `waiting`: the pull whose latest poll was pending, with the waker it came with.
 *
 *   waiting === null   nobody waits: whoever polls may
 *   waiting === pull   until a poll of it finds an item or the end, or it is dropped. Then the stream is told that nobody wants to be woken
 *
 * Another pull may take its place with the same waker, that is in the same task; one of another task is refused before the source is asked, or it
 * would take the item, and the waker's place, of the one that waits. So is a task that makes something of the stream meanwhile (`refuseWaited`). What waits
 * through an adapter or a loan is written in that one alone, and not seen by who asks the source.
 *
 * The stream keeps one Next that is idle and hands it out with the next next(); see sync/mpsc/recv.ts for the same.
 */
import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { type AwaitEdge, Future, pollingContext, resultOf } from "../future/future.js";
import { futureInUse, polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../future/poll.js";
import { rejectSharing } from "../future/sharing.js";
import type { Waker } from "../future/waker.js";
import { Done } from "./done.js";
import type { Stream } from "./stream.js";

/** A future of something that is found by taking items out of a stream. @internal */
export abstract class Pull<T, R> extends Future<R> {
  protected readonly stream: Stream<T>;
  /** Whom to wake, while this is what waits. */
  waker: Waker | null;

  constructor(stream: Stream<T>) {
    super();
    this.stream = stream;
    this.waker = null;
  }

  /** Takes an item. */
  protected pull(cx: Context): Poll<T | Done> {
    const { stream } = this;
    if (stream.waiting !== null) this.takeOver(cx);
    const item = stream.pollNext(cx);
    if (item === Pending) this.wait(cx);
    return item;
  }

  /** Nobody is waiting from here on, unless {@link Pull.wait} follows. @throws MisuseError if another task waits */
  protected takeOver(cx: Context): void {
    const { stream } = this;
    const waiting = stream.waiting;
    if (waiting === null) return;
    const held = waiting.waker as Waker;
    if (held !== cx.waker) {
      if (waiting !== this) throw futureInUse(`the next item of ${stream.describe()}`);
      rejectSharing(this as Future<unknown>, held, cx.waker);
    }
    waiting.waker = null;
    stream.waiting = null;
  }

  protected wait(cx: Context): void {
    this.waker = cx.waker;
    this.stream.waiting = this as Pull<T, unknown>;
  }

  override [Symbol.dispose](): void {
    const { stream } = this;
    if (stream.waiting !== this) return;
    this.waker = null;
    stream.waiting = null;
    stream.stopWaiting();
  }

  override describe(): string {
    return `next of ${this.stream.describe()}`;
  }

  override awaits(): Iterable<AwaitEdge> {
    return this.stream.awaits();
  }
}

/** @internal */
export class Next<T> extends Pull<T, T | undefined> {
  idle: boolean;

  constructor(stream: Stream<T>) {
    super(stream);
    this.idle = false;
  }

  poll(cx: Context): Poll<T | undefined> {
    if (this.idle) throw polledAfterCompletion(this.describe());
    const { stream } = this;
    if (stream.waiting !== null) this.takeOver(cx);
    let item: Poll<T | Done>;
    try {
      item = stream.pollNext(cx);
    } catch (error) {
      this.goHome();
      throw error;
    }
    if (item === Pending) {
      this.wait(cx);
      return Pending;
    }
    this.goHome();
    return item === Done ? undefined : (item as T);
  }

  override next(): IteratorResult<Suspend, T | undefined> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override [Symbol.dispose](): void {
    if (this.idle) return;
    super[Symbol.dispose]();
    this.goHome();
  }

  private goHome(): void {
    this.idle = true;
    this.stream.idleNext = this;
  }
}

/** What {@link refuseWaited} looks at in a stream of any items. */
interface WaitedFor {
  readonly waiting: { readonly waker: Waker | null } | null;
  describe(): string;
}

/** Before a stream is handed over or lent. @throws MisuseError if another task waits for its next item @internal */
export function refuseWaited(stream: WaitedFor): void {
  const owner = stream.waiting?.waker?.owner;
  if (owner === undefined || owner === null || owner === current.task || owner.isComplete) return;
  throw futureInUse(`the next item of ${stream.describe()}`);
}

/** The next item in a box: for items that may be undefined. @internal */
export class NextBoxed<T> extends Pull<T, { readonly item: T } | undefined> {
  poll(cx: Context): Poll<{ readonly item: T } | undefined> {
    const item = this.pull(cx);
    if (item === Pending) return Pending;
    return item === Done ? undefined : { item: item as T };
  }
}
