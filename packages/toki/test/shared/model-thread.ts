/*
 * The threads of a loom model with their parts in a shared object: the production code of src/shared and of the mailboxes over simulated memory. Only
 * the arena is a model's own: blocks are never used again, and each thread says in the end which it took and which it freed.
 */
import assert from "node:assert/strict";
import { Context, type Future, Pending, Waker } from "toki";
import "toki/shared"; // the kinds of objects
import * as memoryLayout from "../../dist/memory/layout.js";
import * as mailboxes from "../../dist/memory/mailbox.js";
import type { Memory } from "../../dist/memory/memory.js";
import * as locks from "../../dist/memory/shared-lock.js";
import * as decoders from "../../dist/portable/codec/decoder.js";
import * as encoders from "../../dist/portable/codec/encoder.js";
import * as kinds from "../../dist/shared/kinds.js";
import * as layout from "../../dist/shared/layout.js";
import * as threads from "../../dist/shared/thread.js";
import type { Model, Options } from "../support/loom/index.js";
import { MortalMemory } from "../support/loom/mortal.js";

const { BELL, MAIL, OWNED, slotBase } = memoryLayout as unknown as {
  BELL: number;
  MAIL: number;
  OWNED: number;
  slotBase(slot: number): number;
};
const { Mailbox } = mailboxes as unknown as { Mailbox: new (arena: unknown) => Mailbox };
const { Encoder } = encoders as unknown as { Encoder: new (hasParcels: boolean) => unknown };
const { Decoder } = decoders as unknown as { Decoder: new () => unknown };
const { kindOf } = kinds as unknown as { kindOf(number: number): object };
const { LINK } = layout as unknown as { LINK: number };
const { SharedThread } = threads as unknown as { SharedThread: { prototype: object } };

const { SharedLock } = locks;
const { breakHeld } = locks as unknown as {
  breakHeld(memory: Memory, entry: number, owner: number, repair: () => void, tell: () => void): void;
};

interface Mailbox {
  readonly handlers: ((node: number) => void)[];
  drain(): boolean;
  sleep(ms: number): void;
  post(slot: number, node: number): void;
}

export interface ModelThread {
  readonly memory: Memory;
  readonly mailbox: Mailbox;
  readonly waiters: readonly (object | null)[];
  readonly spare: number;
  prepare(): void;
  unlock(lock: locks.SharedLock): void;
  enqueue(share: ModelShare, queue: number, amount: number, asked: number, blocks: number): number;
  clearUp(slot: number): void;
  hearFrom(slot: number): void;
  clearWaiter(block: number, object: number, number: number): void;
  arrive(block: number): void;
}

export interface ModelShare {
  readonly thread: ModelThread;
  readonly lock: locks.SharedLock;
  readonly object: number;
}

/** The words up to here are those of slots; then the object, then each thread's blocks. */
export const OBJECT = slotBase(5);
const BLOCKS = OBJECT + 32;
const BLOCK_WORDS = 160;

export const options: Options = {
  words: BLOCKS + 5 * BLOCK_WORDS,
  preemptions: 2,
  maxSchedules: 60_000,
  names(index) {
    if (index >= BLOCKS) return `block ${(index - BLOCKS) >> 4}[${index & 15}]`;
    if (index >= OBJECT) return `object[${index - OBJECT}]`;
    return `slot[${index - slotBase(0)}]`;
  },
};

/** Which blocks a thread took and freed. */
interface Blocks {
  readonly taken: number[];
  readonly freed: number[];
}

function makeThread(model: Memory, slot: number): ModelThread & { readonly blocks: Blocks } {
  const view = new Proxy([] as number[], {
    get: (_, key) => model.read(Number(key)),
    set(_, key, value) {
      model.write(Number(key), value);
      return true;
    },
  });
  const memory = Object.create(model, { reaching: { value: () => view } });
  const blocks: Blocks = { taken: [], freed: [] };
  let next = BLOCKS + slot * BLOCK_WORDS;
  const arena = {
    memory,
    slot,
    alloc(k: number) {
      const block = next;
      next += 16 << k;
      assert.ok(next <= BLOCKS + (slot + 1) * BLOCK_WORDS, "the model has too few blocks");
      blocks.taken.push(block);
      return block;
    },
    free: (block: number) => void blocks.freed.push(block),
  };
  const mailbox = new Mailbox(arena);
  const thread = Object.assign(Object.create(SharedThread.prototype), {
    memory,
    arena,
    mailbox,
    blocks,
    slot,
    encoder: new Encoder(false),
    decoder: new Decoder(),
    holds: { enter() {}, exit() {} },
    shares: new Map(),
    waiters: [],
    freeKeys: [],
    list: slotBase(slot) + OWNED,
    lastMissing: 0,
    told: 0,
    toldLast: 0,
    spare: 0,
  });
  mailbox.handlers[LINK] = (node) => thread.arrive(node - LINK);
  return thread;
}

function makeShare(thread: ModelThread, kind: number): ModelShare {
  const share = {
    thread,
    kind: kindOf(kind),
    object: OBJECT,
    lock: new SharedLock(thread.memory, OBJECT),
    isLive: true,
    use: () => share,
    unuse() {},
    held() {},
    count() {},
    half() {},
    peek: (word: number) => thread.memory.load(OBJECT + word),
  };
  return share;
}

/** A handle of a class of toki/shared that exists already, as far as the program of a model is concerned. */
export function handleOf<H>(Class: { prototype: H }, share: ModelShare, fields: object = {}): H {
  return Object.assign(Object.create(Class.prototype as object), { share, state: 0 }, fields) as H;
}

/** Runs a future to its end; the thread sleeps on its mailbox meanwhile. */
export function drive<T>({ thread }: ModelShare, future: Future<T>): T {
  let isWoken = true;
  const cx = Context.fromWaker(
    Waker.from(() => {
      isWoken = true;
    }),
  );
  for (;;) {
    if (isWoken) {
      isWoken = false;
      const value = future.poll(cx);
      if (value !== Pending) return value;
    } else if (!thread.mailbox.drain()) thread.mailbox.sleep(Number.POSITIVE_INFINITY);
  }
}

/** Polls a future once, and drops it if it has to wait. */
export function pollOnce<T>(future: Future<T>): T | typeof Pending {
  const value = future.poll(Context.fromWaker(Waker.from(() => {})));
  future[Symbol.dispose]();
  return value;
}

interface Ended<R> {
  readonly result: R;
  readonly blocks: Blocks;
  readonly spare: number;
}

/** Waits for the mail that is still under way, as a thread does which goes on. */
function settle<R>(thread: ModelThread & { readonly blocks: Blocks }, result: R): Ended<R> {
  while (thread.waiters.some((waiter) => waiter !== null)) {
    if (!thread.mailbox.drain()) thread.mailbox.sleep(Number.POSITIVE_INFINITY);
  }
  return { result, blocks: thread.blocks, spare: thread.spare };
}

/**
 * A program of several threads that have an object.
 *
 * @param kind - the number of the object's kind
 * @param init - writes the object's words
 * @param bodies - what the threads do, by name
 * @param check - is given the results in order; before it, every block that a thread took has to have been freed once, but for its spare one
 * @param dead - blocks of threads that are no more, which others clear up
 */
export function program(
  kind: number,
  init: (memory: Memory) => void,
  bodies: Record<string, (share: ModelShare) => unknown>,
  check: (results: any[], memory: Memory) => void,
  dead: readonly number[] = [],
): (model: Model) => void {
  return (model) => {
    init(model.memory);
    Object.entries(bodies).forEach(([name, body], slot) => {
      model.thread(name, (memory) => {
        const thread = makeThread(memory, slot);
        return settle(thread, body(makeShare(thread, kind)));
      });
    });
    model.after((ended: Ended<unknown>[]) => {
      const freed = ended.flatMap(({ blocks, spare }) => (spare === 0 ? blocks.freed : [...blocks.freed, spare]));
      const taken = [...dead, ...ended.flatMap(({ blocks }) => blocks.taken)];
      assert.deepEqual(freed.toSorted(), taken.toSorted(), "blocks freed, and blocks taken");
      check(
        ended.map(({ result }) => result),
        model.memory,
      );
    });
  };
}

/** Before the threads begin: a wait of a blocking thread that is no more, in a queue of the object. */
export function deadWaiter(memory: Memory, kind: number, queue: number, asked = 1): number {
  const thread = makeThread(memory, 4);
  thread.prepare();
  return thread.enqueue(makeShare(thread, kind), OBJECT + queue, asked, asked, 1);
}

// Where a mortal thread writes down its locks, and what becomes of it: in place of the blocks of the fifth thread.
const LOCKS = BLOCKS + 4 * BLOCK_WORDS;
const DEAD = LOCKS + 8;
const SURVIVED = LOCKS + 9;
/** The first thread of a model, as `ModelMemory.owner` counts. */
const VICTIM = 2;
const VICTIM_SLOT = 0;
const SURVIVOR_SLOT = 1;
const NEWS = 5;

/**
 * A thread that dies at its operation number `after`, one that waits and hears of the death when its locks have been broken, and others. Who waits gives up what it has not
 * got by then. A wait that was told and is never woken shows as a deadlock; every block has to be freed once.
 *
 * @param victim - what the mortal thread does
 * @param waits - the futures that the survivor polls
 * @param living - what other threads do
 * @param change - makes a mutant of the survivor
 */
export function mortal(
  kind: number,
  after: number,
  victim: (share: ModelShare) => void,
  waits: (share: ModelShare) => Future<unknown>[],
  living: readonly ((share: ModelShare) => void)[],
  onEnd: (survived: boolean) => void,
  change: (survivor: ModelThread) => void = () => {},
): (model: Model) => void {
  return (model) => {
    model.thread("victim", (memory) => {
      MortalMemory.run(memory, after, LOCKS, DEAD, (mortal) => {
        victim(makeShare(makeThread(mortal, VICTIM_SLOT), kind));
        mortal.store(SURVIVED, 1);
      });
    });
    model.thread("survivor", (memory) => {
      const thread = makeThread(memory, SURVIVOR_SLOT);
      change(thread);
      return settle(thread, survive(thread, waits(makeShare(thread, kind))));
    });
    model.thread("undertaker", (memory) => {
      const thread = makeThread(memory, 2);
      while (memory.load(DEAD) === 0) memory.wait(DEAD, 0);
      for (let i = 7; i >= 0; i--) {
        const entry = memory.load(LOCKS + i);
        if (entry !== 0) breakHeld(memory, entry, VICTIM, nothing, nothing);
      }
      thread.mailbox.post(SURVIVOR_SLOT, BLOCKS + 2 * BLOCK_WORDS + NEWS);
      // The news comes by message, whatever the victim has made of the bell.
      memory.notify(slotBase(SURVIVOR_SLOT) + BELL, Number.POSITIVE_INFINITY);
      return settle(thread, undefined);
    });
    living.forEach((body, i) => {
      model.thread(`living ${i}`, (memory) => {
        const thread = makeThread(memory, 3 + i);
        return settle(thread, body(makeShare(thread, kind)));
      });
    });
    model.after(([, ...ended]: Ended<unknown>[]) => {
      const freed = ended.flatMap(({ blocks, spare }) => (spare === 0 ? blocks.freed : [...blocks.freed, spare]));
      assert.deepEqual(freed.toSorted(), ended.flatMap(({ blocks }) => blocks.taken).toSorted());
      for (let node = model.memory.load(slotBase(SURVIVOR_SLOT) + MAIL); node !== 0; node = model.memory.load(node)) {
        assert.notEqual(node & 15, LINK, "a wait is delivered that was over");
      }
      onEnd(model.memory.load(SURVIVED) === 1);
    });
  };
}

const nothing = () => {};

/** Polls futures until they are ready, or until it hears of the death. */
function survive(thread: ModelThread, futures: Future<unknown>[]): void {
  let heard = false;
  let isOver = false;
  let isWoken = true;
  thread.mailbox.handlers[NEWS] = () => {
    heard = true;
  };
  const cx = Context.fromWaker(
    Waker.from(() => {
      isWoken = true;
    }),
  );
  let left = futures;
  while (left.length > 0) {
    if (isWoken) {
      isWoken = false;
      left = left.filter((future) => future.poll(cx) === Pending);
    } else if (heard) {
      if (isOver) break;
      isOver = true;
      thread.clearUp(VICTIM_SLOT);
    } else if (!thread.mailbox.drain()) thread.mailbox.sleep(Number.POSITIVE_INFINITY);
  }
  for (const future of left) future[Symbol.dispose]();
}
