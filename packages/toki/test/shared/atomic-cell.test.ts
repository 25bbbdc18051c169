import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidArgumentError, NotSendError } from "toki";
import { AtomicCell, DisposedError, mpsc, Semaphore } from "toki/shared";
import { assertErr } from "toki/test";
import fc, { comparable } from "../support/property.js";

describe("AtomicCell", () => {
  test("load, store and swap copy", () => {
    const first = { list: [1] };
    const cell = new AtomicCell(first);
    first.list.push(2);
    assert.deepEqual(cell.load(), { list: [1] });
    cell.load().list.push(3);
    assert.deepEqual(cell.swap({ list: [] }), { list: [1] });
    cell.store({ list: [9] });
    assert.deepEqual(cell.load(), { list: [9] });
  });

  test("holds whatever can be sent", () => {
    fc.assert(
      fc.property(comparable({ withDate: true, withMap: true, withSet: true, withBigInt: true }), (value) => {
        let expected: unknown;
        try {
          expected = structuredClone(value);
        } catch {
          return;
        }
        using cell = new AtomicCell<unknown>(value);
        assert.deepStrictEqual(cell.load(), expected);
        assert.equal(cell.compareExchange(value, null), true);
        assert.equal(cell.load(), null);
      }),
    );
  });

  test("compareExchange compares primitives as Object.is does", () => {
    const values = [0, -0, 1, 1.5, Number.NaN, 2 ** 40, "1", "", "\u{1f600}", true, null, undefined, 1n, 2n ** 70n];
    for (const held of values) {
      for (const expected of values) {
        using cell = new AtomicCell<unknown>(held);
        assert.equal(cell.compareExchange(expected, "new"), Object.is(held, expected));
        assert.ok(Object.is(cell.load(), Object.is(held, expected) ? "new" : held));
      }
    }
  });

  test("fetchAdd gives the value from before, over the limits of its short form too", () => {
    const cell = new AtomicCell(2 ** 30 - 2);
    assert.deepEqual(
      [cell.fetchAdd(1), cell.fetchAdd(1), cell.fetchAdd(-(2 ** 31))],
      [2 ** 30 - 2, 2 ** 30 - 1, 2 ** 30],
    );
    assert.equal(cell.load(), -(2 ** 30));
    cell.fetchAdd(-1);
    assert.equal(cell.load(), -(2 ** 30) - 1);
    const big = new AtomicCell(5n);
    assert.equal(big.fetchAdd(2n ** 64n), 5n);
    assert.equal(big.load(), 2n ** 64n + 5n);
  });

  test("fetchAdd refuses what is no integer, and what would lose digits", () => {
    const cell = new AtomicCell<number>(Number.MAX_SAFE_INTEGER);
    assert.ok(assertErr(() => cell.fetchAdd(1)) instanceof RangeError);
    assert.ok(assertErr(() => cell.fetchAdd(0.5)) instanceof InvalidArgumentError);
    assert.ok(assertErr(() => cell.fetchAdd(1n as never)) instanceof InvalidArgumentError);
    const text = new AtomicCell<unknown>("1");
    assert.ok(assertErr(() => text.fetchAdd(1 as never)) instanceof InvalidArgumentError);
    assert.equal(cell.load(), Number.MAX_SAFE_INTEGER);
  });

  test("update starts again if the value was replaced meanwhile", () => {
    const cell = new AtomicCell(1);
    let calls = 0;
    const before = cell.update((n) => {
      if (calls++ === 0) cell.store(10);
      return n + 1;
    });
    assert.deepEqual([calls, before, cell.load()], [2, 10, 11]);
    assert.throws(
      () =>
        cell.update(() => {
          throw new Error("no");
        }),
      /no/,
    );
    assert.equal(cell.load(), 11);
  });

  test("handles in it: each load has one of its own", () => {
    const semaphore = new Semaphore(1);
    const cell = new AtomicCell<unknown>({ semaphore });
    const [a, b] = [1, 2].map(() => (cell.load() as { semaphore: Semaphore }).semaphore);
    a?.close();
    assert.deepEqual([b?.isClosed, semaphore.isClosed], [true, true]);
    const [, rx] = mpsc.channel<number>(1);
    assert.ok(assertErr(() => cell.store(rx)) instanceof NotSendError);
    assert.equal(rx.isEmpty, true);
    assert.ok(assertErr(() => rx.tryRecv()) instanceof mpsc.TryRecvError);
  });

  test("a disposed handle refuses use, another goes on", () => {
    const cell = new AtomicCell(1);
    const other = cell.clone();
    cell[Symbol.dispose]();
    assert.ok(assertErr(() => cell.load()) instanceof DisposedError);
    assert.equal(other.load(), 1);
  });
});
