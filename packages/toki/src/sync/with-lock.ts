import { fn } from "../future/fn.js";
import type { Future } from "../future/future.js";
import type { Suspend } from "../future/poll.js";
import { settled } from "../future/settled.js";
import { suppressed } from "../future/suppressed-error.js";
import { checkFunction } from "../internal/invalid-argument.js";

interface Guard {
  release(): void;
}

type Body = (guard: never) => unknown;

/** In `toki/shared` that can fail. */
function release(guard: Guard, failure: { readonly error: unknown } | undefined): void {
  try {
    guard.release();
  } catch (error) {
    throw failure === undefined ? error : suppressed(error, failure.error);
  }
}

/** A function that runs a body under what `take` gives; it is called `name` in traces. */
function holding<L>(owner: string, name: string, take: (lock: L) => Future<Guard>) {
  const named = {
    *[name](lock: L, body: Body): Generator<Suspend, unknown, unknown> {
      const guard = yield* take(lock);
      let failure: { readonly error: unknown } | undefined;
      try {
        return yield* settled(body(guard as never), `${owner}.${name}`);
      } catch (error) {
        failure = { error };
        throw error;
      } finally {
        release(guard, failure);
      }
    },
  };
  const run = fn(named[name] as (lock: L, body: Body) => Generator<Suspend, unknown, unknown>);
  return (lock: L, body: Body): Future<unknown> => {
    checkFunction(body, `${owner}.${name}`, "body");
    return run(lock, body);
  };
}

/** @internal */
export const withLock = holding("Mutex", "withLock", (mutex: { lock(): Future<Guard> }) => mutex.lock());

/** @internal */
export const withRead = holding("RwLock", "withRead", (rwlock: { read(): Future<Guard> }) => rwlock.read());

/** @internal */
export const withWrite = holding("RwLock", "withWrite", (rwlock: { write(): Future<Guard> }) => rwlock.write());
