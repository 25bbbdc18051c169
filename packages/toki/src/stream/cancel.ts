import type { Context } from "../future/context.js";
import { dropStarted } from "../future/drop.js";
import { type AwaitEdge, Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { suppressed } from "../future/suppressed-error.js";

/** What has cleanup that may await: a stream, or a future. @internal */
export interface Cancellable {
  pollCancel(cx: Context): Poll<void>;
  forceCancel(): void;
  describe(): string;
  awaits(): Iterable<AwaitEdge>;
}

/** The cancellation of a stream, as a future. Once it has begun it goes on to its end, whoever drops it. @internal */
export class Cancel extends Future<void> {
  private readonly what: Cancellable;
  private started: boolean;

  constructor(what: Cancellable, started: boolean) {
    super();
    this.what = what;
    this.started = started;
  }

  poll(cx: Context): Poll<void> {
    this.started = true;
    return this.what.pollCancel(cx);
  }

  override pollCancel(cx: Context): Poll<void> {
    return this.started ? this.what.pollCancel(cx) : undefined;
  }

  override forceCancel(): void {
    if (this.started) this.what.forceCancel();
  }

  override [Symbol.dispose](): void {
    if (this.started) dropStarted(this as Future<unknown>);
  }

  override describe(): string {
    return `cancel of ${this.what.describe()}`;
  }

  override awaits(): Iterable<AwaitEdge> {
    return this.what.awaits();
  }
}

/**
 * Drops a stream whose cleanup may await, from synchronous code: it begins at once and goes on as a task, or is cut short where there is no runtime.
 *
 * @internal
 */
export function dropStream(stream: Cancellable): void {
  dropStarted(new Cancel(stream, true) as Future<unknown>);
}

/**
 * Several cancellations at the same time; not Pending once all have ended. Those that have are taken out of `parts`.
 *
 * @internal
 */
export class CancelAll {
  private readonly parts: (Cancellable | null)[];
  private failed = false;
  private error: unknown = undefined;

  constructor(parts: (Cancellable | null)[]) {
    this.parts = parts;
  }

  /** @throws what the cleanup threw: the first error, with the later ones attached */
  poll(cx: Context): Poll<void> {
    const { parts } = this;
    let isPending = false;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      if (part === null || part === undefined) continue;
      try {
        if (part.pollCancel(cx) === Pending) {
          isPending = true;
          continue;
        }
      } catch (error) {
        this.error = this.failed ? suppressed(error, this.error) : error;
        this.failed = true;
      }
      parts[i] = null;
    }
    if (isPending) return Pending;
    if (!this.failed) return undefined;
    this.failed = false;
    throw this.error;
  }

  /** Cuts short what has not ended. */
  force(): void {
    const { parts } = this;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      parts[i] = null;
      part?.forceCancel();
    }
  }
}
