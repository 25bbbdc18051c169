import { fn } from "../future/fn.js";
import { Future } from "../future/future.js";
import { isFuture } from "../future/into-future.js";
import { isPromiseLike, notAFuture } from "../future/misuse.js";
import type { Suspend } from "../future/poll.js";

/** What can be locked. @internal */
export interface Lock<G> {
  lock(): Future<G>;
}

interface Guard {
  release(): void;
}

const run = fn(function* withLock(mutex: Lock<Guard>, body: (guard: never) => unknown) {
  const guard = yield* mutex.lock();
  try {
    const result = body(guard as never);
    if (isFuture(result)) return yield* result;
    if (Object.prototype.toString.call(result) === "[object Generator]") {
      return yield* Future.from(result as Generator<Suspend, unknown, unknown>);
    }
    if (isPromiseLike(result)) throw notAFuture("Mutex.withLock", result);
    return result;
  } finally {
    guard.release();
  }
});

/** Runs `body` under the lock. @internal */
export function withLock<G extends Guard>(mutex: Lock<G>, body: (guard: G) => unknown): Future<unknown> {
  return run(mutex, body);
}
