import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "../support/property.js";
import { Decoder, decoder, discard, encoder, post, receive, same, send, tripArgs } from "./codec.support.js";

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
  withUnicodeString: true,
  maxDepth: 4,
  values: [
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ maxLength: 40 }),
    // Any code units: lone surrogates as well.
    fc.array(fc.nat(0xffff), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  ],
  key: fc.oneof(fc.string({ maxLength: 30 }), fc.constantFrom("__proto__", "toString", "constructor", "0", "length")),
});

/** Graphs: objects that refer to each other in any way. */
const graph = fc
  .array(fc.tuple(fc.nat(3), fc.array(fc.nat(40), { maxLength: 6 })), { minLength: 1, maxLength: 40 })
  .map((nodes) => {
    const all = nodes.map(([kind]) => (kind === 0 ? {} : kind === 1 ? [] : kind === 2 ? new Map() : new Set()));
    for (const [i, [, edges]] of nodes.entries()) {
      for (const edge of edges) {
        const node = all[i]!;
        const to = all[edge % all.length];
        if (Array.isArray(node)) node.push(to);
        else if (node instanceof Map) node.set(to, node.size);
        else if (node instanceof Set) node.add(to);
        else (node as Record<string, unknown>)[`to${edge}`] = to;
      }
    }
    return all[0];
  });

describe("for any value", () => {
  test("what arrives equals what structuredClone makes", () => {
    fc.assert(
      fc.property(anything, (value) => {
        const message = send(value);
        same(receive(message), structuredClone(value));
      }),
      { numRuns: 2000 },
    );
  });

  test("arguments, one message after another in the same memory", () => {
    fc.assert(
      fc.property(fc.array(fc.array(anything, { maxLength: 4 }), { maxLength: 5 }), (calls) => {
        encoder.begin("spawn crunch");
        for (const args of calls) encoder.args(args);
        const { words, at, end } = post();
        let position = at;
        for (const args of calls) {
          assert.deepStrictEqual(decoder.args(words, position, []), structuredClone(args));
          assert.equal(discard(words, position), decoder.position);
          position = decoder.position;
        }
        assert.equal(position, end);
      }),
      { numRuns: 300 },
    );
  });

  test("graphs keep their shape", () => {
    fc.assert(
      fc.property(graph, (node) => {
        const copy = receive(send(node));
        sameShape(copy, structuredClone(node), new Map());
      }),
      { numRuns: 500 },
    );
  });

  test("a refusal anywhere leaves the encoder as it was", () => {
    fc.assert(
      fc.property(anything, anything, (before, after) => {
        encoder.begin("spawn crunch");
        assert.throws(() => encoder.args([before, { bad: [Symbol("no")] }, after]), { path: "argument 1.bad[0]" });
        assert.equal(encoder.length, 0);
        assert.deepStrictEqual(tripArgs(after, before), structuredClone([after, before]));
      }),
      { numRuns: 300 },
    );
  });

  test("a decoder that has read other messages reads the same", () => {
    fc.assert(
      fc.property(anything, (value) => {
        const { words, at, end } = send(value);
        const fresh = new Decoder();
        assert.deepStrictEqual(fresh.value(words, at, []), decoder.value(words, at, []));
        assert.equal(fresh.position, end);
      }),
      { numRuns: 500 },
    );
  });
});

/** Compares two graphs edge by edge; deepEqual would not tell one object from two equal ones. */
function sameShape(actual: unknown, expected: unknown, known: Map<unknown, unknown>): void {
  if (typeof expected !== "object" || expected === null) {
    assert.equal(actual, expected);
    return;
  }
  if (known.has(expected)) {
    assert.equal(actual, known.get(expected));
    return;
  }
  known.set(expected, actual);
  const parts = (value: unknown) =>
    value instanceof Map
      ? [...value].flat()
      : value instanceof Set
        ? [...value]
        : Object.entries(value as object).flat();
  const [ours, theirs] = [parts(actual), parts(expected)];
  assert.equal(ours.length, theirs.length);
  for (const [i, part] of theirs.entries()) sameShape(ours[i], part, known);
}
