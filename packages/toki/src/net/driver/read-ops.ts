import type { Context } from "../../future/context.js";
import { pollingContext, resultOf } from "../../future/future.js";
import { Pending, type Poll, type Suspend } from "../../future/poll.js";
import { IoError } from "../../io/io-error.js";
import { proceed, refund } from "../../task/coop.js";
import type { Connection, Parked } from "./connection.js";
import { SocketOp } from "./socket-op.js";

/*
 * The operations that wait for bytes. Each looks at the queue first, then at why there will be no more; only then does it wait. Nothing leaves the queue before
 * the poll that returns it.
 */
abstract class ReadOp<T> extends SocketOp<T> {
  protected occupy(op: Parked | null): void {
    this.connection.reader = op;
  }

  /** Whether the answer is there: bytes, or (false) the end. Pending has parked; a broken connection throws. */
  protected pollInput(cx: Context): Poll<boolean> {
    const { connection } = this;
    this.check(connection.reader);
    if (!proceed(cx)) return Pending;
    if (connection.queued > 0) {
      this.end();
      return true;
    }
    if (connection.isClosed) {
      this.end();
      throw new IoError("notConnected", `${this.what}: the stream was closed`, { code: "ENOTCONN", syscall: "read" });
    }
    if (connection.ended) {
      this.end();
      return false;
    }
    if (connection.error !== null) {
      this.end();
      throw IoError.from(connection.error, this.what);
    }
    refund();
    connection.startReading();
    return this.park(cx);
  }
}

/** @internal */
export class ReadChunk extends ReadOp<Uint8Array | undefined> {
  /** A read of `connection` that was not polled yet. */
  static on(connection: Connection): ReadChunk {
    const spare = connection.spareRead;
    if (spare?.revive()) return spare;
    const made = new ReadChunk(connection);
    connection.spareRead = made;
    return made;
  }

  protected get what(): string {
    return "TcpStream.readChunk";
  }

  poll(cx: Context): Poll<Uint8Array | undefined> {
    const input = this.pollInput(cx);
    if (input === Pending) return Pending;
    return input ? this.connection.takeChunk() : undefined;
  }

  override next(): IteratorResult<Suspend, Uint8Array | undefined> {
    return resultOf(this, this.poll(pollingContext(this)));
  }
}

/** @internal */
export class Read extends ReadOp<number> {
  private readonly buffer: Uint8Array;

  constructor(connection: Connection, buffer: Uint8Array) {
    super(connection);
    this.buffer = buffer;
  }

  protected get what(): string {
    return "TcpStream.read";
  }

  poll(cx: Context): Poll<number> {
    if (this.buffer.length === 0) return 0;
    const input = this.pollInput(cx);
    if (input === Pending) return Pending;
    return input ? this.connection.takeInto(this.buffer) : 0;
  }

  override next(): IteratorResult<Suspend, number> {
    return resultOf(this, this.poll(pollingContext(this)));
  }
}

/** @internal */
export class Peek extends ReadOp<number> {
  private readonly buffer: Uint8Array;

  constructor(connection: Connection, buffer: Uint8Array) {
    super(connection);
    this.buffer = buffer;
  }

  protected get what(): string {
    return "TcpStream.peek";
  }

  poll(cx: Context): Poll<number> {
    if (this.buffer.length === 0) return 0;
    const input = this.pollInput(cx);
    if (input === Pending) return Pending;
    return input ? this.connection.peekInto(this.buffer) : 0;
  }
}

/** Ready when a read would not wait: bytes, the end, or an error. @internal */
export class Readable extends ReadOp<void> {
  protected get what(): string {
    return "TcpStream.readable";
  }

  poll(cx: Context): Poll<void> {
    const { connection } = this;
    this.check(connection.reader);
    if (!proceed(cx)) return Pending;
    if (connection.queued > 0 || connection.ended || connection.error !== null || connection.isClosed) {
      this.end();
      return undefined;
    }
    refund();
    connection.startReading();
    return this.park(cx);
  }
}

/** Reads what is queued, without waiting. @internal */
export function tryRead(connection: Connection, what: string, buffer: Uint8Array): number {
  if (buffer.length === 0) return 0;
  if (connection.queued > 0) return connection.takeInto(buffer);
  if (connection.isClosed) {
    throw new IoError("notConnected", `${what}: the stream was closed`, { code: "ENOTCONN", syscall: "read" });
  }
  if (connection.ended) return 0;
  if (connection.error !== null) throw IoError.from(connection.error, what);
  connection.startReading();
  throw new IoError("wouldBlock", `${what}: nothing has arrived yet`, { code: "EAGAIN", syscall: "read" });
}
