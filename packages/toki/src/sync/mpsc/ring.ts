const SMALL = 16;
/** A ring that has grown beyond this is given up when it runs empty, so that one burst does not cost memory for ever. */
const LARGE = 4096;

const NONE: never[] = [];

/** A FIFO of messages: a ring that doubles when full, without slots until the first message. Taken slots are cleared. @internal */
export class Ring<T> {
  length = 0;
  private slots: (T | undefined)[] = NONE;
  private mask = -1;
  private head = 0;

  push(value: T): void {
    if (this.length > this.mask) this.grow();
    this.slots[(this.head + this.length) & this.mask] = value;
    this.length++;
  }

  /** The oldest. Only when `length` is not 0. */
  shift(): T {
    const { head, slots } = this;
    const value = slots[head] as T;
    slots[head] = undefined;
    this.head = (head + 1) & this.mask;
    if (--this.length === 0 && this.mask >= LARGE) this.clear();
    return value;
  }

  clear(): void {
    this.slots = NONE;
    this.mask = -1;
    this.head = 0;
    this.length = 0;
  }

  private grow(): void {
    const { slots, mask, head, length } = this;
    const size = Math.max(SMALL, 2 * length);
    // Pushed one by one: an array made with its length is holey to V8, and slower to make and to read.
    const grown: (T | undefined)[] = [];
    for (let i = 0; i < length; i++) grown.push(slots[(head + i) & mask]);
    while (grown.length < size) grown.push(undefined);
    this.slots = grown;
    this.mask = size - 1;
    this.head = 0;
  }
}
