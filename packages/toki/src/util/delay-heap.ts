/*
 * A binary heap of entries that know their place in it: `index`, which only this file writes, -1 in no heap. Ordered by tick, and among equal ticks by
 * `order`, the number of the push. Push and remove, of any entry, are O(log n).
 */

/**
 * The right to remove or reset a value of a {@link DelayQueue}. Made by its `insert`, and of no use any more once the value has left the queue.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { DelayQueue } from "toki/util";
 *
 * await main(function* () {
 *   const queue = new DelayQueue<string>();
 *   const key = queue.insert("a", 5);
 *   console.log(queue.peek() === key); // true
 *   console.log(queue.remove(key).value); // a
 * });
 * ```
 */
export class DelayKey<T> {
  /** @internal */
  readonly heap: DelayHeap<T>;
  /** @internal */
  readonly value: T;
  /** @internal */
  tick: number;
  /** @internal */
  order = 0;
  /** @internal */
  index = -1;

  /** @internal */
  constructor(heap: DelayHeap<T>, value: T, tick: number) {
    this.heap = heap;
    this.value = value;
    this.tick = tick;
  }
}

/** @internal */
export class DelayHeap<T> {
  private readonly keys: DelayKey<T>[] = [];
  private pushes = 0;

  get length(): number {
    return this.keys.length;
  }

  get first(): DelayKey<T> | undefined {
    return this.keys[0];
  }

  push(key: DelayKey<T>): void {
    key.order = this.pushes++;
    this.keys.push(key);
    this.rise(key, this.keys.length - 1);
  }

  remove(key: DelayKey<T>): void {
    const { index } = key;
    key.index = -1;
    const last = this.keys.pop() as DelayKey<T>;
    if (last === key) return;
    this.rise(last, index);
    if (last.index === index) this.sink(last, index);
  }

  clear(): void {
    for (const key of this.keys) key.index = -1;
    this.keys.length = 0;
  }

  /** Puts `key` at `index`, or above as long as it comes before what is there. */
  private rise(key: DelayKey<T>, index: number): void {
    const { keys } = this;
    let at = index;
    while (at > 0) {
      const parent = keys[(at - 1) >> 1] as DelayKey<T>;
      if (!isBefore(key, parent)) break;
      keys[at] = parent;
      parent.index = at;
      at = (at - 1) >> 1;
    }
    keys[at] = key;
    key.index = at;
  }

  /** Puts `key` at `index`, or below as long as it comes after what is there. */
  private sink(key: DelayKey<T>, index: number): void {
    const { keys } = this;
    let at = index;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= keys.length) break;
      if (below + 1 < keys.length && isBefore(keys[below + 1] as DelayKey<T>, keys[below] as DelayKey<T>)) below++;
      const child = keys[below] as DelayKey<T>;
      if (!isBefore(child, key)) break;
      keys[at] = child;
      child.index = at;
      at = below;
    }
    keys[at] = key;
    key.index = at;
  }
}

function isBefore<T>(a: DelayKey<T>, b: DelayKey<T>): boolean {
  return a.tick < b.tick || (a.tick === b.tick && a.order < b.order);
}
