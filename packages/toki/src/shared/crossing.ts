/*
 * How handles cross threads. A message has a reference to the object (REFS), and what kind of handle it is; who reads it makes a handle of that.
 *
 * Most can be in several places: what is sent is one more. A unique handle moves: this thread's is MOVED from then on. If the message turns out not to be
 * sent after all, since something else in it cannot be, it is LIVE again.
 */
import { host } from "#host";
import type { Crossing } from "../portable/codec/crossing.js";
import { LIVE, MOVED, type Movable, type SharedHandle } from "./handle.js";
import type { ObjectKind } from "./kinds.js";
import { REFS } from "./layout.js";
import { Share } from "./share.js";
import { sharedThread } from "./thread.js";

/** What else there is to do for a kind of handle. Each may be left out. @internal */
export interface Counting<H> {
  /** The number of the crossing, if a kind of object has several kinds of handle. */
  readonly as?: number;
  /** A word that goes with the handle. */
  readonly word?: (handle: H) => number;
  /** A reference is taken for a message: counts it in the object. */
  readonly onSend?: (object: number) => void;
  /** A message will not be read: takes that back. */
  readonly onDrop?: (share: Share) => void;
}

/** Handles that can be in several places. @internal */
export function sharing<H extends SharedHandle>(
  kind: ObjectKind,
  make: (share: Share, word: number) => H,
  { as = kind.number, word, onSend, onDrop }: Counting<H> = {},
): Crossing {
  const retain = (object: number) => {
    sharedThread().memory.add(object + REFS, 1);
    onSend?.(object);
  };
  return {
    kind: as,
    send(handle) {
      const share = (handle as H).open("(sent to another thread)");
      share.send();
      onSend?.(share.object);
      return { a: share.object, b: word === undefined ? 0 : word(handle as H) };
    },
    receive: (a, b) => make(Share.adopt(kind, a), b),
    release(a) {
      const share = Share.adopt(kind, a);
      onDrop?.(share);
      share.unuse();
    },
    retain,
  };
}

/** Handles that were sent in this turn: they may come back. By what they are a handle to, see {@link Single}. */
const moving = new Map<number, { handle: Movable; share: Share }>();

/** What handles have of which there is one each. @internal */
export interface Single<H extends Movable> {
  /** The number of the crossing. */
  readonly as: number;
  /** The handle's second word in a message: which one of its object it is. */
  wordOf(handle: H): number;
  /** A number that no other handle that moves has. Of halves of an object it is positive. */
  keyOf(object: number, word: number): number;
  /** This thread has it, or has it no more. */
  has(share: Share, word: number, has: boolean): void;
  make(share: Share, word: number): H;
  /** A message will not be read: what its handle's disposal would have done. */
  drop(share: Share, word: number): void;
}

/** Handles of which there is one each: they move. @internal */
export function single<H extends Movable>(kind: ObjectKind, of: Single<H>): Crossing {
  const drop = (a: number, b: number) => {
    settle();
    const share = Share.adopt(kind, a);
    of.drop(share, b);
    share.unuse();
  };
  return {
    kind: of.as,
    send(object) {
      const handle = object as H;
      const share = handle.open("(sent to another thread)");
      handle.beforeMove();
      const b = of.wordOf(handle);
      share.send();
      of.has(share, b, false);
      handle.state = MOVED;
      if (moving.size === 0) host.microtask(settle);
      moving.set(of.keyOf(share.object, b), { handle, share });
      return { a: share.object, b };
    },
    receive(a, b) {
      settle();
      const share = Share.adopt(kind, a);
      of.has(share, b, true);
      return of.make(share, b);
    },
    undo(a, b) {
      const key = of.keyOf(a, b);
      const moved = moving.get(key);
      // Code of the program, a getter, has received something meanwhile, which settled this one.
      if (moved === undefined) return drop(a, b);
      const { handle, share } = moved;
      // The handle has its use still; the message's reference goes.
      moving.delete(key);
      handle.state = LIVE;
      of.has(share, b, true);
      share.thread.memory.sub(a + REFS, 1);
    },
    release: drop,
  };
}

/**
 * Handles of which an object has one of a kind: they move.
 *
 * @param as - the number of the crossing
 * @param bit - which of the object's unique halves it is
 * @param onDrop - a message will not be read: what its handle's disposal would have done
 * @internal
 */
export function unique<H extends Movable>(
  kind: ObjectKind,
  make: (share: Share) => H,
  as: number,
  bit: number,
  onDrop: (share: Share) => void,
): Crossing {
  return single<H>(kind, {
    as,
    wordOf: () => bit,
    keyOf: (object) => object * 4 + bit,
    has: (share, _word, has) => share.half(bit, has),
    make,
    drop: onDrop,
  });
}

/** What was sent stays sent. */
function settle(): void {
  for (const { handle, share } of moving.values()) {
    handle.forgetUse();
    share.unuse();
  }
  moving.clear();
}
