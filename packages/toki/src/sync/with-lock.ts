import { fn } from "../future/fn.js";
import type { Future } from "../future/future.js";
import { settled } from "../future/settled.js";

interface Guard {
  release(): void;
}

type Body<G> = (guard: G) => unknown;

const under = fn(function* under(guard: Guard, body: Body<Guard>, where: string) {
  try {
    return yield* settled(body(guard), where);
  } finally {
    guard.release();
  }
});

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
