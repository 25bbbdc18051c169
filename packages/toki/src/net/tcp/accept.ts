import type { Context } from "../../future/context.js";
import { current } from "../../future/current.js";
import { Future, pollingContext, resultOf } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../../future/poll.js";
import { rejectSharing } from "../../future/sharing.js";
import type { Waker } from "../../future/waker.js";
import { IoError } from "../../io/io-error.js";
import type { RuntimeCore } from "../../runtime/core.js";
import { proceed, refund } from "../../task/coop.js";
import type { Acceptance, Acceptor } from "../driver/acceptor.js";
import { SocketAddr } from "../socket-addr.js";
import { TcpStream } from "./stream.js";

/** A connection that was reset while it waited has no peer address left. */
const UNKNOWN_PEER = new SocketAddr("0.0.0.0", 0);

/** Waits for a connection: its place in the FIFO of an {@link Acceptor}. @internal */
export class Accept extends Future<[stream: TcpStream, peer: SocketAddr]> implements Acceptance {
  before: Acceptance | null = null;
  after: Acceptance | null = null;
  isPromised = false;
  private readonly acceptor: Acceptor;
  private isParked = false;
  private isDone = false;
  private waker: Waker | null = null;
  private held: RuntimeCore | null = null;

  constructor(acceptor: Acceptor) {
    super();
    this.acceptor = acceptor;
  }

  poll(cx: Context): Poll<[TcpStream, SocketAddr]> {
    if (this.isDone) throw polledAfterCompletion("TcpListener.accept");
    const { acceptor } = this;
    if (!proceed(cx)) return Pending;
    if (acceptor.isClosed) {
      this.end();
      throw new IoError("notConnected", "TcpListener.accept: the listener was closed", {
        code: "EINVAL",
        syscall: "accept",
      });
    }
    if (!this.isParked || this.isPromised) {
      const arrival = acceptor.take(this);
      if (arrival !== undefined) {
        this.end();
        if (arrival instanceof IoError) throw arrival;
        return [new TcpStream(arrival), arrival.peerAddr() ?? UNKNOWN_PEER];
      }
    }
    refund();
    this.park(cx);
    return Pending;
  }

  override next(): IteratorResult<Suspend, [TcpStream, SocketAddr]> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  private park(cx: Context): void {
    const { waker } = cx;
    if (this.waker !== null && this.waker !== waker) rejectSharing(this as Future<unknown>, this.waker, waker);
    this.waker = waker;
    if (this.isParked) return;
    this.isParked = true;
    this.acceptor.wait(this);
    this.held = current.runtime;
    this.held?.hold();
  }

  /** The place in the FIFO was given up before: by the promise, or by the close. */
  private end(): void {
    this.isDone = true;
    this.isParked = false;
    this.waker = null;
    this.held?.release();
    this.held = null;
  }

  notify(): void {
    if (this.held !== null) this.held.io.ready++;
    this.waker?.wake();
  }

  override [Symbol.dispose](): void {
    if (!this.isParked) return;
    this.acceptor.forget(this);
    this.end();
    this.isDone = false;
  }

  override describe(): string {
    return `accept on ${this.acceptor.localAddr}`;
  }
}
