import assert from "node:assert/strict";
import { type Context, Pending, type Poll, type Waker } from "toki";
import { Done, Stream } from "toki/stream";

/** One step of a {@link Script}: an item, an error item, or a poll that finds nothing. */
export type Step<T> = { item: T } | { error: unknown } | "pending";

export const item = <T>(value: T): Step<T> => ({ item: value });
export const fault = (message: string): Step<never> => ({ error: new Error(message) });

/**
 * A source that does what it is told, and counts what is done with it. A pending step wakes at once (`wakes`) or when told; after the last step it is at its end,
 * unless it is open. Its cleanup takes as many polls as `cleanup` says. It fails the test if it is polled after its end or its drop.
 */
export class Script<T> extends Stream<T> {
  polls = 0;
  stops = 0;
  drops = 0;
  cancels = 0;
  ended = false;
  cleanup = 0;
  isOpen = false;
  wakes = true;
  waker: Waker | undefined;
  readonly steps: Step<T>[];

  constructor(steps: Iterable<Step<T>> = []) {
    super();
    this.steps = [...steps];
  }

  static of<T>(...items: T[]): Script<T> {
    return new Script(items.map(item));
  }

  /** A source that is given its items by hand. */
  static open<T>(): Script<T> {
    const script = new Script<T>();
    script.isOpen = true;
    return script;
  }

  give(...items: T[]): void {
    this.steps.push(...items.map(item));
    this.wake();
  }

  fail(message: string): void {
    this.steps.push(fault(message));
    this.wake();
  }

  end(): void {
    this.isOpen = false;
    this.wake();
  }

  wake(): void {
    const { waker } = this;
    this.waker = undefined;
    waker?.wake();
  }

  pollNext(cx: Context): Poll<T | typeof Done> {
    this.polls++;
    assert.equal(this.ended, false, "polled after its end");
    assert.equal(this.isDropped, false, "polled after it was dropped");
    const step = this.steps.shift();
    if (step === "pending" || (step === undefined && this.isOpen)) {
      this.waker = cx.waker;
      if (step === "pending" && this.wakes) this.wake();
      return Pending;
    }
    if (step === undefined) {
      this.ended = true;
      return Done;
    }
    if ("error" in step) throw step.error;
    return step.item;
  }

  get isDropped(): boolean {
    return this.drops > 0 || this.cancels > 0;
  }

  override stopWaiting(): void {
    this.stops++;
    this.waker = undefined;
  }

  override pollCancel(cx: Context): Poll<void> {
    this.cancels++;
    if (this.cleanup-- > 0) {
      cx.waker.wake();
      return Pending;
    }
    this.drops++;
  }

  override [Symbol.dispose](): void {
    this.drops++;
  }

  override describe(): string {
    return "script";
  }
}

/** What `poll` throws has this message. */
export function failsWith(poll: () => unknown, message: string): void {
  assert.throws(poll, { message });
}
