import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { integer } from "../../sync/integer.js";
import { type Duration, toMillis } from "../../time/duration.js";
import { type Sleep, sleepFor } from "../../time/sleep.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";
import { Fuse } from "./fuse.js";
import { restart, Timed } from "./timed.js";

/**
 * Items in batches. Made by {@link Stream.chunksTimeout}.
 *
 * The batch that is being filled is kept in the stream: a `next()` that is dropped loses none of it.
 *
 * @example
 * ```ts
 * import { main, select, sleep } from "toki";
 * import { mpsc } from "toki/sync";
 * import { stream } from "toki/stream";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<number>(8);
 *   const batches = stream(rx).chunksTimeout(10, 1000);
 *   tx.trySend(1);
 *   tx.trySend(2);
 *   yield* select({ batch: batches.next(), stop: sleep(5) });
 *   console.log(batches.intoRemainder()); // [ 1, 2 ]
 * });
 * ```
 */
export class ChunksTimeout<T> extends Timed<T, T[]> {
  private readonly size: number;
  private readonly ms: number;
  private delay: Sleep | null;
  private items: T[];
  /** An error item that ended a batch, and comes after it. */
  private failed: boolean;
  private error: unknown;

  /** @internal */
  constructor(source: Stream<T>, size: number, duration: Duration) {
    super(new Fuse(source));
    integer("Stream.chunksTimeout", "size", size, 1);
    this.size = size;
    this.ms = toMillis(duration, "Stream.chunksTimeout", "duration");
    this.delay = null;
    this.items = [];
    this.failed = false;
    this.error = undefined;
  }

  /**
   * Drops the stream, and gives the items of the batch that was being filled.
   *
   * @throws an error item that was to come next, if there is one: the batch is empty then
   */
  intoRemainder(): T[] {
    const { items } = this;
    this.items = [];
    this[Symbol.dispose]();
    if (this.failed) this.fail();
    return items;
  }

  pollNext(cx: Context): Poll<T[] | Done> {
    if (this.failed) this.fail();
    const { source, items } = this;
    // Made before an item is taken: where there are no timers, none is lost.
    const delay = (this.delay ??= sleepFor(0, "Stream.chunksTimeout"));
    for (;;) {
      let item: Poll<T | Done>;
      try {
        item = source.pollNext(cx);
      } catch (error) {
        if (items.length === 0) throw error;
        this.failed = true;
        this.error = error;
        return this.flush(delay);
      }
      if (item === Pending) break;
      if (item === Done) return items.length === 0 ? Done : this.flush(delay);
      if (items.length === 0) restart(delay, this.ms);
      items.push(item as T);
      if (items.length >= this.size) return this.flush(delay);
    }
    if (items.length === 0 || delay.poll(cx) === Pending) return Pending;
    return this.flush(delay);
  }

  private flush(delay: Sleep): T[] {
    const { items } = this;
    this.items = [];
    delay[Symbol.dispose]();
    return items;
  }

  private fail(): never {
    const { error } = this;
    this.failed = false;
    this.error = undefined;
    throw error;
  }

  protected stopTimer(): void {
    this.delay?.[Symbol.dispose]();
  }

  protected get method(): string {
    return "chunksTimeout";
  }
}
