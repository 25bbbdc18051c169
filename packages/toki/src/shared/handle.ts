/*
 * Handles: what programs have of shared objects. Each is a use of its thread's share.
 *
 *   LIVE       -> DISPOSED by dispose, -> MOVED when it was sent away as the only one of its kind, -> LENT and back (an owned permit has it)
 *
 * A handle that is collected gives up its use, so that the object's memory can go, and nothing else: collection closes no channel.
 */
import type { crosses } from "../portable/send.js";
import { DisposedError } from "../sync/error.js";
import type { Share } from "./share.js";

/** @internal */
export const LIVE = 0;
/** @internal */
export const LENT = 1;
/** @internal */
export const DISPOSED = 2;
/** @internal */
export const MOVED = 3;

const HOW = ["", "turned into an owned permit, which hands it back by send() or release()", "disposed", "sent away"];

/** What is done when a handle was collected. @internal */
export interface Collected {
  onCollected(): void;
}

const registry = new FinalizationRegistry<Collected>((collected) => collected.onCollected());

/** Sees to `collected` when `handle` is. @internal */
export function watch(handle: object, collected: Collected): void {
  registry.register(handle, collected, handle);
}

/** `handle` was given up in order. @internal */
export function unwatch(handle: object): void {
  registry.unregister(handle);
}

/** Gives up the use of a share. @internal */
export class Use implements Collected {
  private readonly share: Share;

  constructor(share: Share) {
    this.share = share;
  }

  onCollected(): void {
    this.share.unuse();
  }
}

/** What a handle that moves needs. @internal */
export interface Movable {
  readonly share: Share;
  state: number;
  open(method: string): Share;
  beforeMove(): void;
  forgetUse(): void;
}

/** What all handles of shared objects have in common. */
export abstract class SharedHandle implements Disposable {
  declare readonly [crosses]: true;
  /** @internal */
  readonly share: Share;
  /** @internal */
  state = LIVE;

  /** @internal The use of `share` is counted already. */
  constructor(share: Share) {
    this.share = share;
    watch(this, this.whenCollected());
  }

  /** @internal */
  whenCollected(): Collected {
    return new Use(this.share);
  }

  /** @internal */
  open(method: string): Share {
    if (this.state !== LIVE) throw this.refusal(method);
    return this.share;
  }

  /** @internal */
  refusal(method: string): DisposedError {
    return new DisposedError(`${this.constructor.name}.${method}`, HOW[this.state] as string);
  }

  /** @internal Ends the handle; false if it was over. */
  end(state: number): boolean {
    if (this.state === DISPOSED || this.state === MOVED) return false;
    this.state = state;
    unwatch(this);
    return true;
  }

  /** @internal It is about to be sent away, if nothing of this thread waits for it. */
  beforeMove(): void {}

  /** @internal It was sent away: its use is not its own any more. */
  forgetUse(): void {
    unwatch(this);
  }

  /** @internal What giving this up means for the object, while the share is there. */
  giveUp(): void {}

  /** Gives this handle up. The object's memory is free once no thread has a handle to it. Does nothing the second time. */
  [Symbol.dispose](): void {
    if (this.state === LENT || !this.end(DISPOSED)) return;
    this.giveUp();
    this.share.unuse();
  }
}
