/*
 * Which objects a message has had. Most messages have few, which are compared one by one; from LINEAR on a Map is kept as well.
 */
const LINEAR = 16;
/** Longer tables are not kept for the next message. */
const KEPT = 1024;

export class Identity {
  count = 0;
  private objects: (object | undefined)[] = [];
  /** Everything in `objects` while `count` exceeds LINEAR; otherwise what it holds has no meaning. */
  private readonly index = new Map<object, number>();

  /** The number of `object`, or -1. */
  find(object: object): number {
    const { count } = this;
    if (count > LINEAR) return this.index.get(object) ?? -1;
    const { objects } = this;
    for (let i = 0; i < count; i++) if (objects[i] === object) return i;
    return -1;
  }

  add(object: object): number {
    const number = this.count++;
    this.objects[number] = object;
    if (number >= LINEAR) {
      if (number === LINEAR) this.reindex();
      else this.index.set(object, number);
    }
    return number;
  }

  /** Forgets the objects from number `count` on. */
  truncate(count: number): void {
    const { objects, index } = this;
    const wasIndexed = this.count > LINEAR;
    for (let i = count; i < this.count; i++) {
      if (wasIndexed && count > 0) index.delete(objects[i]!);
      objects[i] = undefined;
    }
    if (wasIndexed && count === 0) index.clear();
    if (count === 0 && this.count > KEPT) this.objects = [];
    this.count = count;
  }

  private reindex(): void {
    this.index.clear();
    for (let i = 0; i < this.count; i++) this.index.set(this.objects[i]!, i);
  }
}
