import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { NotSendError } from "toki";
import { registerCrossing } from "../../dist/portable/codec/crossing.js";
import {
  decoder,
  discard,
  discardArgs,
  encoder,
  likePlatform,
  post,
  receive,
  send,
  trip,
  tripArgs,
} from "./codec.support.js";

/** A handle as those of shared objects: references to a numbered block. */
class Cell {
  readonly block: number;
  readonly salt: number;
  constructor(block: number, salt = 0) {
    this.block = block;
    this.salt = salt;
  }
}

const references = new Map<number, number>();
const count = (block: number, by: number) => {
  const now = (references.get(block) ?? 0) + by;
  assert.ok(now >= 0, "no reference is given back twice");
  references.set(block, now);
};
const total = () => [...references.values()].reduce((a, b) => a + b, 0);
let broken = -1;
registerCrossing(Cell.prototype, {
  kind: 1000,
  send(object) {
    const { block, salt } = object as Cell;
    if (block === broken) throw new Error("closed");
    count(block, 1);
    return { a: block, b: salt };
  },
  receive(a, b) {
    if (a === broken) throw new Error("gone");
    return new Cell(a, b);
  },
  release: (a) => count(a, -1),
});

beforeEach(() => {
  references.clear();
  broken = -1;
});

describe("objects of shared memory", () => {
  test("arrive as objects of their class, with the reference that the message held", () => {
    const back = trip({ cell: new Cell(7, -1), list: [new Cell(2 ** 31 - 1, -(2 ** 31))] });
    assert.ok(back.cell instanceof Cell);
    assert.deepEqual([back.cell, back.list], [new Cell(7, -1), [new Cell(2 ** 31 - 1, -(2 ** 31))]]);
    assert.equal(total(), 2);
    assert.ok(tripArgs(new Cell(1))[0] instanceof Cell);
  });

  test("one twice is one, with one reference", () => {
    const cell = new Cell(1);
    const [a, b] = trip([cell, { cell }]) as [Cell, { cell: Cell }];
    assert.equal(a, b.cell);
    assert.equal(total(), 1);
  });

  test("a kind has one crossing", () => {
    assert.throws(() => registerCrossing({}, { kind: 1000 } as never), /two crossings of kind 1000/);
  });
});

const around: [string, unknown][] = [
  ["objects", { a: 1, b: { c: [true, "text"] } }],
  ["numbers", [1, 0.5, -0, 2 ** 40, 5n, 2n ** 70n, -(2n ** 70n)]],
  ["strings", ["", "abc", "é".repeat(9), "€".repeat(7), "x".repeat(99), "€".repeat(99)]],
  [
    "arrays",
    [
      [],
      Object.assign(new Array(2), { 1: 1 }),
      Object.assign([1], { name: 2 }),
      Object.assign(new Array(9999), { 5: 1 }),
    ],
  ],
  ["collections", [new Map([[1, new Set([2])]]), new Set(["a"])]],
  ["dates and others", [new Date(5), /a/g, Object(true), Object(1n), Object("text")]],
  ["errors", [new AggregateError([new Error("a", { cause: { b: 1 } }), 2], "c"), new DOMException("d", "AbortError")]],
  ["buffers", [new Uint8Array(5), new Float64Array(2), new ArrayBuffer(7), new Uint8Array(0)]],
  ["views of one buffer", ((buffer) => [new Uint8Array(buffer, 1, 2), new DataView(buffer)])(new ArrayBuffer(9))],
  ["parcels", [new SharedArrayBuffer(4), new Blob(["x"]), new Uint8Array((1 << 20) + 1)]],
];

describe("a message that is not read gives back what it holds", () => {
  for (const [name, value] of around) {
    test(`among ${name}`, () => {
      const sent = [new Cell(1), value, { last: new Cell(2) }, new Cell(1)];
      const message = send(sent);
      assert.equal(total(), 3);
      assert.equal(discard(message.words, message.at), message.end);
      assert.equal(total(), 0);
      encoder.begin("spawn crunch");
      encoder.args(sent);
      const args = post();
      assert.equal(discardArgs(args.words, args.at), args.end);
      assert.equal(total(), 0);
    });
  }

  test("however long or deep it is", () => {
    let deep: unknown = new Cell(1);
    for (let i = 0; i < 700; i++) deep = [deep, new Cell(2)];
    const message = send([deep, Array.from({ length: 5000 }, () => new Cell(3))]);
    assert.equal(total(), 5701);
    assert.equal(discard(message.words, message.at), message.end);
    assert.equal(total(), 0);
  });
});

describe("a message that cannot be written takes nothing", () => {
  test("when a value is refused, or a getter throws, anywhere", () => {
    const cell = new Cell(1);
    const thrower = {
      get x() {
        throw new Error("getter");
      },
    };
    for (const bad of [() => {}, thrower, Promise.resolve()]) {
      for (const value of [
        [cell, bad],
        [bad, cell],
        { a: { cell }, b: [new Cell(2), { bad }] },
        new Map([[cell, bad]]),
      ]) {
        encoder.begin("spawn crunch");
        encoder.value(new Cell(5), "argument 0");
        assert.throws(() => encoder.value(value, "argument 1"));
        assert.equal(total(), 0);
        assert.throws(() => encoder.args([cell, value]));
        assert.equal(total(), 0);
      }
    }
    likePlatform({ fine: [1] });
  });

  test("the refusal names the value, not the handle before it", () => {
    encoder.begin("spawn crunch");
    assert.throws(
      () => encoder.args([new Cell(1), { f() {} }]),
      (error) => {
        return error instanceof NotSendError && error.path === "argument 1.f";
      },
    );
  });

  test("when a handle itself cannot be sent", () => {
    broken = 3;
    encoder.begin("spawn crunch");
    assert.throws(() => encoder.args([new Cell(1), [new Cell(3)]]), /^Error: closed$/);
    assert.equal(total(), 0);
  });

  test("what an earlier message took is its own", () => {
    const message = send(new Cell(1));
    encoder.begin("spawn crunch");
    assert.throws(() => encoder.value([new Cell(1), () => {}], "argument 0"));
    assert.equal(total(), 1);
    assert.ok(receive(message) instanceof Cell);
  });

  test("views of one buffer, for which the message is written twice, count once", () => {
    const { buffer } = new Uint8Array(16);
    const message = send([new Cell(1), new Uint8Array(buffer, 0, 4), new Cell(2), new Uint8Array(buffer, 4, 4)]);
    assert.equal(total(), 2);
    discard(message.words, message.at);
    assert.equal(total(), 0);
  });

  test("an array that turns out to be sparse counts once", () => {
    const message = send(Object.assign(new Array(50_000), { 3: new Cell(1), 40000: new Cell(2) }));
    assert.equal(total(), 2);
    discard(message.words, message.at);
    assert.equal(total(), 0);
  });

  test("what an error could not take along is given back", () => {
    const error = Object.assign(new Error("outer"), { kept: new Cell(1), lost: { cell: new Cell(2), f() {} } });
    const back = trip(error) as Error & { kept: Cell };
    assert.deepEqual([back.kept, "lost" in back], [new Cell(1), false]);
    assert.equal(total(), 1);
  });
});

describe("a message that cannot be read gives back what no object owns", () => {
  test("when a handle cannot be received", () => {
    const message = send([new Cell(1), new Cell(2), { deep: [new Cell(3), new Cell(4)] }]);
    broken = 3;
    assert.throws(() => receive(message), /^Error: gone$/);
    // The objects for 1 and 2 were made and own theirs.
    assert.deepEqual(
      [...references],
      [
        [1, 1],
        [2, 1],
        [3, 0],
        [4, 0],
      ],
    );
    broken = -1;
    likePlatform({ fine: [1] });
  });

  test("when it is too deep for this thread's stack", () => {
    const wrap = send([1]).words[5]!;
    const cell = send(new Cell(9)).words.slice(5, 8);
    count(9, -1);
    const tail = send([1, 2]).words[5]!;
    const depth = 200_000;
    const words = new Int32Array(depth + 8).fill(wrap);
    // [cell, [[[...cell...]]]]
    words[0] = tail;
    words.set(cell, 1);
    words.set(cell, depth + 4);
    count(9, 2);
    assert.throws(() => decoder.value(words, 0, []), RangeError);
    assert.equal(total(), 1, "that of the first, whose object was made");
  });
});
