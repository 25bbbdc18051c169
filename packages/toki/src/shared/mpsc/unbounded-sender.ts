import { registerCrossing } from "../../portable/codec/crossing.js";
import { SendError } from "../../sync/error.js";
import { sharing } from "../crossing.js";
import { IS_CLOSED } from "../permits.js";
import { addSender, addWeak, dropSender } from "../sender-counts.js";
import type { Share } from "../share.js";
import { dropValue, putValue } from "../values.js";
import { BaseSender } from "./base-sender.js";
import { deliver, kind } from "./chan.js";
import { WeakUnboundedSender } from "./weak-unbounded-sender.js";

/**
 * The sending half of a shared unbounded channel. Clone it for each producer, and dispose each clone.
 *
 * Threads: one that is sent to another thread is a clone for that thread; this thread keeps its own.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/shared";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.unboundedChannel<string>();
 *   {
 *     using sender = tx;
 *     sender.send("one");
 *     sender.send("two");
 *   }
 *   console.log(yield* rx.recv(), yield* rx.recv(), yield* rx.recv()); // one two undefined
 * });
 * ```
 */
export class UnboundedSender<T> extends BaseSender<T> {
  /**
   * Sends a copy, without waiting.
   *
   * @throws SendError with the value if the receiver was closed or disposed
   * @throws NotSendError if the value cannot be sent
   * @throws OutOfMemoryError if shared memory is full
   * @throws DisposedError if this sender was disposed
   * @throws InvalidArgumentError if `value` is undefined
   */
  send(value: T): void {
    const { thread, object, lock } = this.checkMessage("send", value);
    const message = putValue(thread, value, "UnboundedSender.send", "value", false);
    lock.lock();
    const isTaken = thread.memory.read(object + IS_CLOSED) === 0 && deliver(thread, object, message);
    thread.unlock(lock);
    if (isTaken) return;
    dropValue(thread, message);
    throw new SendError(value);
  }

  /** Another sender of the same channel; each has to be disposed. */
  clone(): UnboundedSender<T> {
    const share = this.open("clone");
    addSender(share.object);
    return new UnboundedSender(share.use());
  }

  /** A reference that does not keep the channel open. */
  downgrade(): WeakUnboundedSender<T> {
    const share = this.open("downgrade");
    addWeak(share.object);
    return new WeakUnboundedSender<T>(share.use(), makeSender as (share: Share) => UnboundedSender<T>);
  }
}

const makeSender = (share: Share) => new UnboundedSender(share);

/** @internal */
export const UNBOUNDED_SENDER = 18;

registerCrossing(
  UnboundedSender.prototype,
  sharing(kind, (share) => new UnboundedSender<unknown>(share), {
    as: UNBOUNDED_SENDER,
    onSend: addSender,
    onDrop: dropSender,
  }),
  import.meta.url,
);
