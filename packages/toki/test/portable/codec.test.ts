import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import vm from "node:vm";
import { NotSendError, ready } from "toki";
import { mpsc } from "toki/sync";
import {
  Decoder,
  decoder,
  Encoder,
  encoder,
  likePlatform,
  post,
  receive,
  send,
  trip,
  tripArgs,
} from "./codec.support.js";

const cycle: { self?: unknown; list: unknown[] } = { list: [] };
cycle.self = cycle;
cycle.list.push(cycle, cycle.list);
const mapCycle = new Map<unknown, unknown>();
mapCycle.set(mapCycle, new Set([mapCycle]));
const twice = { a: 1 };
const named = Object.assign([1, 2, 3], { extra: { b: 2 }, "05": 1, "-1": 2, 4294967295: "beyond" });
const hidden = Object.defineProperty([1, 2], 0, { enumerable: false });
class List extends Array<number> {}
class Dictionary extends Map<string, number> {}

const values: Record<string, unknown> = {
  integers: [
    0,
    1,
    -1,
    2 ** 30 - 1,
    2 ** 30,
    -(2 ** 30),
    -(2 ** 30) - 1,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    2 ** 32,
    2 ** 53,
  ],
  doubles: [0.5, -0, Number.NaN, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE, 1e-7, Math.PI],
  "undefined, null, booleans": [undefined, null, true, false],
  bigints: [0n, -1n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n, 3n ** 5000n, -(7n ** 100n)],
  "short strings": Array.from({ length: 20 }, (_, i) => "abcdefghijklmnopqrst".slice(0, i)),
  "Latin-1": ["\u0000", "\u00ff\u00fe\u0080", "é".repeat(16), "ü".repeat(17), "ÿ".repeat(5000)],
  "wide strings": [
    "€",
    "a€",
    "ab€c",
    "€".repeat(15),
    "€".repeat(16),
    "€".repeat(17),
    `${"x".repeat(3001)}€`,
    "👍🏽".repeat(99),
  ],
  "lone surrogates": ["\ud800", "a\udc00b", "\udc00\ud800", `${"y".repeat(50)}\ud83d`, "\udfff".repeat(33)],
  "a long string": "0123456789".repeat(100_000),
  "a joined string": "ab".repeat(9) + String(Math.PI),
  dates: [new Date(0), new Date(-1.5e12), new Date(8.64e15)],
  regexps: [/a(b)?/giu, /(?:)/, /\/[\n]/s, /€/y],
  "boxed primitives": [
    Object(true),
    Object(false),
    Object(-0),
    Object("text"),
    Object(""),
    Object(5n),
    Object(2n ** 99n),
  ],
  objects: {
    a: 1,
    b: { c: [] },
    "": 0,
    "odd key": 1,
    clé: 2,
    "€": 3,
    7: "seven",
    3: "three",
    aVeryLongPropertyName: 4,
  },
  "names that Object.prototype has": {
    toString: 1,
    constructor: 2,
    hasOwnProperty: 3,
    valueOf: null,
    __defineGetter__: 4,
  },
  "__proto__ as a name": JSON.parse('{"__proto__": {"x": 1}, "a": {"__proto__": 5}}'),
  "no prototype": Object.assign(Object.create(null), { a: 1 }),
  "own enumerable strings alone": Object.defineProperty(
    Object.assign(Object.create(null, { hidden: { value: 2 } }), { own: 1, [Symbol("s")]: 3 }),
    "late",
    { value: 4, enumerable: true },
  ),
  "a getter": {
    get now() {
      return [1];
    },
  },
  "a frozen object": Object.freeze({ a: Object.freeze([1]) }),
  arrays: [[], [[]], [1, "a", null, [2.5]], new Array(3)],
  holes: Object.assign(new Array(6), { 1: 1, 4: undefined }),
  "many holes": Object.assign(new Array(5000), { 0: 1, 4000: 2 }),
  "a huge array of nothing": Object.assign(new Array(4_000_000_000), { 5: "x", 3999999999: [1] }),
  "elements, then nothing": Object.assign(
    new Array(100_000),
    Array.from({ length: 2000 }, (_, i) => ({ i })),
  ),
  "names on an array": named,
  "names on an array of some length": Object.assign(Array.from({ length: 20 }), { name: 1, "": 2 }),
  "names on an array of some length with holes": Object.assign(new Array(20), { 3: 1, name: 1 }),
  "many elements": Array.from({ length: 5000 }, (_, i) => i - 2500),
  "names on an array with holes": Object.assign(new Array(3), { 1: 1, name: 2 }),
  "names on a sparse array": Object.assign(new Array(1e6), { 1: 1, name: { deep: [1] } }),
  "the result of a match": "hello".match(/l(?<second>l)/),
  "a hidden element": [hidden[0], hidden[1]],
  "a subclass of Array": List.from([1, 2]),
  maps: new Map<unknown, unknown>([
    [1, "one"],
    [{ k: 1 }, new Map([["x", new Set([1, [2]])]])],
    [Number.NaN, -0],
  ]),
  sets: new Set<unknown>([1, "1", { a: 1 }, new Set()]),
  "a subclass of Map": new Dictionary([["a", 1]]),
  cycle,
  "a cycle of collections": mapCycle,
  "one object many times": [twice, { twice }, new Map([[twice, twice]]), new Set([twice])],
  "more objects than are compared one by one": (() => {
    const all = Array.from({ length: 100 }, (_, i) => ({ i }));
    return [...all, ...all.reverse()];
  })(),
};

describe("round trips equal those of structuredClone", () => {
  for (const [name, value] of Object.entries(values)) test(name, () => likePlatform(value));

  test("identity holds across values and arguments of one message, and not across messages", () => {
    const [a, b] = trip([twice, [twice]]) as [object, object[]];
    assert.equal(a, b[0]);
    const [c, d] = tripArgs(twice, { twice }) as [object, { twice: object }];
    assert.equal(c, d.twice);
    assert.notEqual(trip(twice), trip(twice));
    const list = trip(values["more objects than are compared one by one"]) as object[];
    assert.equal(new Set(list).size, 100);
    assert.equal(list[0], list[199]);
    const back = trip(cycle);
    assert.ok(back.self === back && back.list[0] === back && back.list[1] === back.list);
  });

  test("a date that is none", () => {
    const back = trip(new Date(Number.NaN)); // deepStrictEqual tells two of them apart
    assert.ok(back instanceof Date && Number.isNaN(back.getTime()));
  });

  test("plain objects and arrays of another realm", () => {
    assert.deepStrictEqual(trip(vm.runInNewContext("({ a: [1, { b: 2 }] })")), { a: [1, { b: 2 }] });
  });

  test("Object.prototype being changed makes no difference", () => {
    const prototype = Object.prototype as { polluted?: unknown };
    Object.defineProperty(prototype, "polluted", {
      set: () => assert.fail("called"),
      configurable: true,
      enumerable: true,
    });
    try {
      assert.deepStrictEqual(Object.keys(trip({ a: 1, polluted: 2 })), ["a", "polluted"]);
    } finally {
      delete prototype.polluted;
    }
  });

  test("what only the platform knows goes as a parcel", () => {
    const blob = new Blob(["text"]);
    const message = send({ blob, again: [blob] });
    assert.equal(encoder.parcels.length, 1);
    assert.deepEqual(encoder.transfer, []);
    const back = receive(message) as { blob: Blob; again: Blob[] };
    assert.ok(back.blob instanceof Blob && back.blob.size === 4);
    assert.equal(back.again[0], back.blob);
    send(1);
    assert.deepEqual(encoder.parcels, []);
  });
});

describe("messages", () => {
  test("the usual arguments take few words", () => {
    const words = (...args: unknown[]) => {
      encoder.begin("spawn crunch");
      encoder.args(args);
      return encoder.length;
    };
    assert.equal(words(), 1);
    assert.equal(words(1, -5, true, null, undefined), 6);
    assert.equal(words(0.5, 1.5), 7);
    assert.equal(words("short string"), 5);
    assert.ok(words(new Uint8Array(8)) <= 4);
  });

  test("arguments: any number, holes as undefined", () => {
    for (let count = 0; count < 40; count++) {
      const args = Array.from({ length: count }, (_, i) => (i % 3 === 0 ? { i } : i));
      assert.deepStrictEqual(tripArgs(...args), args);
    }
    encoder.begin("spawn crunch");
    encoder.args(Object.assign(new Array(3), [1]));
    const { words, at } = post();
    assert.deepStrictEqual(decoder.args(words, at, []), [1, undefined, undefined]);
  });

  test("several values after one begin are read one after another", () => {
    const sent = Object.entries(values).filter(([name]) => name !== "a long string");
    encoder.begin("spawn crunch");
    const starts: number[] = [];
    for (const [, value] of sent) {
      starts.push(encoder.length);
      encoder.value(value, "argument 0");
    }
    encoder.args(["the", "end"]);
    const { words, at, end, parcels } = post();
    let position = at;
    for (const [i, [, value]] of sent.entries()) {
      assert.equal(position, at + starts[i]!);
      assert.deepStrictEqual(decoder.value(words, position, parcels), structuredClone(value));
      position = decoder.position;
    }
    assert.deepStrictEqual(decoder.args(words, position, parcels), ["the", "end"]);
    assert.equal(decoder.position, end);
  });

  test("more words than before, at every place where memory can run out", () => {
    for (let before = 1000; before < 1040; before++) {
      const own = new Encoder();
      const value = [
        ...Array.from({ length: before }, (_, i) => i),
        "short",
        1.5,
        2n ** 40n,
        { key: [true] },
        "x".repeat(40),
      ];
      own.begin("spawn crunch");
      own.value(value, "argument 0");
      assert.deepStrictEqual(new Decoder().value(own.words, 0, []), value);
    }
  });

  test("a large message leaves no large memory behind", () => {
    encoder.begin("spawn crunch");
    encoder.value("x".repeat(8_000_000), "argument 0");
    assert.ok(encoder.words.length >= 2_000_000);
    encoder.begin("spawn crunch");
    assert.ok(encoder.words.length < 100_000);
  });

  test("neither side keeps what it sent or received", async () => {
    setFlagsFromString("--expose-gc");
    const collect = vm.runInNewContext("gc") as () => void; // a context made after the flag has it
    const refs: WeakRef<object>[] = [];
    (() => {
      for (const count of [1, 40, 3000]) {
        const objects = Array.from({ length: count }, () => ({ bytes: new Uint8Array(4) }));
        const received = trip(objects);
        for (const object of [objects, objects[0]!, objects[0]!.bytes, received, received.at(-1)!]) {
          refs.push(new WeakRef(object));
        }
      }
      trip(1);
    })();
    for (let i = 0; i < 20 && refs.some((ref) => ref.deref() !== undefined); i++) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    assert.equal(refs.filter((ref) => ref.deref() !== undefined).length, 0);
  });
});

describe("what cannot be sent", () => {
  const [tx] = mpsc.channel<number>(1);
  class Account {
    balance = 1;
  }
  const refused: [unknown, RegExp][] = [
    [() => {}, /^NotSendError: spawn crunch: argument 0 is the function .*, and code cannot be sent$/],
    [{ options: { callback() {} } }, /spawn crunch: argument 0\.options\.callback is the function callback/],
    [[1, [Symbol("x")]], /argument 0\[1\]\[0\] is a symbol/],
    [Object.assign([1], { callback() {} }), /argument 0\.callback is the function callback/],
    [Object.assign([], { 5: Symbol("x"), 4000000000: 1 }), /argument 0\[5\] is a symbol/],
    [new Map([["key", () => {}]]), /argument 0\.get\("key"\) is the function/],
    [new Set([Symbol("x")]), /argument 0 \(an entry\) is a symbol/],
    [{ "odd key": tx }, /argument 0\["odd key"\] is an instance of Sender, which belongs to this thread/],
    [ready(1), /argument 0 is an instance of/],
    [[Promise.resolve()], /argument 0\[0\] is an instance of Promise/],
    [new WeakMap(), /argument 0 is an instance of WeakMap/],
    [{ a: new Account() }, /argument 0\.a is an instance of Account/],
    [Object(Symbol("x")), /argument 0 is an instance of Symbol/],
    [(function* () {})(), /argument 0 is/],
  ];

  test("is refused with its path, and the encoder goes on", () => {
    for (const [value, message] of refused) {
      encoder.begin("spawn crunch");
      encoder.value({ before: 1 }, "argument 0");
      assert.throws(
        () => encoder.value(value, "argument 0"),
        (error) => error instanceof NotSendError && message.test(String(error)),
      );
      assert.equal(encoder.length, 0);
      assert.deepEqual([encoder.parcels, encoder.transfer], [[], []]);
      likePlatform(cycle);
    }
  });

  test("an argument is named by its number", () => {
    encoder.begin("spawn crunch");
    assert.throws(() => encoder.args([1, "two", { f() {} }]), { path: "argument 2.f", code: "TOKI_NOT_SEND" });
    assert.throws(() => encoder.args([1, new Account()]), { path: "argument 1" });
  });

  test("what a getter throws is thrown", () => {
    const failure = new Error("from the getter");
    encoder.begin("spawn crunch");
    const thrower = {
      a: [1],
      get b() {
        throw failure;
      },
    };
    assert.throws(
      () => encoder.value([thrower], "argument 0"),
      (error) => error === failure,
    );
    assert.equal(encoder.length, 0);
    likePlatform(cycle);
  });

  test("a getter that makes a message of its own is told so", () => {
    const nested = {
      get inner() {
        encoder.begin("spawn inner");
        return 1;
      },
    };
    encoder.begin("spawn outer");
    assert.throws(() => encoder.value(nested, "argument 0"), /NotSendError: spawn inner: called by a getter/);
    likePlatform(cycle);
  });

  test("a value that changes while it is looked at again is refused still", () => {
    let looks = 0;
    const fickle = {
      get it() {
        return looks++ === 0 ? () => {} : 1;
      },
    };
    encoder.begin("spawn crunch");
    assert.throws(() => encoder.value(fickle, "the result"), /NotSendError: spawn crunch: the result cannot be sent/);
  });

  test("a getter that changes the object and its arrays does no harm", () => {
    const list: unknown[] = [
      1,
      {
        get a() {
          list.length = 2;
          delete object.later;
          return 5;
        },
      },
      3,
      4,
    ];
    const object: Record<string, unknown> = { list, later: 1, last: 2 };
    const back = trip(object) as { list: unknown[] };
    assert.deepStrictEqual(back.list.slice(0, 2), [1, { a: 5 }]);
    assert.equal(back.list.length, 4);
    assert.ok(!("later" in back));
  });
});

describe("depth", () => {
  const nest = (depth: number, inner: unknown) => {
    let value: unknown = inner;
    for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { value };
    return value;
  };

  test("hundreds of levels", () => assert.deepStrictEqual(trip(nest(500, 1)), nest(500, 1)));

  test("too many levels are a RangeError, and the encoder goes on", () => {
    encoder.begin("spawn crunch");
    assert.throws(() => encoder.value(nest(100_000, 1), "argument 0"), RangeError);
    assert.equal(encoder.length, 0);
    assert.throws(() => encoder.args([nest(100_000, () => {})]), RangeError);
    likePlatform(cycle);
  });

  test("10,000 levels do not crash, in either direction", () => {
    encoder.begin("spawn crunch");
    try {
      encoder.value(nest(10_000, 1), "argument 0");
      receive(post());
    } catch (error) {
      assert.ok(error instanceof RangeError);
    }
    likePlatform(cycle);
  });

  test("a message too deep to be read is a RangeError, and the decoder goes on", () => {
    const depth = 200_000;
    send([1]);
    const open = encoder.words[0]!; // an array of one element
    const words = new Int32Array(depth + 1).fill(open);
    words[depth] = 3;
    assert.throws(() => decoder.value(words, 0, []), RangeError);
    likePlatform(cycle);
  });

  test("what is no message is an error, and the decoder goes on", () => {
    assert.throws(() => decoder.value(new Int32Array(4), 0, []), /not a message/);
    likePlatform(cycle);
  });
});
