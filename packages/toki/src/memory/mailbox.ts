/*
 * How threads tell each other that something is ready: a list of nodes for each thread, and a bell.
 *
 * A node is one word of a block, the link, and its place in the block says what it is about (`position & 15`): kinds below. It is in at most one
 * list at a time, and whoever posts it may write its link.
 *
 *   post    any thread: puts the node on top of the list (compare-and-exchange on MAIL), then rings
 *   drain   the owner: takes the whole list in one exchange, and turns it round: first posted, first served
 *
 * BELL:   AWAKE    the owner will look at its mail before it sleeps
 *         ASLEEP   it sleeps, or is about to, on this word:           owner -> ASLEEP, anybody -> AWAKE with a notification
 *         PARKED   it sleeps, or is about to, as a worker (idle.ts):  owner -> PARKED -> AWAKE; ringing is `Idle.wake`
 *
 * Nothing is lost. The owner stores ASLEEP (or PARKED, and enlists) and then looks at MAIL; the poster changes MAIL and then loads BELL. All four are
 * atomic, so in their total order either the owner's look finds the node, or the poster's load finds the owner asleep, and wakes it.
 *
 * A list taken as a whole has no ABA problem: nobody takes a single node out.
 */
import { Idle } from "../runtime/scheduler/multi-thread/idle.js";
import type { Arena } from "./arena.js";
import { BELL, MAIL, MAX_SLOTS, PARKER, PARKER_INDEX, PARKER_WORKERS, slotBase } from "./layout.js";
import type { SharedMemory } from "./shared-memory.js";

const AWAKE = 0;
const ASLEEP = 1;
const PARKED = 2;
const END = 0;

/** How many kinds of mail there are: one for each place in a block. */
const KINDS = 16;

/** @internal */
export class Mailbox {
  readonly arena: Arena;
  readonly slot: number;
  /** Who takes mail of a kind: called with the node's position. Must not throw. */
  readonly handlers: ((node: number) => void)[] = new Array(KINDS).fill(ignore);
  /** What to wait for: how many things are under way elsewhere that will come as mail. With none, the thread need not listen. */
  expected = 0;
  /** How many lists are being handed out: what is left of them has come and is in no mailbox. */
  handingOut = 0;
  /** How often there was mail. */
  lists = 0;
  /** Called when the bell has woken the event loop, instead of handing out what has come. */
  onRung: (() => void) | null = null;
  private readonly memory: SharedMemory;
  private readonly base: number;
  /** The `Idle`s of others, by slot: made at the first ring. */
  private readonly idles: (Idle | undefined)[] = new Array(MAX_SLOTS).fill(undefined);
  private readonly idleBases = new Int32Array(MAX_SLOTS);
  private listening: Promise<void> | null = null;
  /** Whether the thread is a worker, which looks at its mail by itself. */
  isWorker = false;

  constructor(arena: Arena) {
    this.arena = arena;
    this.slot = arena.slot;
    this.memory = arena.memory;
    this.base = slotBase(arena.slot);
    this.memory.store(this.base + BELL, AWAKE);
  }

  get hasMail(): boolean {
    return this.memory.load(this.base + MAIL) !== END;
  }

  /** Any thread: posts to `slot`, and wakes its thread. */
  post(slot: number, node: number): void {
    this.push(slot, node);
    this.ring(slot);
  }

  /** Any thread: posts to `slot`, whose thread will see it when it next looks. */
  push(slot: number, node: number): void {
    const { memory } = this;
    const head = slotBase(slot) + MAIL;
    let top = memory.load(head);
    for (;;) {
      // ATOMICS: plain; the exchange below publishes it.
      memory.write(node, top);
      const found = memory.compareExchange(head, top, node);
      if (found === top) break;
      top = found;
    }
  }

  /** Any thread: wakes the thread of `slot`, if it sleeps. */
  ring(slot: number): void {
    const { memory } = this;
    const bell = slotBase(slot) + BELL;
    const state = memory.load(bell);
    if (state === AWAKE) return;
    if (state === PARKED) this.idleOf(slot).wake(memory.load(slotBase(slot) + PARKER_INDEX));
    else if (memory.compareExchange(bell, ASLEEP, AWAKE) === ASLEEP) memory.notify(bell, Number.POSITIVE_INFINITY);
  }

  /** Owner: hands out what has come, in order. */
  drain(): boolean {
    return this.memory.load(this.base + MAIL) !== END && this.take(this.base);
  }

  /** The thread of `slot` is no more, nor are those it had started: they need no ring. */
  silence(slot: number): void {
    for (const each of this.arena.family(slot)) this.memory.store(slotBase(each) + BELL, AWAKE);
  }

  /** Nobody posts to them any more: hands out what was posted, and makes their slots free. */
  bury(slot: number): void {
    const { arena } = this;
    const slots = arena.family(slot);
    for (const each of slots) this.take(slotBase(each));
    for (const each of slots) arena.releaseSlot(each);
  }

  private take(base: number): boolean {
    const { memory } = this;
    let node = memory.exchange(base + MAIL, END);
    this.lists++;
    let first = END;
    while (node !== END) {
      const next = memory.read(node);
      memory.write(node, first);
      first = node;
      node = next;
    }
    this.handingOut++;
    while (first !== END) {
      const next = memory.read(first);
      const handler = this.handlers[first & (KINDS - 1)] as (node: number) => void;
      handler(first);
      first = next;
    }
    this.handingOut--;
    return true;
  }

  // Sleeping on the bell. A worker parks instead, and tells so by `park` and `unpark`.

  /**
   * Owner: from now on the bell wakes the event loop, and what has come is handed out. False if there is mail: drain first. It stays so, however busy the
   * thread is meanwhile, until the bell has been rung: other threads then pay for one needless ring a turn of the loop, and nothing can be missed.
   */
  listen(): boolean {
    const { memory } = this;
    const bell = this.base + BELL;
    memory.store(bell, ASLEEP);
    if (memory.load(this.base + MAIL) !== END) {
      memory.store(bell, AWAKE);
      return false;
    }
    if (this.listening === null) {
      const wait = memory.waitAsync(bell, ASLEEP);
      if (wait === null) return false; // rung between
      this.listening = wait.then(() => {
        this.listening = null;
        if (this.onRung !== null) {
          this.onRung();
          return;
        }
        this.drain();
        if (this.expected > 0) this.attend();
      });
    }
    return true;
  }

  /** Owner: from now on the bell wakes the event loop, whatever is there already. */
  attend(): void {
    while (!this.listen()) this.drain();
  }

  /** Owner: blocks the thread until there may be mail, at most `ms` milliseconds. Drain afterwards. */
  sleep(ms: number): void {
    const { memory } = this;
    const bell = this.base + BELL;
    memory.store(bell, ASLEEP);
    if (memory.load(this.base + MAIL) === END) memory.waitFor(bell, ASLEEP, ms);
    // Another runtime of this thread may have left it to the bell to wake it from the event loop.
    memory.store(bell, this.listening === null ? AWAKE : ASLEEP);
  }

  /** Owner, a worker: before it enlists. */
  park(): void {
    this.memory.store(this.base + BELL, PARKED);
  }

  /** Owner, a worker: it runs again. */
  unpark(): void {
    this.memory.store(this.base + BELL, AWAKE);
  }

  /** Owner, a worker, once: how others find its parking place. */
  setParker(base: number, workers: number, index: number): void {
    this.isWorker = true;
    this.memory.store(this.base + PARKER, base);
    this.memory.store(this.base + PARKER_WORKERS, workers);
    this.memory.store(this.base + PARKER_INDEX, index);
  }

  private idleOf(slot: number): Idle {
    const { memory } = this;
    const base = memory.load(slotBase(slot) + PARKER);
    const known = this.idles[slot];
    if (known !== undefined && this.idleBases[slot] === base) return known;
    const idle = new Idle(memory, base, memory.load(slotBase(slot) + PARKER_WORKERS));
    this.idles[slot] = idle;
    this.idleBases[slot] = base;
    return idle;
  }
}

function ignore(): void {}
