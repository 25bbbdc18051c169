import { CountedSender } from "./counted-sender.js";
import { WEAK as HELD_WEAK } from "./layout.js";
import { dropWeak, STRONG } from "./sender-counts.js";
import type { Share } from "./share.js";

/** What weak senders have in common. */
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
