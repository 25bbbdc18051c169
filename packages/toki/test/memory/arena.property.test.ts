import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { OutOfMemoryError } from "toki";
import fc from "../support/property.js";
import { Arena, CLASSES, classFor, fill, type Held, isIntact, MAX_BLOCK_WORDS, wordsOf } from "./support.js";

const MIB = 1 << 20;

/** Allocate a block of a class, or free one of those in use. */
const steps = (most: number) =>
  fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ alloc: fc.integer({ min: 0, max: most }) }) },
      { weight: 2, arbitrary: fc.record({ free: fc.nat() }) },
    ),
    { maxLength: 300 },
  );

describe("Arena, on one thread", () => {
  test("blocks in use never overlap, and are counted exactly, whatever comes and goes", () => {
    fc.assert(
      fc.property(steps(9), (program) => {
        const arena = new Arena(Arena.createBuffer(256 * MIB));
        const held: Held[] = [];
        let stamp = 0;
        for (const step of program) {
          if ("alloc" in step) {
            stamp += 1000;
            const one = { block: arena.alloc(step.alloc), k: step.alloc, stamp };
            fill(arena, one);
            held.push(one);
          } else if (held.length > 0) {
            const [one] = held.splice(step.free % held.length, 1) as [Held];
            assert.ok(isIntact(arena, one));
            arena.free(one.block, one.k);
          }
          assert.equal(arena.inUse, held.length);
        }
        const sorted = [...held].sort((a, b) => a.block - b.block);
        sorted.forEach((one, i) => {
          assert.ok(isIntact(arena, one));
          const next = sorted[i + 1];
          if (next !== undefined) assert.ok(one.block + wordsOf(one.k) <= next.block);
        });
        for (const one of held) arena.free(one.block, one.k);
        assert.equal(arena.inUse, 0);
      }),
      { numRuns: 60 },
    );
  });

  test("the longest blocks too; what was freed is used again before the buffer grows", () => {
    const arena = new Arena(Arena.createBuffer(64 * MIB));
    const start = arena.byteLength;
    assert.equal(start, MIB);
    const take = () => Array.from({ length: CLASSES }, (_, k) => ({ block: arena.alloc(k), k }));
    const first = take();
    assert.equal(arena.inUse, CLASSES);
    const grown = arena.byteLength;
    assert.ok(grown > start);
    for (let round = 0; round < 100; round++) {
      for (const { block, k } of round === 0 ? first : take()) arena.free(block, k);
    }
    assert.equal(arena.byteLength, grown);
    assert.equal(arena.inUse, 0);
  });

  test("a class is the smallest that holds so many words", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_BLOCK_WORDS }), (words) => {
        const k = classFor(words);
        assert.ok(wordsOf(k) >= words && (k === 0 || wordsOf(k - 1) < words));
      }),
    );
    assert.equal(classFor(MAX_BLOCK_WORDS), CLASSES - 1);
  });

  test("at its maximum it throws OutOfMemoryError, loses nothing, and goes on when something is freed", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 20 }), (classes) => {
        const arena = new Arena(Arena.createBuffer(2 * MIB));
        const held: Held[] = [];
        let fulls = 0;
        for (let i = 0; fulls < 3; i++) {
          const k = classes[i % classes.length] as number;
          try {
            const one = { block: arena.alloc(k), k, stamp: i * 1000 };
            fill(arena, one);
            held.push(one);
          } catch (error) {
            assert.ok(error instanceof OutOfMemoryError);
            assert.equal(error.code, "TOKI_OUT_OF_MEMORY");
            assert.match(error.message, /2 MiB/);
            fulls++;
          }
          assert.equal(arena.inUse, held.length);
        }
        assert.ok(arena.byteLength <= 2 * MIB);
        for (const one of held) assert.ok(isIntact(arena, one));
        // Every block that there is can be had again.
        const before = held.map(({ k }) => k);
        for (const one of held) arena.free(one.block, one.k);
        assert.equal(arena.inUse, 0);
        for (const k of before) arena.alloc(k);
        assert.equal(arena.inUse, before.length);
      }),
      { numRuns: 25 },
    );
  });

  test("slots: as many as there are, each once; one that is released is used again, with what its thread had in its cache", () => {
    const buffer = Arena.createBuffer(64 * MIB);
    const arena = new Arena(buffer);
    const slots = Array.from({ length: 1023 }, () => arena.reserveSlot());
    assert.equal(new Set([arena.slot, ...slots]).size, 1024);
    assert.throws(() => arena.reserveSlot(), /more than 1024 threads/);
    const other = new Arena(buffer, slots[500]);
    const blocks = Array.from({ length: 100 }, () => other.alloc(0));
    assert.equal(arena.inUse, 100);
    for (const block of blocks.slice(0, 60)) other.free(block, 0);
    for (const block of blocks.slice(60)) arena.free(block, 0);
    assert.equal(arena.inUse, 0);
    arena.releaseSlot(slots[500] as number);
    assert.equal(arena.inUse, 0);
    assert.equal(arena.reserveSlot(), slots[500]);
    const before = arena.byteLength;
    const again = Array.from({ length: 100 }, () => arena.alloc(0));
    assert.equal(new Set(again).size, 100);
    assert.equal(arena.byteLength, before);
  });
});

describe("Arena, on real threads", { timeout: 60_000 }, () => {
  for (const [threads, maxMiB] of [
    [2, 256],
    [4, 256],
    [3, 4],
  ] as const) {
    test(`${threads} threads in at most ${maxMiB} MiB: blocks are whole and counted, whoever frees them`, async (t) => {
      const seed = 1 + Math.floor(Math.random() * 1e6);
      t.diagnostic(`seed ${seed}`);
      const buffer = Arena.createBuffer(maxMiB * MIB);
      const arena = new Arena(buffer);
      // Where threads leave blocks for each other: pairs of block and class.
      const shared = new SharedArrayBuffer(4 * 256);
      const ends = Array.from({ length: threads }, async (_, i) => {
        const thread = new Worker(new URL("./arena.thread.js", import.meta.url), {
          workerData: { buffer, shared, seed: seed + i, steps: 100_000, slot: arena.reserveSlot() },
        });
        let fulls = 0;
        thread.on("message", (count: number) => {
          fulls = count;
        });
        const [code] = await once(thread, "exit");
        assert.equal(code, 0);
        return fulls;
      });
      const fulls = await Promise.all(ends);
      t.diagnostic(`full ${fulls}, ${arena.byteLength / MIB} MiB`);
      assert.equal(arena.inUse, 0);
      if (maxMiB === 4) assert.ok(fulls.some((count) => count > 0));
    });
  }
});
