/*
 * The frame driver: how a call tree of `fn` bodies runs, suspends and resumes.
 *
 * A frame is one generator of one `fn` call. `yield* child()` does not delegate natively: the child future hands itself to the driver, which
 * keeps the frames of a task as an explicit stack (a list linked from the innermost frame outwards). A resume therefore touches the innermost
 * generator alone, at any depth, and cancellation can unwind one frame at a time with cleanup that awaits (unwind.ts).
 *
 * Running natively first. Pushing a frame only to pop it when the child turns out to be ready would double the price of a call, so `next()`
 * of a fresh child runs its generator at once, nested on the native stack, up to MAX_NATIVE_DEPTH. Only when something inside suspends do the
 * nested frames return to the driver, innermost first, each linking itself to the one before:
 *
 *   leaf.next           current.leaf = leaf, current.inner = null         -> SUSPENDED
 *   innermost.next      current.inner = current.outer = innermost         -> SUSPENDED
 *   its caller's next   current.outer.link = caller, current.outer = it   -> SUSPENDED
 *   driver              current.outer.link = the frame it had resumed; current.inner is the new innermost frame
 *
 * At MAX_NATIVE_DEPTH the child does not start: it hands itself over with `current.leaf = null`, and the driver starts it from its own loop,
 * which is what makes a call chain of any length run in bounded native stack.
 *
 * States of an FnFuture, and who moves it (one thread, so "who" means "which code path"):
 *
 *   FRESH      created, not started. Of a portable fn: `gen` is null, and `slot` the arguments, until it starts or is sent to another thread
 *   NATIVE     running nested on the native stack             next()
 *   FRAMED     on some root's frame stack, not done           next(), when it suspends or is too deep
 *   DONE       finished under the driver; `slot` is the iterator result its parent will read
 *   FAILED     threw under the driver; `slot` is the error its parent will read
 *   ROOT       has a frame stack of its own because something calls poll() on it (a task, a combinator); `link` is its innermost frame,
 *              `slot` the leaf that frame waits for
 *   UNWINDING  a ROOT being cancelled; `slot` is the Unwind record
 *   CONSUMED   value delivered, or cancelled: the end
 *   OWNED      as FRESH, and given to a task: nobody else may await it             spawn, run
 *   OWNED_ROOT as ROOT, of a task
 *
 *   FRESH -> NATIVE -> CONSUMED                    ready at once
 *   FRESH -> NATIVE -> FRAMED -> DONE -> CONSUMED  suspended, then finished; FAILED likewise
 *   FRESH -> ROOT -> CONSUMED | UNWINDING -> CONSUMED
 *   FRESH -> CONSUMED                              dropped, or sent away: takeArguments()
 *   FRESH -> OWNED -> OWNED_ROOT -> CONSUMED | UNWINDING -> CONSUMED
 */

import { keepShape } from "../internal/keep-shape.js";
import type { PortableFn } from "../portable/portable-fn.js";
import type { Task } from "../runtime/task/task.js";
import type { Context } from "./context.js";
import { current } from "./current.js";
import { dropStarted } from "./drop.js";
import { describeSite, type FnInfo } from "./fn-info.js";
import { type AwaitEdge, Future } from "./future.js";
import { bareYield, explainNotIterable, futureInUse, outsideRuntime, polledAfterCompletion } from "./misuse.js";
import { Pending, type Poll, SUSPENDED, type Suspend } from "./poll.js";
import { completeTrace, passThrough } from "./trace.js";
import { pollUnwind, Unwind } from "./unwind.js";
import { Waker } from "./waker.js";

/** A generator whose every `yield` is an await. */
export type Body<T> = Generator<Suspend, T, unknown>;

const FRESH = 0;
const NATIVE = 1;
const FRAMED = 2;
const DONE = 3;
const FAILED = 4;
const ROOT = 5;
const UNWINDING = 6;
const CONSUMED = 7;
const OWNED = 8;
const OWNED_ROOT = 9;

/**
 * How deep frames nest natively before the driver takes over. A native level costs a few hundred bytes of stack; the limit leaves room for
 * combinators that nest polls of their own.
 *
 * @internal
 */
export const MAX_NATIVE_DEPTH = 48;

/** The future of one call of an `fn`. @internal */
export class FnFuture<T> extends Future<T> {
  gen: Body<T> | null;
  info: FnInfo;
  state: number;
  link: FnFuture<unknown> | null;
  slot: unknown;

  constructor(gen: Body<T> | null, info: FnInfo) {
    super();
    this.gen = gen;
    this.info = info;
    this.state = FRESH;
    this.link = null;
    this.slot = undefined;
  }

  override next(): IteratorResult<Suspend, T> {
    const state = this.state;
    if (state === FRESH) {
      if (current.cx === null) throw outsideRuntime(this);
      if (current.depth >= MAX_NATIVE_DEPTH) {
        this.state = FRAMED;
        if (this.gen === null) this.instantiate();
        current.leaf = null;
        current.inner = this as FnFuture<unknown>;
        current.outer = this as FnFuture<unknown>;
        return SUSPENDED;
      }
      return this.startNatively();
    }
    if (state === DONE) {
      const result = this.slot as IteratorResult<Suspend, T>;
      this.state = CONSUMED;
      this.slot = undefined;
      return result;
    }
    if (state === FAILED) {
      const error = this.slot;
      this.state = CONSUMED;
      this.slot = undefined;
      throw error;
    }
    // A root that was polled by hand before (lent to a select, say) is awaited like a leaf.
    if (state === ROOT) return super.next();
    throw this.alreadyUsed();
  }

  private startNatively(): IteratorResult<Suspend, T> {
    this.state = NATIVE;
    const gen = this.gen ?? this.instantiate();
    current.depth++;
    let result: IteratorResult<Suspend, T>;
    try {
      result = gen.next();
      while (result !== SUSPENDED && result.done !== true) result = gen.throw(bareYield(result.value));
    } catch (error) {
      explainNotIterable(error);
      passThrough(error, this.info);
      current.depth--;
      this.state = CONSUMED;
      this.gen = null;
      throw error;
    }
    current.depth--;
    if (result === SUSPENDED) {
      this.state = FRAMED;
      if (current.inner === null) current.inner = this as FnFuture<unknown>;
      else (current.outer as FnFuture<unknown>).link = this as FnFuture<unknown>;
      current.outer = this as FnFuture<unknown>;
      return result;
    }
    this.state = CONSUMED;
    this.gen = null;
    return result;
  }

  /** Makes the generator of a portable fn, as the last step before it runs: the state says already that it does. */
  private instantiate(): Body<T> {
    const args = this.slot as readonly unknown[];
    this.slot = undefined;
    try {
      const gen = (this.info as PortableFn).instantiate(args) as Body<T>;
      this.gen = gen;
      return gen;
    } catch (error) {
      this.finish(); // the default value of a parameter threw
      throw error;
    }
  }

  /** The portable fn that this is a call of, while the call can be sent to another thread instead of being driven on this one. @internal */
  get portable(): PortableFn | null {
    return this.state === FRESH && this.gen === null ? (this.info as PortableFn) : null;
  }

  override asPortable(): FnFuture<T> | null {
    return this.portable === null ? null : this;
  }

  override sentAway(): void {
    this.takeArguments();
  }

  /** Ends the future here, because another thread runs the call. @throws MisuseError unless `portable` @internal */
  takeArguments(): readonly unknown[] {
    if (this.portable === null) throw this.alreadyUsed();
    const args = this.slot as readonly unknown[];
    this.finish();
    return args;
  }

  poll(cx: Context): Poll<T> {
    const { state } = this;
    let frame = state === OWNED_ROOT || state === ROOT ? this.link : this.becomeRoot();
    // Running, or polled by somebody else than the task that owns it.
    if (frame === null || (state === OWNED_ROOT && !this.isOwnedBy(cx))) throw futureInUse(this.describe());
    this.link = null; // running: a poll from inside, of a future that awaits itself, finds no frame
    const outerCx = current.cx;
    const depth = current.depth;
    const nesting = current.nesting;
    current.nesting = nesting + 1;
    if (cx !== outerCx) current.cx = cx;
    for (;;) {
      let result: IteratorResult<Suspend, unknown>;
      try {
        const gen = frame.gen as Body<unknown>;
        result = gen.next();
        while (result !== SUSPENDED && result.done !== true) result = gen.throw(bareYield(result.value));
      } catch (error) {
        explainNotIterable(error);
        current.depth = depth;
        frame.gen = null;
        completeTrace(error, frame);
        if (frame === (this as FnFuture<unknown>)) {
          this.finish();
          if (cx !== outerCx) current.cx = outerCx;
          current.nesting = nesting;
          throw error;
        }
        frame = frame.settle(FAILED, error);
        continue;
      }
      if (result === SUSPENDED) {
        const inner = current.inner;
        if (inner !== null) {
          (current.outer as FnFuture<unknown>).link = frame;
          frame = inner;
        }
        if (current.leaf === null) continue; // too deep to start natively: start it from here
        this.link = frame;
        this.slot = current.leaf;
        if (cx !== outerCx) current.cx = outerCx;
        current.nesting = nesting;
        return Pending;
      }
      frame.gen = null;
      if (frame === (this as FnFuture<unknown>)) {
        this.finish();
        if (cx !== outerCx) current.cx = outerCx;
        current.nesting = nesting;
        return (result as IteratorReturnResult<T>).value;
      }
      frame = frame.settle(DONE, result);
    }
  }

  private alreadyUsed(): Error {
    return this.state === CONSUMED ? polledAfterCompletion(this.describe()) : futureInUse(this.describe());
  }

  /** Ends a frame that ran under the driver and gives the frame that awaits it. @internal */
  settle(state: number, slot: unknown): FnFuture<unknown> {
    const parent = this.link as FnFuture<unknown>;
    this.state = state;
    this.slot = slot;
    this.gen = null;
    this.link = null;
    return parent;
  }

  override claim(): void {
    const { state } = this;
    if (state === FRESH) this.state = OWNED;
    else if (state === ROOT) this.state = OWNED_ROOT;
    else throw this.alreadyUsed();
  }

  /** Whether a poll with `cx` is one of the task that has the future. */
  private isOwnedBy(cx: Context): boolean {
    // Nearly always the task itself polls, which is its own context.
    return (cx as Partial<Task<T>>).slot === this || cx.waker.owner?.slot === this;
  }

  override unclaim(): void {
    if (this.state === OWNED) this.state = FRESH;
    else if (this.state === OWNED_ROOT) this.state = ROOT;
  }

  private becomeRoot(): FnFuture<unknown> {
    const { state } = this;
    if (state !== FRESH && state !== OWNED) {
      throw this.alreadyUsed();
    }
    this.state = state === FRESH ? ROOT : OWNED_ROOT;
    if (this.gen === null) this.instantiate();
    return this as FnFuture<unknown>;
  }

  /** @internal */
  finish(): void {
    this.state = CONSUMED;
    this.gen = null;
    this.link = null;
    this.slot = undefined;
  }

  override pollCancel(cx: Context): Poll<void> {
    switch (this.state) {
      case FRESH:
      case OWNED:
        this.finish(); // never ran: nothing to clean up
        return undefined;
      case CONSUMED:
        return undefined;
      case OWNED_ROOT:
        // Whoever else drops it only loses interest.
        if (!this.isOwnedBy(cx)) return undefined;
        this.beginUnwind();
        return pollUnwind(this as FnFuture<unknown>, cx);
      case ROOT:
        if (this.isShielded) return this.pollShielded(cx);
        this.beginUnwind();
        return pollUnwind(this as FnFuture<unknown>, cx);
      case UNWINDING:
        if ((this.slot as Unwind).isOwned && !this.isOwnedBy(cx)) return undefined;
        return pollUnwind(this as FnFuture<unknown>, cx);
      default:
        throw futureInUse(this.describe());
    }
  }

  private beginUnwind(): void {
    const { leaf, link } = this;
    if (link === null) throw futureInUse(this.describe()); // running: it cannot be taken apart from inside
    const isOwned = this.state === OWNED_ROOT;
    this.state = UNWINDING;
    this.slot = new Unwind(link, leaf, isOwned);
  }

  /** Whether `poll` has run and the future is neither done nor cancelled. @internal */
  get isStarted(): boolean {
    return this.state === ROOT || this.state === OWNED_ROOT || this.state === UNWINDING;
  }

  /** Goes on as if nothing had been, up to an await outside of a shield; what it comes to is dropped. */
  private pollShielded(cx: Context): Poll<void> {
    if (this.poll(cx) !== Pending) return undefined;
    return this.isShielded ? Pending : this.pollCancel(cx);
  }

  override get isShielded(): boolean {
    return this.state !== UNWINDING && this.leaf?.isShielded === true;
  }

  override forceCancel(): void {
    if (!this.isStarted) {
      if (this.state === FRESH || this.state === OWNED) this.finish();
      return;
    }
    if (this.state !== UNWINDING) this.beginUnwind();
    (this.slot as Unwind).forced = true;
    pollUnwind(this as FnFuture<unknown>, current.cx ?? Waker.noop);
  }

  /** Drops the future: its cleanup runs, and goes on as a task if it awaits. Does nothing to one that a task owns. */
  override [Symbol.dispose](): void {
    if (this.state === FRESH) this.finish();
    else if (this.state === ROOT && this.link === null) throw futureInUse(this.describe());
    else if (this.state === ROOT) dropStarted(this as Future<unknown>);
    else if (this.state === UNWINDING) {
      const { isOwned, isRunning } = this.slot as Unwind;
      if (!isOwned && !isRunning) dropStarted(this as Future<unknown>);
    }
  }

  /** What the innermost frame of a suspended root waits for. @internal */
  get leaf(): Future<unknown> | undefined {
    if (this.state === ROOT || this.state === OWNED_ROOT) return this.slot as Future<unknown> | undefined;
    return this.state === UNWINDING ? (this.slot as Unwind).leaf : undefined;
  }

  override describe(): string {
    return this.info.name || `fn${describeSite(this.info)}`;
  }

  override *awaits(): Iterable<AwaitEdge> {
    const { leaf } = this;
    if (leaf !== undefined) yield { label: undefined, future: leaf };
  }

  /** The frames of a suspended root, outermost first; of what is not suspended, itself. @internal */
  frames(): FnFuture<unknown>[] {
    const self = this as FnFuture<unknown>;
    const frames: FnFuture<unknown>[] = [];
    if (this.isStarted) {
      for (let frame = this.link; frame !== null; frame = frame === self ? null : frame.link) frames.push(frame);
    }
    return frames.length === 0 ? [self] : frames.reverse();
  }
}

export { DONE, FAILED };

keepShape(new FnFuture((function* () {})(), { name: "" }));
