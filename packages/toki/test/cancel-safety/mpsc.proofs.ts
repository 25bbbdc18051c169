import assert from "node:assert/strict";
import { type Future, pending, select } from "toki";
import type { mpsc } from "toki/sync";
import { assertPending, assertReady, testTask } from "toki/test";
import { everyDrop, everyDropUnpolled } from "./drops.js";
import { type Primitives, sync } from "./primitives.js";
import type { Body, Proof } from "./proof.js";

/** The proofs, on either implementation. */
export function proofsOn({ mpsc }: Primitives): readonly Proof[] {
  type Sender = mpsc.Sender<string>;

  /** Each way to receive, as a list. */
  function receives(name: string, make: (rx: mpsc.Receiver<string>) => Future<unknown>): Record<string, Body> {
    return {
      ...everyDropUnpolled(name, function* (drop) {
        const [tx, rx] = mpsc.channel<string>(4);
        for (const message of ["a", "b"]) tx.trySend(message);
        yield* drop(make(rx));
        assert.deepEqual([yield* rx.recv(), yield* rx.recv()], ["a", "b"]);
      }),
      ...everyDrop(`${name} that waits`, function* (drop) {
        const [tx, rx] = mpsc.channel<string>(4);
        yield* drop(make(rx));
        // Nothing is left of the wait: another may begin.
        const next = testTask(rx.recv());
        assertPending(next.poll());
        tx.trySend("a");
        assert.ok(next.isWoken);
        assert.equal(assertReady(next.poll()), "a");
      }),
      ...everyDrop(`${name} that waits, a message comes while nobody does`, function* (drop) {
        const [tx, rx] = mpsc.channel<string>(4);
        yield* drop(make(rx));
        tx.trySend("a");
        assert.equal(yield* rx.recv(), "a");
      }),
      ...everyDrop(`${name} that was told of messages`, function* (drop) {
        const [tx, rx] = mpsc.channel<string>(4);
        yield* drop(make(rx), () => {
          for (const message of ["a", "b"]) tx.trySend(message);
        });
        assert.equal(rx.length, 2);
        tx.trySend("c");
        assert.deepEqual(yield* rx.recvMany(10), ["a", "b", "c"]);
      }),
      ...everyDrop(`${name} that was told of the end`, function* (drop) {
        const [tx, rx] = mpsc.channel<string>(4);
        yield* drop(make(rx), () => tx[Symbol.dispose]());
        assert.equal(yield* rx.recv(), undefined);
      }),
    };
  }

  /** Each way to send "lost" through a channel that is full. */
  function sends(name: string, make: (tx: Sender) => Future<void>): Record<string, Body> {
    return {
      ...everyDropUnpolled(name, function* (drop) {
        const [tx, rx] = mpsc.channel<string>(1);
        yield* drop(make(tx));
        assert.equal(rx.isEmpty, true);
        assert.equal(tx.capacity, 1);
      }),
      ...everyDrop(`${name} that waits`, function* (drop) {
        const [tx, rx] = mpsc.channel<string>(1);
        tx.trySend("a");
        const later = testTask(tx.send("b"));
        yield* drop(make(tx), () => assertPending(later.poll()));
        const again = testTask(tx.send("lost, and sent again"));
        assertPending(again.poll());
        assert.equal(rx.tryRecv(), "a");
        assertReady(later.poll());
        assertPending(again.poll());
        assert.equal(rx.tryRecv(), "b");
        assertReady(again.poll());
        assert.equal(rx.tryRecv(), "lost, and sent again");
        assert.equal(tx.capacity, 1);
      }),
      ...everyDrop(`${name} that was given a slot`, function* (drop) {
        const [tx, rx] = mpsc.channel<string>(1);
        tx.trySend("a");
        const next = testTask(tx.send("b"));
        yield* drop(make(tx), () => {
          assertPending(next.poll());
          rx.tryRecv();
          assert.equal(next.isWoken, false);
        });
        assert.ok(next.isWoken);
        assertReady(next.poll());
        assert.deepEqual(yield* rx.recvMany(10), ["b"]);
        assert.equal(tx.capacity, 1);
      }),
    };
  }

  /** Each way to reserve `n` slots. */
  function reserves(name: string, n: number, make: (tx: Sender) => Future<unknown>): Record<string, Body> {
    /** A channel with one slot too few. */
    const nearlyFull = () => {
      const [tx, rx] = mpsc.channel<string>(n);
      tx.trySend("a");
      return [tx, rx] as const;
    };
    return {
      ...everyDropUnpolled(name, function* (drop) {
        const [tx, rx] = mpsc.channel<string>(n);
        yield* drop(make(tx));
        assert.equal(tx.capacity, n);
        for (let i = 0; i < n; i++) tx.trySend("b");
        assert.equal(rx.length, n);
      }),
      ...everyDrop(`${name} that waits`, function* (drop) {
        const [tx, rx] = nearlyFull();
        const later = testTask(tx.reserveMany(n));
        yield* drop(make(tx), () => assertPending(later.poll()));
        const again = testTask(make(tx));
        assertPending(again.poll());
        rx.tryRecv();
        assertPending(again.poll());
        assertReady(later.poll()).release();
        again[Symbol.dispose]();
        assert.equal(tx.capacity, n);
      }),
      ...everyDrop(`${name} that waits: what it had collected is free again`, function* (drop) {
        const [tx] = nearlyFull();
        yield* drop(make(tx));
        assert.equal(tx.capacity, n - 1);
      }),
      ...everyDrop(`${name} that was given its slots`, function* (drop) {
        const [tx, rx] = nearlyFull();
        const next = testTask(tx.send("b"));
        yield* drop(make(tx), () => {
          assertPending(next.poll());
          rx.tryRecv();
          assert.equal(next.isWoken, false);
        });
        assertReady(next.poll());
        assert.equal(rx.tryRecv(), "b");
        assert.equal(tx.capacity, n);
      }),
      *[`${name} that wins a select: nothing is sent before its slots are used`]() {
        const [tx, rx] = mpsc.channel<string>(4);
        const { key } = yield* select({ slots: make(tx), never: pending() });
        assert.equal(key, "slots");
        assert.equal(rx.isEmpty, true);
        assert.equal(tx.capacity, 4 - n);
      },
    };
  }

  return [
    {
      operation: "`rx.recv()`, `rx.recvMany()`",
      claim: "safe; no message is taken",
      proof: {
        ...receives("rx.recv()", (rx) => rx.recv()),
        ...receives("rx.recvMany()", (rx) => rx.recvMany(10)),
        ...everyDrop("rx.recv() of an unbounded channel that was told of messages", function* (drop) {
          const [tx, rx] = mpsc.unboundedChannel<string>();
          yield* drop(rx.recv(), () => tx.send("a"));
          tx.send("b");
          assert.deepEqual([yield* rx.recv(), yield* rx.recv()], ["a", "b"]);
        }),
        ...everyDrop("rx.recvMany() of an unbounded channel that was told of messages", function* (drop) {
          const [tx, rx] = mpsc.unboundedChannel<string>();
          yield* drop(rx.recvMany(10), () => tx.send("a"));
          tx.send("b");
          assert.deepEqual(yield* rx.recvMany(10), ["a", "b"]);
        }),
      },
    },
    {
      operation: "`tx.send()`, `tx.sendTimeout()`",
      claim: "not safe: loses the message (nothing was sent) and its place",
      proof: {
        ...sends("tx.send()", (tx) => tx.send("lost")),
        ...sends("tx.sendTimeout()", (tx) => tx.sendTimeout("lost", { hours: 1 })),
      },
    },
    {
      operation: "`tx.reserve()`, `tx.reserveMany()`, `tx.reserveOwned()`",
      claim: "loses its place; the way to send in a `select`",
      proof: {
        ...reserves("tx.reserve()", 1, (tx) => tx.reserve()),
        ...reserves("tx.reserveMany()", 3, (tx) => tx.reserveMany(3)),
        ...reserves("tx.reserveOwned()", 1, (tx) => tx.clone().reserveOwned()),
      },
    },
    {
      operation: "`tx.closed()`",
      claim: "safe",
      proof: {
        ...everyDropUnpolled("tx.closed()", function* (drop) {
          const [tx, rx] = mpsc.channel<string>(4);
          yield* drop(tx.closed());
          rx.close();
          yield* tx.closed();
        }),
        ...everyDrop("tx.closed() that waits", function* (drop) {
          const [tx, rx] = mpsc.channel<string>(4);
          yield* drop(tx.closed());
          assert.equal(tx.isClosed, false);
          tx.trySend("a");
          assert.equal(yield* rx.recv(), "a");
          rx.close();
          yield* tx.closed();
        }),
        ...everyDrop("tx.closed() that was told", function* (drop) {
          const [tx, rx] = mpsc.channel<string>(4);
          yield* drop(tx.closed(), () => rx.close());
          yield* tx.closed();
        }),
        ...everyDrop("tx.closed() of an unbounded channel that was told", function* (drop) {
          const [tx, rx] = mpsc.unboundedChannel<string>();
          yield* drop(tx.closed(), () => rx.close());
          yield* tx.closed();
        }),
      },
    },
  ];
}

export const proofs = proofsOn(sync);
