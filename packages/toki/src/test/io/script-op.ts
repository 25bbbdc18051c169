/*
 * A read or a write of a mock. FRESH until it has to wait, WAITING while it holds the reader's or the writer's place, OVER once it gave its result or failed. Dropped while
 * it waits, it gives the place back and can be polled again.
 */
import type { Context } from "../../future/context.js";
import { Future } from "../../future/future.js";
import { MisuseError, polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import { rejectSharing } from "../../future/sharing.js";
import type { Waker } from "../../future/waker.js";
import { IoError } from "../../io/io-error.js";
import { type Sleep, sleepUntil } from "../../time/sleep.js";
import { LATER, type Script, type Waiting } from "./script.js";

const FRESH = 0;
const WAITING = 1;
const OVER = 2;

/** @internal */
export abstract class ScriptOp extends Future<number> implements Waiting {
  waker: Waker | null = null;
  protected readonly script: Script;
  protected readonly buffer: Uint8Array;
  private state = FRESH;
  private sleep: Sleep | null = null;

  constructor(script: Script, buffer: Uint8Array) {
    super();
    this.script = script;
    this.buffer = buffer;
  }

  protected abstract readonly what: string;

  /** Whose place this operation takes. */
  protected abstract occupant: Waiting | null;

  /** Does it, or answers LATER. */
  protected abstract attempt(): number;

  poll(cx: Context): Poll<number> {
    if (this.state === OVER) throw polledAfterCompletion(this.what);
    if (this.occupant !== null && this.occupant !== this) throw inUse(this.what);
    const count = this.pollScript(cx);
    if (count === Pending) return Pending;
    this.leave();
    this.state = OVER;
    return count;
  }

  private pollScript(cx: Context): Poll<number> {
    const { script } = this;
    try {
      if (script.isGone) throw new IoError("notConnected", `${this.what}: ${script.name} was disposed`);
      for (;;) {
        const count = this.buffer.length === 0 ? 0 : this.attempt();
        if (count !== LATER) return count;
        this.wait(cx);
        if (script.until === null) return Pending;
        this.sleep ??= sleepUntil(script.until);
        if (this.sleep.poll(cx) === Pending) return Pending;
        this.sleep = null;
      }
    } catch (error) {
      this.leave();
      this.state = OVER;
      throw error;
    }
  }

  private wait(cx: Context): void {
    if (this.waker !== null && this.waker !== cx.waker) rejectSharing(this as Future<unknown>, this.waker, cx.waker);
    this.waker = cx.waker;
    this.state = WAITING;
    this.occupant = this;
  }

  private leave(): void {
    if (this.state !== WAITING) return;
    this.state = FRESH;
    this.occupant = null;
    this.waker = null;
    this.sleep?.[Symbol.dispose]();
    this.sleep = null;
  }

  override [Symbol.dispose](): void {
    this.leave();
  }

  override describe(): string {
    const { script } = this;
    return `${this.what} (${script.name}, ${script.length} ${script.length === 1 ? "step" : "steps"} left)`;
  }
}

/** @internal */
export class ScriptRead extends ScriptOp {
  protected get what(): string {
    return "Mock.read";
  }

  protected get occupant(): Waiting | null {
    return this.script.reader;
  }

  protected set occupant(waiting: Waiting | null) {
    this.script.reader = waiting;
  }

  protected attempt(): number {
    return this.script.read(this.buffer);
  }
}

/** @internal */
export class ScriptWrite extends ScriptOp {
  protected get what(): string {
    return "Mock.write";
  }

  protected get occupant(): Waiting | null {
    return this.script.writer;
  }

  protected set occupant(waiting: Waiting | null) {
    this.script.writer = waiting;
  }

  protected attempt(): number {
    return this.script.write(this.buffer);
  }
}

function inUse(what: string): MisuseError {
  return new MisuseError(
    "TOKI_FUTURE_IN_USE",
    `${what}: another task is waiting in the same direction of this mock; one at a time reads, and one writes`,
  );
}
