import { fn } from "../future/fn.js";
import type { Future } from "../future/future.js";
import { settled } from "../future/settled.js";

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
    return yield* settled(body(guard as never), "Mutex.withLock");
  } finally {
    guard.release();
  }
});

/** Runs `body` under the lock. @internal */
export function withLock<G extends Guard>(mutex: Lock<G>, body: (guard: G) => unknown): Future<unknown> {
  return run(mutex, body);
}
