import type { Context } from "../../future/context.js";
import { pollingContext, resultOf } from "../../future/future.js";
import { Pending, type Poll, type Suspend } from "../../future/poll.js";
import { IoError } from "../../io/io-error.js";
import { proceed, refund } from "../../task/coop.js";
import type { Connection, Parked } from "./connection.js";
import { SocketOp } from "./socket-op.js";

/*
 * The operations that wait for the kernel to take bytes. Every one waits first for what an earlier one left under way, so that one piece at a time is outside of
 * the kernel: a peer that does not read stops the writer after that.
 */
abstract class WriteOp<T> extends SocketOp<T> {
  protected occupy(op: Parked | null): void {
    this.connection.writer = op;
  }

  protected fail(error: unknown): never {
    this.end();
    throw IoError.from(error, this.what);
  }
}

/** The most one `write` takes: it makes a copy, which may have to wait for the kernel. */
const PIECE = 64 * 1024;

/** @internal */
export class WriteAll extends WriteOp<void> {
  private readonly bytes: Uint8Array;
  private isSubmitted: boolean;

  constructor(connection: Connection, bytes: Uint8Array) {
    super(connection);
    this.bytes = bytes;
    this.isSubmitted = false;
  }

  protected get what(): string {
    return "TcpStream.writeAll";
  }

  poll(cx: Context): Poll<void> {
    const { connection } = this;
    this.check(connection.writer);
    if (!proceed(cx)) return Pending;
    if (!this.isSubmitted) {
      const fault = connection.sendFault(this.what);
      if (fault !== null) this.fail(fault);
      if (connection.isSending) {
        refund();
        return this.park(cx);
      }
      this.isSubmitted = true;
      if (this.bytes.length === 0 || connection.submit(this.bytes, false)) {
        this.end();
        return undefined;
      }
    }
    if (connection.failure !== null) this.fail(connection.failure);
    if (!connection.isSending) {
      this.end();
      return undefined;
    }
    if (connection.socket.destroyed) this.fail(connection.sendFault(this.what));
    refund();
    return this.park(cx);
  }

  override next(): IteratorResult<Suspend, void> {
    return resultOf(this, this.poll(pollingContext(this)));
  }
}

/** @internal */
export class Write extends WriteOp<number> {
  private readonly bytes: Uint8Array;

  constructor(connection: Connection, bytes: Uint8Array) {
    super(connection);
    this.bytes = bytes;
  }

  protected get what(): string {
    return "TcpStream.write";
  }

  poll(cx: Context): Poll<number> {
    const { connection } = this;
    this.check(connection.writer);
    if (!proceed(cx)) return Pending;
    const fault = connection.sendFault(this.what);
    if (fault !== null) this.fail(fault);
    if (connection.isSending) {
      refund();
      return this.park(cx);
    }
    this.end();
    return writeNow(connection, this.what, this.bytes);
  }

  override next(): IteratorResult<Suspend, number> {
    return resultOf(this, this.poll(pollingContext(this)));
  }
}

/** Submits a copy of one piece: the caller may change its bytes as soon as it has the count. */
function writeNow(connection: Connection, what: string, bytes: Uint8Array): number {
  const count = Math.min(bytes.length, PIECE);
  if (count > 0 && !connection.submit(Buffer.from(bytes.subarray(0, count)), true) && connection.failure !== null) {
    throw IoError.from(connection.failure, what);
  }
  return count;
}

/** Writes one piece if nothing is under way. @internal */
export function tryWrite(connection: Connection, what: string, bytes: Uint8Array): number {
  const fault = connection.sendFault(what);
  if (fault !== null) throw fault;
  if (connection.isSending) {
    throw new IoError("wouldBlock", `${what}: the kernel has not taken the bytes before these`, {
      code: "EAGAIN",
      syscall: "write",
    });
  }
  return writeNow(connection, what, bytes);
}

/** Ready when nothing is under way, or nothing can be sent any more. @internal */
export class Writable extends WriteOp<void> {
  protected get what(): string {
    return "TcpStream.writable";
  }

  poll(cx: Context): Poll<void> {
    const { connection } = this;
    this.check(connection.writer);
    if (!proceed(cx)) return Pending;
    if (!connection.isSending || !connection.socket.writable) {
      this.end();
      return undefined;
    }
    refund();
    return this.park(cx);
  }
}

/** Ready when nothing is under way. @internal */
export class Flush extends WriteOp<void> {
  protected get what(): string {
    return "TcpStream.flush";
  }

  poll(cx: Context): Poll<void> {
    const { connection } = this;
    this.check(connection.writer);
    if (!proceed(cx)) return Pending;
    if (connection.isSending && !connection.socket.destroyed) {
      refund();
      return this.park(cx);
    }
    if (connection.failure !== null) this.fail(connection.failure);
    this.end();
    return undefined;
  }
}

/** Ready when our FIN has gone out. @internal */
export class Shutdown extends WriteOp<void> {
  protected get what(): string {
    return "TcpStream.shutdown";
  }

  poll(cx: Context): Poll<void> {
    const { connection } = this;
    this.check(connection.writer);
    if (!proceed(cx)) return Pending;
    if (connection.finish()) {
      this.end();
      return undefined;
    }
    refund();
    return this.park(cx);
  }
}
