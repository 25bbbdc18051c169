/*
 * A future that is polled with another runtime entered than that of its task.
 *
 *   IDLE      not polled
 *   VISITING  pending: the other runtime is driven, or its timers and tasks would stand still
 *   over      `stop` is null again: the future is done, or was dropped
 */
import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { dropStarted } from "../future/drop.js";
import { type AwaitEdge, Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import type { RuntimeCore } from "./core.js";

/** @internal */
export class Wrapped<T> extends Future<T> {
  private readonly rt: RuntimeCore;
  private readonly inner: Future<T>;
  private stop: (() => void) | null = null;

  constructor(rt: RuntimeCore, inner: Future<T>) {
    super();
    this.rt = rt;
    this.inner = inner;
  }

  poll(cx: Context): Poll<T> {
    return this.entered(() => this.inner.poll(cx));
  }

  override pollCancel(cx: Context): Poll<void> {
    return this.entered(() => this.inner.pollCancel(cx));
  }

  override forceCancel(): void {
    this.entered(() => this.inner.forceCancel());
  }

  // As a whole: cleanup that awaits goes on in the other runtime, which stays driven.
  override [Symbol.dispose](): void {
    dropStarted(this as Future<unknown>);
  }

  private entered<R>(step: () => Poll<R>): Poll<R> {
    const { rt } = this;
    const { runtime } = current;
    current.runtime = rt;
    let value: Poll<R>;
    try {
      value = step();
    } catch (error) {
      this.leave();
      throw error;
    } finally {
      current.runtime = runtime;
    }
    if (value !== Pending) this.leave();
    else if (rt !== runtime && !rt.isClosed) {
      if (this.stop === null) this.stop = rt.visit();
      // It may be idle, and what has just registered a timer there is not one of its tasks: it looks at its timers anew.
      else rt.executor.request();
    }
    return value;
  }

  private leave(): void {
    const { stop } = this;
    this.stop = null;
    stop?.();
  }

  override get isShielded(): boolean {
    return this.inner.isShielded;
  }

  override describe(): string {
    const { name } = this.rt.options;
    return `wrap (runtime ${name === undefined ? this.rt.id : `"${name}"`})`;
  }

  override awaits(): Iterable<AwaitEdge> {
    return [{ label: undefined, future: this.inner as Future<unknown> }];
  }
}
