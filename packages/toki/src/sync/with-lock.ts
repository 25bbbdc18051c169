import { fn } from "../future/fn.js";
import { Future } from "../future/future.js";
import { isFuture } from "../future/into-future.js";
import { isPromiseLike, notAFuture } from "../future/misuse.js";
import type { Suspend } from "../future/poll.js";

interface Guard {
  release(): void;
}

type Body = (guard: never) => unknown;

/** A function that runs a body under what `take` gives; it is called `name` in traces. */
function holding<L>(owner: string, name: string, take: (lock: L) => Future<Guard>) {
  const named = {
    *[name](lock: L, body: Body): Generator<Suspend, unknown, unknown> {
      const guard = yield* take(lock);
      try {
        const result = body(guard as never);
        if (isFuture(result)) return yield* result;
        if (Object.prototype.toString.call(result) === "[object Generator]") {
          return yield* Future.from(result as Generator<Suspend, unknown, unknown>);
        }
        if (isPromiseLike(result)) throw notAFuture(`${owner}.${name}`, result);
        return result;
      } finally {
        guard.release();
      }
    },
  };
  return fn(named[name] as (lock: L, body: Body) => Generator<Suspend, unknown, unknown>);
}

/** @internal */
export const withLock = holding("Mutex", "withLock", (mutex: { lock(): Future<Guard> }) => mutex.lock());

/** @internal */
export const withRead = holding("RwLock", "withRead", (rwlock: { read(): Future<Guard> }) => rwlock.read());

/** @internal */
export const withWrite = holding("RwLock", "withWrite", (rwlock: { write(): Future<Guard> }) => rwlock.write());
