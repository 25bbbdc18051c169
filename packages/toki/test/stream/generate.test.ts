import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fn, join, Pending, pending, select, shield, sleep, spawn, yieldNow } from "toki";
import { type Emitter, generate } from "toki/stream";
import { assertPending, assertReady, assertReadyEq, test, testTask } from "toki/test";
import { Gate } from "../support/gate.js";
import { now, waiting } from "../sync/support.js";
import { settle } from "../task/support.js";
import { failsWith } from "./support.js";

describe("generate", () => {
  it("gives what the body emits, then ends", () => {
    const s = generate<number>(function* (emit) {
      for (let n = 1; n <= 3; n++) yield* emit(n);
    });
    assert.deepEqual([now(s.next()), now(s.next()), now(s.next()), now(s.next())], [1, 2, 3, undefined]);
    assert.equal(now(s.next()), undefined);
  });

  it("is lazy: begins with the first next(), goes on behind an emit with the following", () => {
    const log: string[] = [];
    const s = generate<number>(function* (emit) {
      log.push("begun");
      yield* emit(1);
      log.push("between");
      yield* emit(2);
      log.push("over");
    });
    assert.deepEqual(log, []);
    now(s.next());
    assert.deepEqual(log, ["begun"]);
    now(s.next());
    assert.deepEqual(log, ["begun", "between"]);
    now(s.next());
    assert.deepEqual(log, ["begun", "between", "over"]);
  });

  it("awaits between its items", () => {
    const gate = new Gate<number>();
    const s = generate<number>(function* (emit) {
      yield* emit(yield* gate);
    });
    const next = waiting(s.next());
    gate.open(5);
    assert.ok(next.isWoken);
    assertReadyEq(next.poll(), 5);
  });

  it("does not wake its reader for nothing", () => {
    const s = generate<number>(function* (emit) {
      yield* emit(1);
      yield* emit(2);
    });
    const next = testTask(s.next());
    assertReadyEq(next.poll(), 1);
    assert.equal(next.isWoken, false);
  });

  it("items may be undefined", () => {
    const s = generate<undefined>(function* (emit) {
      yield* emit(undefined);
      yield* emit(undefined);
    });
    assert.deepEqual(now(s.collect()), [undefined, undefined]);
  });

  it("what the body throws is the last item", () => {
    const s = generate<number>(function* (emit) {
      yield* emit(1);
      throw new Error("no");
    });
    assert.equal(now(s.next()), 1);
    failsWith(() => testTask(s.next()).poll(), "no");
    assert.equal(now(s.next()), undefined);
  });

  it("emits of nested functions, and of branches of a join in turn", () => {
    const twice = fn(function* twice(emit: Emitter<string>, text: string) {
      yield* emit(`${text}1`);
      yield* emit(`${text}2`);
    });
    const nested = generate<string>(function* (emit) {
      yield* twice(emit, "a");
      yield* twice(emit, "b");
    });
    assert.deepEqual(now(nested.collect()), ["a1", "a2", "b1", "b2"]);
    const joined = generate<string>(function* (emit) {
      yield* join(twice(emit, "a"), twice(emit, "b"));
      yield* emit("end");
    });
    const items = now(joined.collect());
    assert.deepEqual(items.toSorted(), ["a1", "a2", "b1", "b2", "end"]);
    assert.equal(items.at(-1), "end");
  });

  it("emits of a join of many, whose branches have wakers of their own", () => {
    const s = generate<number>(function* (emit) {
      yield* join(...Array.from({ length: 40 }, (_, i) => emit(i)));
    });
    const task = testTask(s.collect());
    assert.deepEqual(
      assertReady(task.pollUntilIdle()).toSorted((a, b) => a - b),
      Array.from({ length: 40 }, (_, i) => i),
    );
  });

  it("an emit that loses a select withdraws its item", () => {
    const s = generate<string>(function* (emit) {
      const lost = testTask(emit("lost"));
      assertPending(lost.poll());
      lost[Symbol.dispose]();
      yield* emit("kept");
    });
    assert.deepEqual(now(s.collect()), ["kept"]);
  });

  it(
    "emits from other tasks wake the reader, and are woken when their item is taken",
    test(function* () {
      const log: string[] = [];
      const s = generate<number>(function* (emit) {
        const helper = spawn(function* () {
          yield* emit(1);
          log.push("first taken");
          yield* emit(2);
        });
        yield* helper;
      });
      assert.equal(yield* s.next(), 1);
      yield* settle();
      assert.deepEqual(log, ["first taken"]);
      assert.deepEqual(yield* s.collect(), [2]);
    }),
  );

  it("an emit cannot be awaited twice", () => {
    const s = generate<number>(function* (emit) {
      const one = emit(1);
      yield* one;
      yield* one;
    });
    assert.equal(now(s.next()), 1);
    assert.throws(() => testTask(s.next()).poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
  });

  it(
    "dropped, the body is cancelled where it is, and its cleanup awaited",
    test(function* () {
      const log: string[] = [];
      const s = generate<number>(function* (emit) {
        try {
          yield* emit(1);
          yield* pending();
        } finally {
          yield* yieldNow();
          log.push("cleanup");
        }
      });
      yield* s.next();
      yield* s.cancel();
      assert.deepEqual(log, ["cleanup"]);
      assert.equal(yield* s.next(), undefined);
      const never = generate<number>(function* () {
        log.push("ran");
      });
      yield* never.cancel();
      assert.equal(yield* never.next(), undefined);
      assert.deepEqual(log, ["cleanup"]);
    }),
  );

  it(
    "dropped, what its cleanup emits is gone, and does not hold it up",
    test(function* () {
      const log: string[] = [];
      const cleanup = generate<number>(function* (emit) {
        try {
          yield* emit(1);
        } finally {
          yield* emit(2);
          yield* yieldNow();
          yield* emit(3);
          log.push("cleanup");
        }
      });
      yield* cleanup.next();
      yield* cleanup.cancel();
      const shielded = generate<number>(function* (emit) {
        yield* emit(1);
        yield* shield(join(emit(2), emit(3)));
        log.push("shielded");
      });
      yield* shielded.next();
      yield* shielded.next();
      yield* shielded.cancel();
      assert.deepEqual(log, ["cleanup", "shielded"]);
      assert.equal(yield* shielded.next(), undefined);
    }),
  );

  it(
    "take ends it early, with its cleanup",
    test(function* () {
      let released = false;
      const s = generate<number>(function* (emit) {
        try {
          for (let n = 0; ; n++) yield* emit(n);
        } finally {
          yield* sleep(1);
          released = true;
        }
      });
      assert.deepEqual(yield* s.take(3).collect(), [0, 1, 2]);
      assert.ok(released);
    }),
  );

  it(
    "a next() that is dropped leaves the body where it is",
    test(function* () {
      const gate = new Gate<number>();
      const s = generate<number>(function* (emit) {
        yield* emit(yield* gate);
      });
      assert.equal((yield* select.biased({ item: s.next(), other: yieldNow() })).key, "other");
      assert.equal(gate.drops, 0);
      gate.open(3);
      assert.equal(yield* s.next(), 3);
    }),
  );

  it("without a runtime a drop cuts the cleanup short", () => {
    const log: string[] = [];
    const s = generate<number>(function* (emit) {
      try {
        yield* emit(1);
        yield* pending();
      } finally {
        log.push("begun");
        yield* pending();
        log.push("never");
      }
    });
    now(s.next());
    s[Symbol.dispose]();
    assert.deepEqual(log, ["begun"]);
    assert.notEqual(testTask(s.cancel()).poll(), Pending);
  });

  it("wants a body", () => {
    assert.throws(() => generate(1 as never), { code: "TOKI_NOT_A_FUTURE" });
  });
});
