/*
 * A future that is polled with another runtime entered than that of its task.
 *
 *   IDLE      not polled
 *   VISITING  pending: the other runtime is driven, or its timers and tasks would stand still
 *   over      `stop` is null again: the future is done, or was dropped
 */
import { Around } from "../future/around.js";
import { current } from "../future/current.js";
import type { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import type { RuntimeCore } from "./core.js";

/** @internal */
export class Wrapped<T> extends Around<T> {
  private readonly rt: RuntimeCore;
  private stop: (() => void) | null = null;

  constructor(rt: RuntimeCore, inner: Future<T>) {
    super(inner);
    this.rt = rt;
  }

  protected around<R>(step: () => Poll<R>): Poll<R> {
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

  override describe(): string {
    const { name } = this.rt.options;
    return `wrap (runtime ${name === undefined ? this.rt.id : `"${name}"`})`;
  }
}
