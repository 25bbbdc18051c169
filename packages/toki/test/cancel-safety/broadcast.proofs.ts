import assert from "node:assert/strict";
import { assertPending, assertReady, testTask } from "toki/test";
import { everyDrop, everyDropUnpolled } from "./drops.js";
import { type Primitives, sync } from "./primitives.js";
import type { Proof } from "./proof.js";

/** The proofs, on either implementation. */
export function proofsOn({ broadcast, BroadcastRecvError, LaggedError }: Primitives): readonly Proof[] {
  return [
    {
      operation: "`rx.recv()`",
      claim: "safe; no value is taken, and a lag is still told",
      proof: {
        ...everyDropUnpolled("rx.recv()", function* (drop) {
          const [tx, rx] = broadcast<string>(4);
          for (const value of ["a", "b"]) tx.send(value);
          yield* drop(rx.recv());
          assert.deepEqual([yield* rx.recv(), yield* rx.recv()], ["a", "b"]);
        }),
        ...everyDropUnpolled("rx.recv() of a receiver that has lagged", function* (drop) {
          const [tx, rx] = broadcast<string>(1);
          for (const value of ["a", "b"]) tx.send(value);
          yield* drop(rx.recv());
          assert.throws(() => rx.tryRecv(), LaggedError);
          assert.equal(yield* rx.recv(), "b");
        }),
        ...everyDrop("rx.recv() that waits", function* (drop) {
          const [tx, rx] = broadcast<string>(4);
          yield* drop(rx.recv());
          // Nothing is left of the wait: another may begin.
          const next = testTask(rx.recv());
          assertPending(next.poll());
          tx.send("a");
          assert.ok(next.isWoken);
          assert.equal(assertReady(next.poll()), "a");
        }),
        ...everyDrop("rx.recv() that waits, a value comes while nobody does", function* (drop) {
          const [tx, rx] = broadcast<string>(4);
          yield* drop(rx.recv());
          tx.send("a");
          assert.equal(yield* rx.recv(), "a");
        }),
        ...everyDrop("rx.recv() that was told of values", function* (drop) {
          const [tx, rx] = broadcast<string>(4);
          const other = testTask(tx.subscribe().recv());
          yield* drop(rx.recv(), () => {
            assertPending(other.poll());
            for (const value of ["a", "b"]) tx.send(value);
          });
          assert.equal(rx.length, 2);
          assert.deepEqual([yield* rx.recv(), yield* rx.recv()], ["a", "b"]);
          assert.equal(assertReady(other.poll()), "a");
        }),
        ...everyDrop("rx.recv() that was told of values, and has lagged", function* (drop) {
          const [tx, rx] = broadcast<string>(1);
          yield* drop(rx.recv(), () => {
            for (const value of ["a", "b", "c"]) tx.send(value);
          });
          assert.throws(
            () => rx.tryRecv(),
            (error) => error instanceof LaggedError && error.skipped === 2,
          );
          assert.equal(yield* rx.recv(), "c");
        }),
        ...everyDrop("rx.recv() that was told of the end", function* (drop) {
          const [tx, rx] = broadcast<string>(4);
          yield* drop(rx.recv(), () => tx[Symbol.dispose]());
          assert.throws(
            () => rx.tryRecv(),
            (error) => error instanceof BroadcastRecvError && error.kind === "closed",
          );
        }),
      },
    },
    {
      operation: "`tx.closed()`",
      claim: "safe",
      proof: {
        ...everyDropUnpolled("tx.closed()", function* (drop) {
          const [tx, rx] = broadcast<string>(4);
          yield* drop(tx.closed());
          rx[Symbol.dispose]();
          yield* tx.closed();
        }),
        ...everyDrop("tx.closed() that waits", function* (drop) {
          const [tx, rx] = broadcast<string>(4);
          yield* drop(tx.closed());
          tx.send("a");
          assert.equal(yield* rx.recv(), "a");
          rx[Symbol.dispose]();
          yield* tx.closed();
        }),
        ...everyDrop("tx.closed() that was told", function* (drop) {
          const [tx, rx] = broadcast<string>(4);
          yield* drop(tx.closed(), () => rx[Symbol.dispose]());
          yield* tx.closed();
        }),
      },
    },
  ];
}

export const proofs = proofsOn(sync);
