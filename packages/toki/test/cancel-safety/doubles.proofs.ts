import assert from "node:assert/strict";
import { Instant } from "toki";
import { MockIo, mockStream } from "toki/test";
import { since } from "../support/elapsed.js";
import { everyDrop, everyDropUnpolled, moveClock } from "./drops.js";
import type { Proof } from "./proof.js";

const bytes = (text: string) => new TextEncoder().encode(text);

export const proofs: readonly Proof[] = [
  {
    operation: "`mock.read()`",
    claim: "safe; nothing was read",
    paused: true,
    proof: {
      ...everyDropUnpolled("mock.read()", function* (drop) {
        using mock = new MockIo().read("text").build();
        yield* drop(mock.read(new Uint8Array(8)));
        assert.equal(yield* mock.read(new Uint8Array(8)), 4);
      }),
      ...everyDrop("mock.read() that has just been given something", function* (drop) {
        const [mock, handle] = new MockIo().buildWithHandle();
        yield* drop(mock.read(new Uint8Array(8)), () => handle.read("text"));
        assert.equal(yield* mock.read(new Uint8Array(8)), 4);
        handle[Symbol.dispose]();
        mock[Symbol.dispose]();
      }),
      ...everyDrop("mock.read() in a wait", function* (drop) {
        using mock = new MockIo().wait(100).read("text").build();
        const start = Instant.now();
        yield* drop(mock.read(new Uint8Array(8)), () => moveClock(40));
        assert.equal(yield* mock.read(new Uint8Array(8)), 4);
        assert.equal(since(start), 100);
      }),
    },
  },
  {
    operation: "`mock.write()`",
    claim: "safe; nothing was written",
    paused: true,
    proof: {
      ...everyDropUnpolled("mock.write()", function* (drop) {
        using mock = new MockIo().write("text").build();
        yield* drop(mock.write(bytes("text")));
        assert.equal(yield* mock.write(bytes("text")), 4);
      }),
      ...everyDrop("mock.write() in a wait", function* (drop) {
        using mock = new MockIo().wait(100).write("text").build();
        const start = Instant.now();
        yield* drop(mock.write(bytes("text")), () => moveClock(100));
        assert.equal(yield* mock.write(bytes("text")), 4);
        assert.equal(since(start), 100);
      }),
    },
  },
  {
    operation: "`mock.flush()`, `mock.shutdown()`",
    claim: "safe; there is nothing to lose",
    proof: {
      ...everyDropUnpolled("mock.flush()", function* (drop) {
        using mock = new MockIo().build();
        yield* drop(mock.flush());
        yield* mock.flush();
      }),
      ...everyDropUnpolled("mock.shutdown()", function* (drop) {
        using mock = new MockIo().build();
        yield* drop(mock.shutdown());
        yield* mock.shutdown();
      }),
    },
  },
  {
    operation: "`mockStream().next()`",
    claim: "safe; no item is taken, a wait that has begun goes on",
    paused: true,
    proof: {
      ...everyDropUnpolled("mockStream().next()", function* (drop) {
        using items = mockStream<number>().next(1).build();
        yield* drop(items.next());
        assert.equal(yield* items.next(), 1);
      }),
      ...everyDrop("mockStream().next() in a wait", function* (drop) {
        using items = mockStream<number>().wait(100).next(1).build();
        const start = Instant.now();
        yield* drop(items.next(), () => moveClock(40));
        assert.equal(yield* items.next(), 1);
        assert.equal(since(start), 100);
      }),
      ...everyDrop("mockStream().next() whose wait is over", function* (drop) {
        using items = mockStream<number>().wait(100).next(1).build();
        const start = Instant.now();
        yield* drop(items.next(), () => moveClock(100));
        assert.equal(yield* items.next(), 1);
        assert.equal(since(start), 100);
      }),
    },
  },
];
