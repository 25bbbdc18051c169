import assert from "node:assert/strict";
import { type Future, fn, yieldNow } from "toki";
import { Mutex, mpsc } from "toki/sync";
import { assertPending, assertReady, testTask } from "toki/test";
import { everyDrop, everyDropUnpolled, settle } from "./drops.js";
import type { Body } from "./proof.js";

/** Takes every message; says so, and says when its cleanup has ended, which awaits. */
const take = fn(function* take(rx: mpsc.Receiver<string>, log: string[]) {
  try {
    for (;;) log.push(`took ${yield* rx.recv()}`);
  } finally {
    yield* yieldNow();
    log.push("cleanup");
  }
});

/** What a wrapper does with a future that is safe, and with one that loses its place: no better and no worse than without it. */
export function likeTheFutureInside(
  name: string,
  wrap: (future: Future<unknown>) => Future<unknown>,
): Record<string, Body> {
  return {
    ...everyDropUnpolled(`${name} around recv`, function* (drop) {
      const [tx, rx] = mpsc.channel<string>(4);
      tx.trySend("a");
      yield* drop(wrap(rx.recv()));
      assert.equal(yield* rx.recv(), "a");
    }),
    ...everyDrop(`${name} around recv, handed a message`, function* (drop) {
      const [tx, rx] = mpsc.channel<string>(4);
      yield* drop(wrap(rx.recv()), () => tx.trySend("a"));
      tx.trySend("b");
      assert.deepEqual([yield* rx.recv(), yield* rx.recv()], ["a", "b"]);
    }),
    ...everyDrop(`${name} around lock, which loses its place`, function* (drop) {
      const mutex = new Mutex(0);
      const held = mutex.tryLock();
      const later = testTask(mutex.lock());
      yield* drop(wrap(mutex.lock()), () => assertPending(later.poll()));
      const again = testTask(mutex.lock());
      assertPending(again.poll());
      held.release();
      using _ = assertReady(later.poll());
      assertPending(again.poll());
      again[Symbol.dispose]();
    }),
    ...everyDrop(
      `${name} around a body, whose cleanup runs`,
      function* (drop) {
        const log: string[] = [];
        const [tx, rx] = mpsc.channel<string>(4);
        const body = wrap(take(rx, log));
        tx.trySend("a");
        yield* drop(body);
        yield* settle();
        assert.deepEqual(log, ["took a", "cleanup"]);
      },
      { cleanupAwaits: true },
    ),
  };
}
