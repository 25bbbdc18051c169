/**
 * The timer wheel: 6 levels of 64 slots, where a slot of level L spans 64^L ticks (a tick is 1 ms). Insert and
 * remove are O(1) and allocate nothing: the entry is its own list node. Deadlines are non-negative safe integers.
 *
 * Placement. Write `elapsed` and a deadline as groups of 6 bits. The highest group in which they differ is the
 * level, the deadline's value of that group is the slot. Five levels cover the low 30 bits. A deadline that differs
 * above them is in the top level, at slot `floor(when / 2^30) mod 64`: that level is a ring of 2^36 ticks, and a
 * deadline more than one turn away is filed again each time its slot comes round.
 *
 * Invariant: between any two calls, and whenever `fire` runs, every entry is where Placement puts it for the
 * present `elapsed`. It survives the three ways `elapsed` moves, all of them in `advance`:
 * - to a tick before the start of every occupied slot: no group at or above an entry's level changes past the entry;
 * - to the start of a slot of levels 1-5: that slot is taken whole and each of its entries is placed anew, before
 *   anything else may look;
 * - to the tick of an occupied slot of level 0, whose entries are due.
 *
 * What follows from it:
 * - An occupied slot of levels 1-4 lies after the slot `elapsed` is in, and one of level 0 is never before it. So the
 *   lowest bit of a level's bitmap is its next slot. Only the top ring wraps; there the current slot is a whole
 *   turn away.
 * - All slots of a level start before any slot of the next level does, so the lowest occupied level comes first.
 * - Equal deadlines are FIFO. The place depends on the deadline and `elapsed` alone, so equal deadlines always share
 *   a slot; insert appends, and a cascade walks its slot from head to tail and appends. It moves all entries of one
 *   deadline or none, so they land behind none of their equals and in their old order.
 *
 * States of an entry, kept in `timerSlot`, which only this file writes after construction:
 * - IDLE: in no wheel. `insert` makes it filed; the owner may write `timerWhen`.
 * - filed (level * 64 + slot): `remove` makes it IDLE, `advance` moves it to another slot or makes it IDLE just before
 *   `fire`. Nobody may write `timerWhen`, `timerNext`, `timerPrev`.
 *
 * One thread owns a wheel. `fire` may call everything, `advance` included, and may throw: what was not fired yet
 * stays filed, due at once, and the next `advance` goes on from there.
 */

/** The value of `timerSlot` of an entry that is in no wheel. */
export const IDLE = -1;

/**
 * What an object needs to be in a wheel. It starts with `timerWhen = 0`, both links `null` and `timerSlot = IDLE`,
 * assigned in this order by the constructor, so that all entries have one shape.
 */
export interface TimerEntry {
  /** @internal The tick at which it is due. */
  timerWhen: number;
  /** @internal */
  timerNext: TimerEntry | null;
  /** @internal */
  timerPrev: TimerEntry | null;
  /** @internal `IDLE`, or level * 64 + slot. */
  timerSlot: number;
}

/** Instead of a slot, when none is occupied. */
const NONE = -1;
const BITS = 6;
const SLOT_MASK = 63;
const TOP_LEVEL = 5;
const SLOTS = 64 * (TOP_LEVEL + 1);
/** First slot of the top level. */
const TOP = 64 * TOP_LEVEL;
/** Ticks in a slot of the top level. The levels below it need the deadline's bits below this one, and no others. */
const TOP_SPAN = 2 ** 30;

/** Index of the lowest bit set in `word`, which is not 0. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** A timer wheel; see the head of this file. */
export class Wheel<E extends TimerEntry = TimerEntry> {
  /** The tick processed up to. Others only read it. While `fire` runs it is the deadline being fired. */
  elapsed = 0;
  /** How many entries are filed. Others only read it. */
  size = 0;

  readonly #heads: (TimerEntry | null)[] = [];
  readonly #tails: (TimerEntry | null)[] = [];
  /** Bit `slot & 31` of word `slot >> 5` says that the slot is not empty: two words a level. */
  readonly #occupied = new Int32Array(SLOTS >> 5);

  constructor() {
    // Pushed one by one: an array made with its length is holey to V8, and each read then looks for the hole.
    for (let i = 0; i < SLOTS; i++) {
      this.#heads.push(null);
      this.#tails.push(null);
    }
  }

  /**
   * Files `entry` under its `timerWhen`, behind those with the same deadline. False, and nothing done, when that tick
   * has been processed already: the caller fires the entry at once.
   *
   * Throws when the entry is in a wheel already, and when `timerWhen` is too large to be exact.
   */
  insert(entry: E): boolean {
    if (entry.timerSlot !== IDLE) throw new TypeError("`entry` must not be in a wheel: remove it first");
    // Negated so that NaN is not filed either.
    if (!(entry.timerWhen > this.elapsed)) return false;
    this.#append(entry, this.#slotFor(entry.timerWhen));
    this.size++;
    return true;
  }

  /** Takes `entry` out. Nothing happens when it is in no wheel; it must not be in another one. */
  remove(entry: E): void {
    if (entry.timerSlot !== IDLE) this.#unlink(entry);
  }

  /**
   * A tick at which there is work: the earliest deadline itself when it is in level 0, else the start of the slot
   * that comes next, which is not after that deadline. Infinity when the wheel is empty.
   */
  nextExpiration(): number {
    const slot = this.#nextSlot();
    return slot === NONE ? Infinity : this.#startOf(slot);
  }

  /**
   * Moves to the tick `now` and hands every entry due by then to `fire`, unlinked, by deadline and in order of
   * insertion among equals. An entry that `fire` inserts is fired in this call if it is due by `now`, one that it
   * removes is not. `advance(Infinity, fire)` empties the wheel for good: it refuses every insert from then on.
   */
  advance(now: number, fire: (entry: E) => void): void {
    for (;;) {
      const slot = this.#nextSlot();
      if (slot === NONE) break;
      const start = this.#startOf(slot);
      if (start > now) break;
      this.elapsed = start;
      if (slot >= 64) {
        this.#cascade(slot);
      } else {
        // One entry for each look at the bitmap: `fire` may have changed anything, `elapsed` included.
        const entry = this.#heads[slot] as E;
        this.#unlink(entry);
        fire(entry);
      }
    }
    if (now > this.elapsed) this.elapsed = now;
  }

  /** Where a deadline not before `elapsed` belongs. */
  #slotFor(when: number): number {
    // Bit operators see a number modulo 2^32, so they are right about the low 30 bits of any tick. The bits above are
    // 0 in both numbers when the deadline is small, and compared by division when it is not.
    if (when >= TOP_SPAN) {
      const turn = Math.floor(when / TOP_SPAN);
      if (turn !== Math.floor(this.elapsed / TOP_SPAN)) {
        if (when > Number.MAX_SAFE_INTEGER) {
          throw new RangeError(`\`timerWhen\` must be at most ${Number.MAX_SAFE_INTEGER}, got ${when}`);
        }
        return TOP + (turn & SLOT_MASK);
      }
    }
    const differing = (when ^ this.elapsed) | SLOT_MASK;
    const level = ((31 - Math.clz32(differing)) / BITS) | 0;
    return (level << BITS) | ((when >>> (level * BITS)) & SLOT_MASK);
  }

  /** The occupied slot that starts first, or NONE. */
  #nextSlot(): number {
    const occupied = this.#occupied;
    for (let word = 0; word < TOP >> 5; word++) {
      const bits = occupied[word] as number;
      if (bits !== 0) return (word << 5) | lowestBit(bits);
    }
    const low = occupied[TOP >> 5] as number;
    const high = occupied[(TOP >> 5) + 1] as number;
    if ((low | high) === 0) return NONE;

    // Rotated so that the slot after the current one comes first and the current one last.
    const first = (Math.floor(this.elapsed / TOP_SPAN) + 1) & SLOT_MASK;
    const a = first < 32 ? low : high;
    const b = first < 32 ? high : low;
    const shift = first & 31;
    const near = shift === 0 ? a : (a >>> shift) | (b << (32 - shift));
    const far = shift === 0 ? b : (b >>> shift) | (a << (32 - shift));
    const distance = near !== 0 ? lowestBit(near) : 32 + lowestBit(far);
    return TOP + ((first + distance) & SLOT_MASK);
  }

  /** The first tick of an occupied slot. */
  #startOf(slot: number): number {
    const elapsed = this.elapsed;
    if (slot >= TOP) {
      const turn = Math.floor(elapsed / TOP_SPAN);
      const distance = (slot - TOP - turn) & SLOT_MASK;
      return (turn + (distance === 0 ? 64 : distance)) * TOP_SPAN;
    }
    const shift = (slot >> BITS) * BITS;
    const low = elapsed & (TOP_SPAN - 1);
    const offset = ((low >>> (shift + BITS)) << (shift + BITS)) | ((slot & SLOT_MASK) << shift);
    return elapsed - low + offset;
  }

  /** Places the entries of a slot that starts at `elapsed` anew. */
  #cascade(slot: number): void {
    let entry = this.#heads[slot] as TimerEntry | null;
    // Emptied first: an entry of the top level may come back to this very slot, a turn later.
    this.#heads[slot] = null;
    this.#tails[slot] = null;
    this.#setVacant(slot);
    while (entry !== null) {
      const next: TimerEntry | null = entry.timerNext;
      this.#append(entry, this.#slotFor(entry.timerWhen));
      entry = next;
    }
  }

  /** Makes `entry` the last of `slot`, whatever its links were. */
  #append(entry: TimerEntry, slot: number): void {
    const tail = this.#tails[slot] as TimerEntry | null;
    entry.timerSlot = slot;
    entry.timerPrev = tail;
    entry.timerNext = null;
    this.#tails[slot] = entry;
    if (tail === null) {
      this.#heads[slot] = entry;
      this.#occupied[slot >> 5] = (this.#occupied[slot >> 5] as number) | (1 << (slot & 31));
    } else {
      tail.timerNext = entry;
    }
  }

  /** Makes a filed entry IDLE. */
  #unlink(entry: TimerEntry): void {
    const slot = entry.timerSlot;
    const next = entry.timerNext;
    const prev = entry.timerPrev;
    if (prev === null) this.#heads[slot] = next;
    else prev.timerNext = next;
    if (next === null) this.#tails[slot] = prev;
    else next.timerPrev = prev;
    if (next === null && prev === null) this.#setVacant(slot);
    // Cleared so that an entry kept by its owner does not keep its former neighbours alive.
    entry.timerNext = null;
    entry.timerPrev = null;
    entry.timerSlot = IDLE;
    this.size--;
  }

  #setVacant(slot: number): void {
    this.#occupied[slot >> 5] = (this.#occupied[slot >> 5] as number) & ~(1 << (slot & 31));
  }
}
