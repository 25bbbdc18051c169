import { WEAK as HELD_WEAK } from "../layout.js";
import type { Share } from "../share.js";
import { sharedThread } from "../thread.js";
import { STRONG, WEAK } from "./chan.js";
import { CountedSender } from "./counted-sender.js";

/** One more weak sender. @internal */
export function addWeak(object: number): void {
  sharedThread().memory.add(object + WEAK, 1);
}

/** One weak sender less. @internal */
export function dropWeak({ thread, object }: Share): void {
  thread.memory.sub(object + WEAK, 1);
}

/** What weak senders of bounded and unbounded channels have in common. */
export abstract class BaseWeakSender<S> extends CountedSender {
  /** @internal */
  readonly make: (share: Share) => S;

  /** @internal It is counted in the channel already. */
  constructor(share: Share, make: (share: Share) => S) {
    super(share);
    this.make = make;
    share.count(HELD_WEAK, 1);
  }

  /**
   * A new sender of the channel, to be disposed like any other; undefined once no sender is left on any thread.
   *
   * @throws DisposedError if this was disposed
   */
  upgrade(): S | undefined {
    const share = this.open("upgrade");
    const { thread, object, lock } = share;
    const { memory } = thread;
    lock.lock();
    const strong = memory.read(object + STRONG);
    if (strong > 0) memory.add(object + STRONG, 1);
    lock.unlock();
    return strong === 0 ? undefined : (0, this.make)(share.use());
  }

  /** Gives this weak sender up: it is not counted any more. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
  }

  /** @internal */
  override giveUp(): void {
    this.share.count(HELD_WEAK, -1);
    dropWeak(this.share);
  }
}
