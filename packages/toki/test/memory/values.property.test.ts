// Values through a record: in its own words, in a block, in a message.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as valuesModule from "../../dist/runtime/scheduler/multi-thread/values.js";
import fc, { comparable } from "../support/property.js";
import { Arena } from "./support.js";

interface Values {
  readonly encoder: {
    readonly length: number;
    readonly parcels: readonly unknown[];
    begin(where: string): void;
    value(value: unknown, path: string): void;
    args(values: readonly unknown[]): void;
  };
  put(record: number, flags: number): boolean;
  message(transfer: unknown[]): readonly unknown[];
  takeArgs(record: number, parcels?: readonly unknown[]): unknown[];
  takeValue(record: number, parcels?: readonly unknown[]): unknown;
  takeNamedArgs(record: number, parcels?: readonly unknown[]): { args: unknown[]; name: string };
  dropArgs(record: number): void;
  dropValue(record: number): void;
}
const { Values, HAS_PARCELS, HAS_NAME } = valuesModule as unknown as {
  Values: new (arena: Arena) => Values;
  HAS_PARCELS: number;
  HAS_NAME: number;
};

function setup() {
  const arena = new Arena(Arena.createBuffer(64 << 20));
  return { arena, values: new Values(arena), record: arena.alloc(0) };
}

const anything = comparable({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withUnicodeString: true,
  maxDepth: 3,
} as fc.ObjectConstraints);

describe("values in records", () => {
  test("a value comes back as it was, and its memory with it", () => {
    const { arena, values, record } = setup();
    fc.assert(
      fc.property(anything, (value) => {
        values.encoder.begin("test");
        values.encoder.value(value, "it");
        const parcels = [...values.encoder.parcels];
        assert.ok(values.put(record, parcels.length > 0 ? HAS_PARCELS : 0));
        assert.deepEqual(values.takeValue(record, parcels), structuredClone(value));
        assert.equal(arena.inUse, 1);
      }),
      { numRuns: 300 },
    );
  });

  test("arguments, with and without a name, read or dropped", () => {
    const { arena, values, record } = setup();
    fc.assert(
      fc.property(
        fc.array(anything, { maxLength: 5 }),
        fc.option(fc.string(), { nil: undefined }),
        fc.boolean(),
        (args, name, drops) => {
          const { encoder } = values;
          encoder.begin("test");
          encoder.args(args);
          if (name !== undefined) encoder.value(name, "name");
          const parcels = [...encoder.parcels];
          assert.ok(values.put(record, (parcels.length > 0 ? HAS_PARCELS : 0) | (name === undefined ? 0 : HAS_NAME)));
          if (drops) values.dropArgs(record);
          else if (name === undefined) assert.deepEqual(values.takeArgs(record, parcels), structuredClone(args));
          else assert.deepEqual(values.takeNamedArgs(record, parcels), { args: structuredClone(args), name });
          assert.equal(arena.inUse, 1);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("of every length: in the record, in blocks of all classes, in a message", () => {
    const { arena, values, record } = setup();
    const where = new Set<string>();
    for (let length = 0; length < 3 << 20; length = length < 40 ? length + 1 : Math.floor(length * 1.3)) {
      const value = { text: "t".repeat(length) };
      values.encoder.begin("test");
      values.encoder.value(value, "it");
      let parcels: readonly unknown[] = [];
      if (values.put(record, 0)) where.add(arena.inUse === 1 ? "record" : "block");
      else {
        where.add("message");
        parcels = values.message([]);
      }
      assert.deepEqual(values.takeValue(record, parcels), value);
      assert.equal(arena.inUse, 1);
    }
    assert.deepEqual([...where], ["record", "block", "message"]);
  });

  test("a result that nobody reads is dropped with its memory", () => {
    const { arena, values, record } = setup();
    for (const value of [1, "x".repeat(1000), { a: [1, 2, 3].map(String) }]) {
      values.encoder.begin("test");
      values.encoder.value(value, "it");
      values.put(record, 0);
      values.dropValue(record);
      assert.equal(arena.inUse, 1);
    }
  });
});
