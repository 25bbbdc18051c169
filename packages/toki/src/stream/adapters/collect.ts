import { Consumer } from "../consumer.js";

/** @internal */
export class Collect<T> extends Consumer<T, T[]> {
  private readonly items: T[] = [];

  put(item: T): boolean {
    this.items.push(item);
    return true;
  }

  protected outcome(): T[] {
    return this.items;
  }

  protected get method(): string {
    return `collect (${this.items.length} so far)`;
  }
}
