import { fn } from "../future/fn.js";
import { Future } from "../future/future.js";
import { isFuture } from "../future/into-future.js";
import { isPromiseLike, notAFuture } from "../future/misuse.js";
import type { Suspend } from "../future/poll.js";

interface Guard {
  release(): void;
}

type Body<G> = (guard: G) => unknown;

function* under<G extends Guard>(guard: G, body: Body<G>, where: string): Generator<Suspend, unknown, unknown> {
  try {
    const result = body(guard);
    if (isFuture(result)) return yield* result;
    if (Object.prototype.toString.call(result) === "[object Generator]") {
      return yield* Future.from(result as Generator<Suspend, unknown, unknown>);
    }
    if (isPromiseLike(result)) throw notAFuture(where, result);
    return result;
  } finally {
    guard.release();
  }
}

/** Runs `body` under the lock. @internal */
export const withLock = fn(function* withLock(mutex: { lock(): Future<Guard> }, body: Body<never>) {
  return yield* under(yield* mutex.lock(), body as Body<Guard>, "Mutex.withLock");
});

/** Runs `body` with a share of the lock. @internal */
export const withRead = fn(function* withRead(rwlock: { read(): Future<Guard> }, body: Body<never>) {
  return yield* under(yield* rwlock.read(), body as Body<Guard>, "RwLock.withRead");
});

/** Runs `body` with the whole of the lock. @internal */
export const withWrite = fn(function* withWrite(rwlock: { write(): Future<Guard> }, body: Body<never>) {
  return yield* under(yield* rwlock.write(), body as Body<Guard>, "RwLock.withWrite");
});
