/*
 * A watch channel for plain async code: the value it has, then each version that is new when the loop asks. In boxes, since a value may be undefined, which
 * means the end to the iterator underneath.
 */
import { driveAsyncIterator } from "../../future/async-iterable.js";
import type { Context } from "../../future/context.js";
import { current } from "../../future/current.js";
import { Pending, type Poll } from "../../future/poll.js";
import { ChangeFuture, OVER, type Watching } from "./change-future.js";

interface Box {
  readonly value: unknown;
}

class NextValue extends ChangeFuture<Box | undefined> {
  private readonly isFirst: boolean;

  constructor(rx: Watching<unknown>, isFirst: boolean) {
    super(rx);
    this.isFirst = isFirst;
  }

  protected get what(): string {
    return "next value";
  }

  protected look(cx: Context): Poll<Box | undefined> {
    const found = this.isFirst ? "changed" : this.rx.pollChange(this as ChangeFuture<unknown>, cx);
    if (found === "waiting") return Pending;
    this.state = OVER;
    return found === "ended" ? undefined : { value: this.rx.see("for await") };
  }
}

class Values<T> implements AsyncIterableIterator<T, undefined, void> {
  private readonly boxes: AsyncIterableIterator<Box, undefined, void>;

  constructor(rx: Watching<unknown>) {
    let isFirst = true;
    const next = () => {
      const future = new NextValue(rx, isFirst);
      isFirst = false;
      return future;
    };
    this.boxes = driveAsyncIterator<Box>(current.runtime, next, undefined);
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    const { value } = await this.boxes.next();
    return value === undefined ? { done: true, value } : { done: false, value: value.value as T };
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    await this.boxes.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** The values of a channel, as its receiver sees them. @internal */
export function valuesOf<T>(rx: Watching<T>): AsyncIterableIterator<T> {
  return new Values<T>(rx);
}
