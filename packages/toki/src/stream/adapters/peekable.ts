/*
 * EMPTY   nothing was looked at
 * ITEM    `held` is the next item, FAILED: the next error item; from the poll of a peek that found it to the next pollNext
 *
 * What a peek has found is in the stream, not in the future: a peek that is dropped loses nothing.
 */
import type { Context } from "../../future/context.js";
import type { Future } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import { Adapter } from "../adapter.js";
import { Done } from "../done.js";
import { Pull } from "../pull.js";
import type { Stream } from "../stream.js";
import { Fuse } from "./fuse.js";

const EMPTY = 0;
const ITEM = 1;
const FAILED = 2;

class Peek<T> extends Pull<T, T | undefined> {
  private over = false;

  poll(cx: Context): Poll<T | undefined> {
    if (this.over) throw polledAfterCompletion(this.describe());
    this.takeOver(cx);
    this.over = true;
    const item = (this.stream as Peekable<T>).pollPeek(cx);
    if (item === Pending) {
      this.over = false;
      this.wait(cx);
      return Pending;
    }
    return item === Done ? undefined : (item as T);
  }

  override describe(): string {
    return `peek of ${this.stream.describe()}`;
  }
}

/**
 * A stream whose next item can be looked at. Made by {@link Stream.peekable}.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { fromIter } from "toki/stream";
 *
 * await main(function* () {
 *   const numbers = fromIter([1, 2]).peekable();
 *   console.log(yield* numbers.peek(), yield* numbers.peek()); // 1 1
 *   console.log(yield* numbers.next(), yield* numbers.next()); // 1 2
 * });
 * ```
 */
export class Peekable<T> extends Adapter<T, T> {
  private state: number;
  private held: unknown;

  /** @internal */
  constructor(source: Stream<T>) {
    super(new Fuse(source));
    this.state = EMPTY;
    this.held = undefined;
  }

  /**
   * Waits for the next item and leaves it where it is. An object can be changed in place: `next()` gives the same one.
   *
   * **Cancel safety**: safe; an item that was looked at is still the next.
   *
   * @returns the item; undefined at the end
   * @throws an error item, which stays as well: `next()` throws it again; MisuseError if another task waits for the next item
   */
  peek(): Future<T | undefined> {
    return new Peek(this);
  }

  /**
   * {@link Peekable.peek} for futures written by hand.
   *
   * @returns the item, {@link Done} at the end, or `Pending`
   */
  pollPeek(cx: Context): Poll<T | Done> {
    if (this.state === EMPTY) {
      try {
        const item = this.source.pollNext(cx);
        if (item === Pending || item === Done) return item;
        this.held = item;
        this.state = ITEM;
      } catch (error) {
        this.held = error;
        this.state = FAILED;
      }
    }
    if (this.state === FAILED) throw this.held;
    return this.held as T;
  }

  pollNext(cx: Context): Poll<T | Done> {
    const { state, held } = this;
    if (state === EMPTY) return this.source.pollNext(cx);
    this.state = EMPTY;
    this.held = undefined;
    if (state === FAILED) throw held;
    return held as T;
  }

  protected get method(): string {
    return "peekable";
  }
}
