import type { Context } from "../../future/context.js";
import type { Future } from "../../future/future.js";
import { Pending, type Poll } from "../../future/poll.js";
import type { Chan } from "../../sync/mpsc/chan.js";
import { Done } from "../done.js";
import type { Sink } from "../sink.js";
import type { QueueReceiver } from "../stream-source.js";
import { FutureStream } from "./future-stream.js";

/** What the receivers of `toki/sync` have besides; in shared memory a look at the queue costs as much as a receive. */
interface LocalReceiver<T> {
  readonly chan?: Chan<T>;
  pollRecv(cx: Context): Poll<T | undefined>;
}

/** Messages of an mpsc channel, which cannot be undefined. @internal */
export class ReceiverStream<T> extends FutureStream<T | undefined, T> {
  private readonly rx: QueueReceiver<T> & LocalReceiver<T>;
  private readonly chan: Chan<T> | undefined;

  constructor(rx: QueueReceiver<T>) {
    super();
    this.rx = rx as QueueReceiver<T> & LocalReceiver<T>;
    this.chan = this.rx.chan;
  }

  protected pull(): Future<T | undefined> {
    return this.rx.recv();
  }

  protected itemOf(value: T | undefined): T | Done {
    return value === undefined ? Done : value;
  }

  // As that of the base, with calls that the engine can bind.
  override pollNext(cx: Context): Poll<T | Done> {
    if (this.isOver) return Done;
    let message: Poll<T | undefined>;
    try {
      this.future ??= this.rx.recv();
      message = this.future.poll(cx);
    } catch (error) {
      this.future = null;
      throw error;
    }
    if (message === Pending) return Pending;
    this.future = null;
    return message === undefined ? Done : message;
  }

  override pollInto(cx: Context, sink: Sink<T>): Poll<Done | undefined> {
    const { chan } = this;
    for (;;) {
      // What is queued needs no future: a pollRecv that finds a message, or no budget, registers nothing.
      const isQueued = chan !== undefined && chan.messages.length > 0 && this.future === null && !this.isOver;
      const message = isQueued ? (this.rx.pollRecv(cx) as Poll<T>) : this.pollNext(cx);
      if (message === Pending || message === Done) return message as Pending | Done;
      if (!sink.put(message as T)) return undefined;
    }
  }

  protected release(): void {
    this.rx[Symbol.dispose]();
  }

  override describe(): string {
    return "receiver";
  }
}
