/*
 * A handle of Node's that is being opened: a socket that connects, a server that begins to listen. It exists from the first poll; until the poll that gives
 * away what came of it, it belongs to this future, and a drop closes it.
 *
 *   nothing -> started                     first poll
 *   started -> opened | failed             the handle's events, which wake
 *   any -> done                            delivered, thrown or dropped
 */
import type { EventEmitter } from "node:events";
import type { Context } from "../../future/context.js";
import { Future } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import type { Waker } from "../../future/waker.js";
import { IoError } from "../../io/io-error.js";
import type { SocketAddr } from "../socket-addr.js";

/** @internal */
export abstract class Opening<H extends EventEmitter, T> extends Future<T> {
  protected readonly address: SocketAddr;
  private handle: H | null = null;
  private opened: T | null = null;
  private error: Error | null = null;
  private waker: Waker | null = null;
  private isDone = false;

  constructor(address: SocketAddr) {
    super();
    this.address = address;
  }

  /** Whose failure it is, for the error. */
  protected abstract get what(): string;

  /** Makes the handle. */
  protected abstract make(): H;

  /** Begins to open it; `onOpen` is called once it is. */
  protected abstract begin(handle: H, onOpen: (opened: T) => void): void;

  /** Closes what came of it. */
  protected abstract close(opened: T): void;

  /** Gives up a handle that is not open yet. */
  protected abstract abandon(handle: H): void;

  poll(cx: Context): Poll<T> {
    if (this.isDone) throw polledAfterCompletion(this.describe());
    this.waker = cx.waker;
    if (this.handle === null) this.start();
    if (this.error !== null) {
      this.isDone = true;
      throw IoError.from(this.error, `${this.what} ${this.address}`);
    }
    if (this.opened === null) return Pending;
    this.isDone = true;
    return this.opened;
  }

  private start(): void {
    const handle = this.make();
    this.handle = handle;
    const onError = (error: Error) => {
      this.error = error;
      this.waker?.wake();
    };
    handle.once("error", onError);
    this.begin(handle, (opened) => {
      handle.off("error", onError);
      this.opened = opened;
      this.waker?.wake();
    });
  }

  override [Symbol.dispose](): void {
    if (this.isDone) return;
    this.isDone = true;
    this.waker = null;
    if (this.opened !== null) this.close(this.opened);
    else if (this.handle !== null) {
      this.handle.on("error", () => {}); // nobody asks any more
      this.abandon(this.handle);
    }
  }
}
