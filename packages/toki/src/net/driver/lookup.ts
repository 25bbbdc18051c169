import { type LookupAddress, lookup } from "node:dns";
import type { Context } from "../../future/context.js";
import { Future } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import type { Waker } from "../../future/waker.js";
import { IoError } from "../../io/io-error.js";
import { SocketAddr } from "../socket-addr.js";

const IDLE = 0;
const ASKED = 1;
const ANSWERED = 2;
const OVER = 3;

/**
 * Asks the operating system's resolver for every address of a name. IDLE -> ASKED at the first poll, -> ANSWERED by the resolver, -> OVER by the poll that
 * takes the answer, or by a drop: a request that runs cannot be recalled, its answer is then ignored.
 *
 * @internal
 */
export class Lookup extends Future<SocketAddr[]> {
  private readonly host: string;
  private readonly port: number;
  private state = IDLE;
  private waker: Waker | null = null;
  private error: Error | null = null;
  private found: readonly LookupAddress[] = [];

  constructor(host: string, port: number) {
    super();
    this.host = host;
    this.port = port;
  }

  poll(cx: Context): Poll<SocketAddr[]> {
    if (this.state === OVER) throw polledAfterCompletion(this.describe());
    if (this.state === ANSWERED) {
      this.state = OVER;
      if (this.error !== null) throw IoError.from(this.error, `Looking up ${this.host}`);
      return this.found.map((one) => new SocketAddr(one.address, this.port));
    }
    this.waker = cx.waker;
    if (this.state === IDLE) {
      this.state = ASKED;
      lookup(this.host, { all: true }, (error, found) => this.answer(error, found));
    }
    return Pending;
  }

  private answer(error: Error | null, found: readonly LookupAddress[]): void {
    if (this.state !== ASKED) return;
    this.state = ANSWERED;
    this.error = error;
    this.found = found;
    this.waker?.wake();
  }

  override [Symbol.dispose](): void {
    this.state = OVER;
    this.waker = null;
  }

  override describe(): string {
    return `lookup of ${this.host}`;
  }
}
