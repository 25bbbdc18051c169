import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { move, NotSendError } from "toki";
import { encoder, likePlatform, receive, same, send, trip, tripArgs } from "./codec.support.js";

const LARGE = (1 << 20) + 8;
const bytes = (size: number) => Uint8Array.from({ length: size }, (_, i) => i * 7);
const classes = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
] as readonly (new (
  buffer: ArrayBuffer,
  byteOffset?: number,
  length?: number,
) => ArrayBufferView)[];

describe("buffers and views", () => {
  for (const Class of classes) {
    test(Class.name, () => {
      for (const size of [0, 8, 64, 72, 4096]) {
        likePlatform(new Class(bytes(size).buffer));
        likePlatform(new Class(bytes(size + 16).buffer, 8, 0));
      }
    });
  }

  test("of any length", () => {
    for (let size = 0; size < 70; size++) {
      likePlatform(bytes(size));
      likePlatform(bytes(size).buffer);
      assert.deepStrictEqual(tripArgs(bytes(size), "next", 1), [bytes(size), "next", 1]);
    }
  });

  test("Float16Array, where there is one", () => {
    const Float16 = (globalThis as { Float16Array?: new (values: number[]) => object }).Float16Array;
    if (Float16 !== undefined) assert.deepStrictEqual(trip(new Float16([1.5, -2])), new Float16([1.5, -2]));
  });

  test("a view sends what it shows, and has a buffer of that size", () => {
    const back = trip(new Uint16Array(bytes(1000).buffer, 10, 20));
    assert.deepStrictEqual(back, new Uint16Array(bytes(1000).buffer, 10, 20));
    assert.deepEqual([back.byteOffset, back.buffer.byteLength], [0, 40]);
  });

  test("a Buffer arrives as a Uint8Array", () => {
    const back: Uint8Array = trip(Buffer.from("text"));
    assert.equal(Object.getPrototypeOf(back), Uint8Array.prototype);
    assert.equal(Buffer.from(back).toString(), "text");
  });

  test("so does a view of a class of the program", () => {
    class Pixels extends Uint8Array {}
    class Samples extends Float32Array {}
    same(trip([new Pixels([1, 2]), new Samples([0.5])] as unknown[]), [
      new Uint8Array([1, 2]),
      new Float32Array([0.5]),
    ]);
  });

  test("the copy is independent", () => {
    const original = bytes(100);
    const message = send(original);
    original.fill(0);
    const back = receive(message) as Uint8Array;
    assert.deepStrictEqual(back, bytes(100));
    message.words.fill(0);
    assert.deepStrictEqual(back, bytes(100));
  });

  test("one view twice is one view", () => {
    const view = bytes(10);
    const [a, b] = trip([view, view]) as [Uint8Array, Uint8Array];
    assert.equal(a, b);
  });
});

describe("two views of one buffer", () => {
  const shares = (value: [ArrayBufferView, ArrayBufferView]) => {
    const back = trip(value);
    same(back, structuredClone(value));
    assert.equal(back[0].buffer, back[1].buffer);
    return back;
  };

  test("arrive as two views of one buffer, whatever their order and ranges", () => {
    const { buffer } = bytes(80);
    const views = [
      new Uint8Array(buffer, 8, 8),
      new DataView(buffer, 12, 20),
      new Float64Array(buffer, 40, 2),
      new Uint8Array(buffer, 0, 0),
      new Uint8Array(buffer),
    ];
    for (const a of views) for (const b of views) if (a !== b) shares([a, b]);
    const all = trip(views);
    same(all, structuredClone(views));
    assert.equal(new Set(all.map((view) => view.buffer)).size, 1);
    (all[0] as Uint8Array)[0] = 99;
    assert.equal((all[4] as Uint8Array)[8], 99);
  });

  test("no more of the buffer is sent than both together show", () => {
    const { buffer } = bytes(10_000);
    const back = shares([new Uint8Array(buffer, 5000, 4), new Uint8Array(buffer, 5010, 2)]);
    assert.equal(back[0].buffer.byteLength, 12);
    assert.ok(encoder.length < 50);
  });

  test("the buffer itself beside a view is whole", () => {
    const { buffer } = bytes(100);
    for (const value of [
      [buffer, new Uint8Array(buffer, 3, 5)],
      [new Uint8Array(buffer, 3, 5), { buffer }],
    ]) {
      likePlatform(value);
    }
    const back = trip({ view: new Uint8Array(buffer, 3, 5), buffer });
    assert.equal(back.view.buffer, back.buffer);
  });

  test("large, too", () => {
    const { buffer } = bytes(LARGE * 2);
    shares([new Uint8Array(buffer, 8, 8), new Uint8Array(buffer, 16, LARGE)]);
    shares([new Uint8Array(buffer, 0, 8), new Uint8Array(buffer, LARGE, 8)]);
    assert.equal(buffer.byteLength, LARGE * 2);
  });

  test("in arguments, in the second of two values, and with other objects around", () => {
    const { buffer } = bytes(64);
    const views = () => [new Uint8Array(buffer, 0, 8), { other: [1] }, new Uint8Array(buffer, 4, 8)] as const;
    const [a, , b] = tripArgs(...views()) as [Uint8Array, unknown, Uint8Array];
    assert.equal(a.buffer, b.buffer);
    encoder.begin("spawn crunch");
    encoder.value(new Blob(["x"]), "argument 0");
    const first = encoder.length;
    encoder.value([...views(), new Blob(["y"])], "argument 1");
    assert.equal(encoder.parcels.length, 2);
    assert.ok(first > 0);
    likePlatform(views());
  });

  test("many buffers", () => {
    const buffers = Array.from({ length: 40 }, (_, i) => bytes(16 + i).buffer);
    const views = [...buffers, ...buffers.reverse()].map((buffer) => new Uint8Array(buffer, 1, 4));
    const back = trip(views);
    same(back, structuredClone(views));
    assert.equal(new Set(back.map((view) => view.buffer)).size, 40);
  });

  test("a getter that shows another buffer the second time", () => {
    const { buffer } = bytes(32);
    let looks = 0;
    const value = [
      new Uint8Array(buffer, 0, 4),
      new Uint8Array(buffer, 4, 4),
      {
        get it() {
          return ++looks === 1 ? 0 : new Uint8Array(bytes(looks * 4).buffer, 2, 2);
        },
      },
      new Uint8Array(bytes(9)),
    ];
    const back = trip(value) as [Uint8Array, Uint8Array, { it: Uint8Array }];
    assert.equal(back[0].buffer, back[1].buffer);
    assert.deepStrictEqual(back[2].it, new Uint8Array([14, 21]));
  });
});

describe("parcels", () => {
  test("large buffers and views are copied, and the sender keeps them", () => {
    for (const value of [bytes(LARGE), bytes(LARGE).buffer, new Float64Array(bytes(LARGE + 8).buffer, 8)]) {
      const message = send({ value, again: value });
      assert.equal(encoder.parcels.length, 1);
      assert.ok(encoder.length < 100);
      assert.equal(value.byteLength, LARGE);
      const back = receive(message) as { value: object; again: object };
      assert.deepStrictEqual(back.value, value);
      assert.equal(back.again, back.value);
    }
    const view = new Uint8Array(bytes(2 * LARGE).buffer, 8, LARGE);
    const back = trip(view);
    assert.deepEqual([back.buffer.byteLength, back.length], [LARGE, LARGE]);
  });

  test("what was moved is taken away, at any depth and size", () => {
    for (const size of [0, 10, LARGE]) {
      for (const value of [bytes(size), bytes(size).buffer, new DataView(bytes(size).buffer)]) {
        const expected = structuredClone(value);
        const back = trip({ deep: [move(value)], again: value }) as { deep: object[]; again: object };
        assert.deepStrictEqual(back.deep[0], expected);
        assert.equal(back.again, back.deep[0]);
        const buffer = value instanceof ArrayBuffer ? value : value.buffer;
        assert.equal(buffer.byteLength, 0);
        assert.throws(() => new Uint8Array(buffer), TypeError, "detached");
        assert.throws(
          () => send([value]),
          /NotSendError: spawn crunch: argument 0\[0\] is a buffer that has been moved away/,
        );
      }
    }
  });

  test("a moved view takes the whole buffer along, and other views of it", () => {
    const { buffer } = bytes(100);
    for (const other of [new Uint8Array(buffer, 50, 5), buffer]) {
      const own = buffer.slice(0);
      const theirs = other === buffer ? own : new Uint8Array(own, 50, 5);
      const views = [theirs, move(new Uint8Array(own, 1, 2))] as const;
      const back = trip(views);
      assert.equal(own.byteLength, 0);
      assert.deepStrictEqual(back[0], other);
      assert.deepEqual([back[1].byteOffset, back[1].buffer.byteLength], [1, 100]);
      assert.equal(back[0] instanceof ArrayBuffer ? back[0] : back[0].buffer, back[1].buffer);
    }
  });

  test("shared memory is shared", () => {
    const shared = new SharedArrayBuffer(16);
    const [buffer, view, same] = tripArgs(shared, { view: new Int32Array(shared, 4, 2) }, shared) as [
      SharedArrayBuffer,
      { view: Int32Array },
      SharedArrayBuffer,
    ];
    view.view[0] = 77;
    assert.equal(new Int32Array(shared)[1], 77);
    assert.equal(view.view.byteOffset, 4);
    assert.ok(buffer instanceof SharedArrayBuffer && same === buffer);
  });

  test("a buffer that can be resized stays so", () => {
    const make = ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer;
    const buffer = new make(8, { maxByteLength: 64 }) as ArrayBuffer & { resizable?: boolean; maxByteLength?: number };
    new Uint8Array(buffer)[7] = 5;
    const back = trip(buffer);
    assert.deepEqual([back.resizable, back.maxByteLength], [true, 64]);
    assert.deepEqual(new Uint8Array(back), new Uint8Array(buffer));
    assert.deepStrictEqual(trip(new Uint8Array(buffer, 4)), new Uint8Array([0, 0, 0, 5]));
    assert.equal(buffer.byteLength, 8);
  });

  test("a port can only be moved", () => {
    const { port1, port2 } = new MessageChannel();
    assert.throws(
      () => send({ port1 }),
      (error) => error instanceof NotSendError && error.path === "argument 0.port1",
    );
    const back = trip({ port: move(port1 as never) }) as { port: MessagePort };
    assert.notEqual(back.port, port1);
    back.port.close();
    port2.close();
  });

  test("parcels are numbered over all values of a message, and a refusal leaves none", () => {
    const shared = [new SharedArrayBuffer(1), new SharedArrayBuffer(2)] as const;
    encoder.begin("spawn crunch");
    encoder.value(shared[0], "argument 0");
    encoder.args([shared[1], shared[0]]);
    assert.deepEqual(encoder.parcels, [shared[0], shared[1], shared[0]]);
    const kept = encoder.parcels;
    assert.throws(() => encoder.value([move(new Uint8Array(5)), () => {}], "argument 1"), NotSendError);
    assert.deepEqual([encoder.parcels, encoder.transfer], [[], []]);
    encoder.begin("spawn crunch");
    assert.notEqual(encoder.parcels, kept);
  });
});
