import assert from "node:assert/strict";
import { assertPending, assertReady, testTask } from "toki/test";
import { everyDrop, everyDropUnpolled } from "./drops.js";
import { type Primitives, sync } from "./primitives.js";
import type { Proof } from "./proof.js";

/** The proofs, on either implementation. */
export function proofsOn({ watch }: Primitives): readonly Proof[] {
  return [
    {
      operation: "`rx.changed()`",
      claim: "safe; nothing is marked as seen",
      proof: {
        ...everyDropUnpolled("rx.changed()", function* (drop) {
          const [tx, rx] = watch(0);
          tx.send(1);
          yield* drop(rx.changed());
          assert.equal(rx.hasChanged(), true);
          yield* rx.changed();
        }),
        ...everyDrop("rx.changed() that waits", function* (drop) {
          const [tx, rx] = watch(0);
          const other = testTask(rx.clone().changed());
          yield* drop(rx.changed(), () => assertPending(other.poll()));
          tx.send(1);
          assert.ok(other.isWoken);
          assertReady(other.poll());
          yield* rx.changed();
        }),
        ...everyDrop("rx.changed() that was told of a value", function* (drop) {
          const [tx, rx] = watch(0);
          yield* drop(rx.changed(), () => tx.send(1));
          assert.equal(rx.hasChanged(), true);
          yield* rx.changed();
          assert.equal(rx.borrow(), 1);
        }),
      },
    },
    {
      operation: "`rx.waitFor()`",
      claim: "safe; what was tested is marked as seen",
      proof: {
        ...everyDropUnpolled("rx.waitFor()", function* (drop) {
          const [tx, rx] = watch(0);
          tx.send(1);
          yield* drop(rx.waitFor(() => true));
          assert.equal(rx.hasChanged(), true);
        }),
        ...everyDrop("rx.waitFor() that waits", function* (drop) {
          const [tx, rx] = watch(0);
          yield* drop(rx.waitFor((n) => n === 2));
          assert.equal(rx.hasChanged(), false);
          tx.send(2);
          assert.equal(yield* rx.waitFor((n) => n === 2), 2);
        }),
        ...everyDrop("rx.waitFor() that was told of a value", function* (drop) {
          const [tx, rx] = watch(0);
          yield* drop(
            rx.waitFor((n) => n === 1),
            () => tx.send(1),
          );
          assert.equal(rx.hasChanged(), true);
          assert.equal(yield* rx.waitFor((n) => n === 1), 1);
        }),
      },
    },
    {
      operation: "`tx.closed()`",
      claim: "safe",
      proof: {
        ...everyDropUnpolled("tx.closed()", function* (drop) {
          const [tx, rx] = watch(0);
          yield* drop(tx.closed());
          rx[Symbol.dispose]();
          yield* tx.closed();
        }),
        ...everyDrop("tx.closed() that waits", function* (drop) {
          const [tx, rx] = watch(0);
          yield* drop(tx.closed());
          assert.equal(tx.isClosed, false);
          rx[Symbol.dispose]();
          yield* tx.closed();
        }),
        ...everyDrop("tx.closed() that was told", function* (drop) {
          const [tx, rx] = watch(0);
          yield* drop(tx.closed(), () => rx[Symbol.dispose]());
          yield* tx.closed();
        }),
      },
    },
  ];
}

export const proofs = proofsOn(sync);
