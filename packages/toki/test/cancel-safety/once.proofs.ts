import assert from "node:assert/strict";
import { type Future, fn, ready, yieldNow } from "toki";
import type { OnceCell } from "toki/sync";
import { assertPending, assertReady, assertReadyErr, testTask } from "toki/test";
import { Gate } from "../support/gate.js";
import { everyDrop, everyDropUnpolled, settle } from "./drops.js";
import { type Primitives, sync } from "./primitives.js";
import type { Body, Proof } from "./proof.js";

/** The proofs, on either implementation. */
export function proofsOn({ OnceCell, SetOnce }: Primitives): readonly Proof[] {
  /** An initializer that runs until it is cancelled; its cleanup awaits. */
  const work = fn(function* work(log: string[]) {
    try {
      log.push("runs");
      yield* new Gate();
      return 1;
    } finally {
      yield* yieldNow();
      log.push("cleanup");
    }
  });

  /** Somebody whose initializer runs, and fails when it is let go. */
  function failing(cell: OnceCell<number>) {
    const gate = new Gate<number>();
    const task = testTask(cell.getOrInit(() => gate));
    assertPending(task.poll());
    return () => {
      gate.fail(new Error("no value"));
      assertReadyErr(() => task.poll());
    };
  }

  function requests(
    name: string,
    ask: (cell: OnceCell<number>, initializer: () => Future<number>) => Future<number>,
  ): Record<string, Body> {
    return {
      ...everyDropUnpolled(name, function* (drop) {
        const cell = new OnceCell<number>();
        yield* drop(ask(cell, () => assert.fail("called")));
        cell.set(1);
      }),
      ...everyDrop(`${name} that waits`, function* (drop) {
        const cell = new OnceCell<number>();
        const fail = failing(cell);
        const later = testTask(cell.getOrInit(() => ready(2)));
        yield* drop(
          ask(cell, () => assert.fail("called")),
          () => assertPending(later.poll()),
        );
        fail();
        assert.ok(later.isWoken);
        assert.equal(assertReady(later.poll()), 2);
      }),
      ...everyDrop(`${name} whose turn it is`, function* (drop) {
        const cell = new OnceCell<number>();
        const fail = failing(cell);
        const next = testTask(cell.getOrInit(() => ready(2)));
        yield* drop(
          ask(cell, () => assert.fail("called")),
          () => {
            assertPending(next.poll());
            fail();
            assert.equal(next.isWoken, false);
          },
        );
        assert.ok(next.isWoken);
        assert.equal(assertReady(next.poll()), 2);
      }),
      ...everyDrop(
        `${name} whose initializer runs`,
        function* (drop) {
          const cell = new OnceCell<number>();
          const log: string[] = [];
          const next = testTask(
            cell.getOrInit(() => {
              log.push("next");
              return ready(2);
            }),
          );
          yield* drop(
            ask(cell, () => work(log)),
            () => assertPending(next.poll()),
          );
          yield* settle();
          assert.equal(assertReady(next.poll()), 2);
          assert.deepEqual(log, ["runs", "cleanup", "next"]);
        },
        { cleanupAwaits: true },
      ),
    };
  }

  return [
    {
      operation: "`cell.getOrInit()`, `getOrTryInit()`",
      claim:
        "loses its place while it waits; later its initializer is cancelled, and after its cleanup the next in line runs its own",
      proof: {
        ...requests("cell.getOrInit()", (cell, initializer) => cell.getOrInit(initializer)),
        ...requests("getOrTryInit()", (cell, initializer) => cell.getOrTryInit(initializer)),
      },
    },
    {
      operation: "`once.wait()`",
      claim: "safe",
      proof: {
        ...everyDropUnpolled("once.wait()", function* (drop) {
          const once = new SetOnce<number>();
          yield* drop(once.wait());
          once.set(1);
          assert.equal(yield* once.wait(), 1);
        }),
        ...everyDrop("once.wait() that waits", function* (drop) {
          const once = new SetOnce<number>();
          const other = testTask(once.wait());
          yield* drop(once.wait(), () => assertPending(other.poll()));
          once.set(1);
          assert.equal(assertReady(other.poll()), 1);
        }),
        ...everyDrop("once.wait() that was told", function* (drop) {
          const once = new SetOnce<number>();
          yield* drop(once.wait(), () => once.set(1));
          assert.equal(yield* once.wait(), 1);
        }),
      },
    },
  ];
}

export const proofs = proofsOn(sync);
