/*
 * Futures that are under way at the same time.
 *
 * An item of the source is a future; it gets a lane, and an Entry in which its outcome is kept until it is asked for. `n` is the most entries there are.
 *
 *   under way   the future is in its lane of `branches`                            fill -> pollLanes
 *   done        value or error in the entry, the lane free                         pollLanes -> pollNext
 *
 * An error item of the source is an entry that is done from the start. Entries are delivered in the order of the items by Buffered, in the order they
 * were done by BufferUnordered. Everything is in the stream: a next() that is dropped loses nothing.
 */
import type { Context } from "../../future/context.js";
import type { AwaitEdge, Future } from "../../future/future.js";
import { type IntoFuture, intoFuture } from "../../future/into-future.js";
import { Pending, type Poll } from "../../future/poll.js";
import { Branches } from "../../macros/branches.js";
import { integer } from "../../sync/integer.js";
import { Ring } from "../../sync/mpsc/ring.js";
import type { Cancellable } from "../cancel.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";
import { Composite } from "./composite.js";
import { Fuse } from "./fuse.js";

class Entry {
  done = false;
  failed = false;
  outcome: unknown = undefined;

  settle(failed: boolean, outcome: unknown): void {
    this.done = true;
    this.failed = failed;
    this.outcome = outcome;
  }
}

/** @internal */
abstract class Lanes<R> extends Composite<R> {
  private readonly source: Fuse<IntoFuture<R>>;
  private readonly n: number;
  private readonly branches: Branches;
  private readonly lanes: (Entry | undefined)[];
  private readonly free: number[];
  private readonly where: string;
  /** Entries to deliver, in order: those that have come, or those that are done. */
  protected readonly queue: Ring<Entry>;
  /** The one to deliver next, out of the queue already. */
  private front: Entry | null;
  /** How many entries are not delivered. */
  private count: number;
  private isDry: boolean;

  constructor(source: Stream<IntoFuture<R>>, n: number, where: string) {
    super();
    integer(where, "n", n, 1);
    this.source = new Fuse(source);
    this.rt ??= source.rt;
    this.n = n;
    this.branches = new Branches([], n);
    this.lanes = [];
    this.free = [];
    this.where = where;
    this.queue = new Ring();
    this.front = null;
    this.count = 0;
    this.isDry = false;
  }

  /** An item has come. */
  protected abstract arrived(entry: Entry): void;

  /** An entry is done. */
  protected abstract finished(entry: Entry): void;

  pollNext(cx: Context): Poll<R | Done> {
    this.fill(cx);
    this.pollLanes(cx);
    const entry = this.front ?? (this.queue.length > 0 ? this.queue.shift() : null);
    if (entry === null) return this.isDry && this.count === 0 ? Done : Pending;
    if (!entry.done) {
      this.front = entry;
      return Pending;
    }
    this.front = null;
    this.count--;
    if (entry.failed) throw entry.outcome;
    return entry.outcome as R;
  }

  private fill(cx: Context): void {
    while (!this.isDry && this.count < this.n) {
      const entry = new Entry();
      let future: Future<unknown>;
      try {
        const item = this.source.pollNext(cx);
        if (item === Pending) return;
        if (item === Done) {
          this.isDry = true;
          return;
        }
        future = intoFuture(item as IntoFuture<R>, this.where);
      } catch (error) {
        this.add(entry);
        entry.settle(true, error);
        this.finished(entry);
        continue;
      }
      this.add(entry);
      const lane = this.free.pop() ?? this.lanes.length;
      this.lanes[lane] = entry;
      this.branches.put(lane, future);
    }
  }

  private add(entry: Entry): void {
    this.count++;
    this.arrived(entry);
  }

  private pollLanes(cx: Context): void {
    const { branches } = this;
    branches.begin(cx, 0);
    for (let polled = 0; ; polled++) {
      const lane = branches.next(polled);
      if (lane < 0) return;
      const entry = this.lanes[lane];
      if (entry === undefined) continue;
      try {
        const value = branches.poll(lane, cx);
        if (value === Pending) continue;
        entry.settle(false, value);
      } catch (error) {
        entry.settle(true, error);
      }
      branches.take(lane);
      this.lanes[lane] = undefined;
      this.free.push(lane);
      this.finished(entry);
    }
  }

  protected parts(): (Cancellable | null)[] {
    return [new LanesEnd(this.branches), this.source];
  }

  override stopWaiting(): void {
    this.source.stopWaiting();
  }

  override describe(): string {
    return `${this.source.describe()}.${this.where.slice("Stream.".length)} (${this.branches.left} under way)`;
  }

  override *awaits(): Iterable<AwaitEdge> {
    for (const future of this.branches.futures) if (future !== undefined) yield { label: undefined, future };
    if (!this.isDry) yield* this.source.awaits();
  }
}

/** The cancellation of all that is under way. */
class LanesEnd implements Cancellable {
  private readonly branches: Branches;

  constructor(branches: Branches) {
    this.branches = branches;
  }

  pollCancel(cx: Context): Poll<void> {
    const { branches } = this;
    if (branches.pollCancelAll(cx) === Pending) return Pending;
    if (branches.failed) throw branches.error;
    return undefined;
  }

  forceCancel(): void {
    this.branches.forceCancelAll();
  }

  describe(): string {
    return "futures under way";
  }

  awaits(): Iterable<AwaitEdge> {
    return [];
  }
}

/** @internal */
export class Buffered<R> extends Lanes<R> {
  constructor(source: Stream<IntoFuture<R>>, n: number) {
    super(source, n, "Stream.buffered");
  }

  protected arrived(entry: Entry): void {
    this.queue.push(entry);
  }

  protected finished(): void {}
}

/** @internal */
export class BufferUnordered<R> extends Lanes<R> {
  constructor(source: Stream<IntoFuture<R>>, n: number) {
    super(source, n, "Stream.bufferUnordered");
  }

  protected arrived(): void {}

  protected finished(entry: Entry): void {
    this.queue.push(entry);
  }
}
