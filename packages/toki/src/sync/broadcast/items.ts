import { driveAsyncIterator } from "../../future/async-iterable.js";
import { current } from "../../future/current.js";
import { fn } from "../../future/fn.js";
import type { Future } from "../../future/future.js";
import { BroadcastRecvError } from "./error.js";

interface Receives<T> {
  recv(): Future<T>;
}

/** A value in a box: the iteration ends with undefined, which may be a value here. */
interface Item<T> {
  readonly value: T;
}

const nextItem = fn(function* nextItem<T>(rx: Receives<T>) {
  try {
    const item: Item<T> = { value: yield* rx.recv() };
    return item;
  } catch (error) {
    if (error instanceof BroadcastRecvError && error.kind === "closed") return undefined;
    throw error;
  }
});

/** What a receiver gets, for plain async code: until the channel has ended, or the receiver has lagged. @internal */
export function itemsOf<T>(rx: Receives<T>): AsyncIterableIterator<T> {
  return driveAsyncIterator<Item<T>, T>(current.runtime, () => nextItem(rx), undefined, unboxed);
}

function unboxed<T>(item: Item<T>): T {
  return item.value;
}
