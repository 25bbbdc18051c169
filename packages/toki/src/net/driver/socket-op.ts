/*
 * What reads and writes have in common. An operation is FRESH until it parks, PARKED while it holds the reader or writer slot of its connection, and OVER
 * once it gave its result, failed or was dropped:
 *
 *   FRESH -> OVER              ready at the first poll
 *   FRESH -> PARKED -> OVER    parked, then ready, failed or dropped
 *   PARKED -> FRESH            dropped: it may be polled again, from the start
 *   OVER -> FRESH              given out anew, where its connection keeps it for that
 *
 * While parked it keeps the process alive through the runtime that polled it.
 */
import type { Context } from "../../future/context.js";
import { current } from "../../future/current.js";
import { Future } from "../../future/future.js";
import { MisuseError, polledAfterCompletion } from "../../future/misuse.js";
import { Pending } from "../../future/poll.js";
import { rejectSharing } from "../../future/sharing.js";
import type { Waker } from "../../future/waker.js";
import type { RuntimeCore } from "../../runtime/core.js";
import type { Connection, Parked } from "./connection.js";

const FRESH = 0;
const PARKED = 1;
const OVER = 2;

/** @internal */
export abstract class SocketOp<T> extends Future<T> implements Parked {
  protected readonly connection: Connection;
  protected state: number;
  private waker: Waker | null;
  private held: RuntimeCore | null;

  constructor(connection: Connection) {
    super();
    this.connection = connection;
    this.state = FRESH;
    this.waker = null;
    this.held = null;
  }

  /** What was asked for, as the caller wrote it. */
  protected abstract readonly what: string;

  /** Puts this operation, or nothing, into its slot. */
  protected abstract occupy(op: Parked | null): void;

  /** Refuses a poll after the end, and a second operation beside one that is parked. */
  protected check(occupant: Parked | null): void {
    if (this.state === OVER) throw polledAfterCompletion(this.what);
    if (occupant !== null && occupant !== this) throw inUse(this.what);
  }

  protected park(cx: Context): Pending {
    const { waker } = cx;
    if (this.waker !== null && this.waker !== waker) rejectSharing(this as Future<unknown>, this.waker, waker);
    this.waker = waker;
    if (this.state === FRESH) {
      this.state = PARKED;
      this.occupy(this);
      this.held = current.runtime;
      if (this.held !== null) this.held.hold();
    }
    return Pending;
  }

  /** Makes an operation that is over a fresh one. False if it is not over. */
  protected revive(): boolean {
    if (this.state !== OVER) return false;
    this.state = FRESH;
    return true;
  }

  /** Leaves the slot for good. */
  protected end(): void {
    if (this.state === PARKED) this.leave();
    this.state = OVER;
  }

  private leave(): void {
    this.occupy(null);
    this.waker = null;
    if (this.held !== null) {
      this.held.release();
      this.held = null;
    }
  }

  /** @internal */
  notify(): void {
    if (this.waker === null) return;
    if (this.held !== null) this.held.io.ready++;
    this.waker.wake();
  }

  override [Symbol.dispose](): void {
    if (this.state !== PARKED) return;
    this.leave();
    this.state = FRESH;
  }

  override describe(): string {
    const peer = this.connection.peerAddr();
    return peer === null ? this.what : `${this.what} (peer ${peer})`;
  }
}

function inUse(what: string): MisuseError {
  return new MisuseError(
    "TOKI_FUTURE_IN_USE",
    `${what}: another task is waiting in the same direction of this stream; one at a time reads, and one writes`,
  );
}
