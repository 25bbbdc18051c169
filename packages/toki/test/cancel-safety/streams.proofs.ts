import assert from "node:assert/strict";
import { type Future, yieldNow } from "toki";
import { type Emitter, fromIter, generate, type Stream, StreamMap, stream } from "toki/stream";
import { mpsc } from "toki/sync";
import { assertPending, assertReady, testTask } from "toki/test";
import { Script } from "../stream/support.js";
import { Gate } from "../support/gate.js";
import { everyDrop, everyDropUnpolled, settle } from "./drops.js";
import type { Body, Proof } from "./proof.js";

/** Waits for the next item of a stream, without taking more than one. */
function pulls(name: string, pull: (s: Stream<string>) => Future<string | undefined>): Record<string, Body> {
  return {
    ...everyDropUnpolled(name, function* (drop) {
      const s = Script.of("a");
      yield* drop(pull(s));
      assert.equal(s.polls, 0);
      assert.equal(yield* s.next(), "a");
    }),
    ...everyDrop(`${name} of a channel`, function* (drop) {
      const [tx, rx] = mpsc.channel<string>(4);
      const s = stream(rx);
      yield* drop(pull(s), () => tx.trySend("a"));
      tx.trySend("b");
      assert.deepEqual([yield* s.next(), yield* s.next()], ["a", "b"]);
    }),
    ...everyDrop(`${name} of adapters, handed an item`, function* (drop) {
      const source = Script.open<string>();
      const s = source
        .filter(() => true)
        .map((text) => text)
        .merge(Script.open<string>())
        .peekable();
      yield* drop(pull(s), () => source.give("a"));
      assert.equal(source.isDropped, false);
      assert.equal(yield* s.next(), "a");
    }),
    ...everyDrop(
      `${name} of mapAsync, whose future is half way`,
      function* (drop) {
        const gate = new Gate<string>();
        let begun = 0;
        const s = Script.of(1).mapAsync(() => {
          begun++;
          return gate;
        });
        yield* drop(pull(s), () => gate.open("a"));
        assert.deepEqual([begun, gate.drops], [1, 0]);
        assert.equal(yield* s.next(), "a");
      },
      { isLent: true },
    ),
    ...everyDrop(
      `${name} of buffered, some of whose futures are done`,
      function* (drop) {
        const gates = [new Gate<string>(), new Gate<string>()] as const;
        const s = fromIter(gates).buffered(2);
        yield* drop(pull(s), () => gates[1].open("b"));
        gates[0].open("a");
        assert.deepEqual(yield* s.collect(), ["a", "b"]);
      },
      { isLent: true },
    ),
  };
}

/** Own the stream and take it to its end. */
function owners(name: string, run: (s: Stream<number>) => Future<unknown>): Record<string, Body> {
  return {
    ...everyDropUnpolled(name, function* (drop) {
      const s = Script.of(1);
      yield* drop(run(s));
      assert.deepEqual([s.polls, s.isDropped], [0, false]);
      assert.equal(yield* s.next(), 1);
    }),
    ...everyDrop(`${name} that waits`, function* (drop) {
      const s = Script.open<number>();
      s.give(1);
      const future = run(s);
      yield* drop(future, () => s.give(2));
      assert.ok(s.isDropped);
      assert.throws(() => testTask(future).poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
    }),
    ...everyDrop(
      `${name} that waits, of a stream whose cleanup awaits`,
      function* (drop) {
        const s = Script.open<number>();
        s.cleanup = 2;
        yield* drop(run(s));
        yield* settle();
        assert.equal(s.drops, 1);
      },
      { cleanupAwaits: true },
    ),
  };
}

function searches(name: string, run: (s: Stream<number>) => Future<boolean>): Record<string, Body> {
  return {
    ...everyDropUnpolled(name, function* (drop) {
      const s = Script.of(1);
      yield* drop(run(s));
      assert.equal(yield* s.next(), 1);
    }),
    ...everyDrop(`${name} that waits`, function* (drop) {
      const s = Script.open<number>();
      s.give(1);
      yield* drop(run(s), () => s.give(2));
      assert.equal(s.isDropped, false);
      assert.equal(yield* s.next(), 2);
    }),
  };
}

export const proofs: readonly Proof[] = [
  {
    operation: "`s.next()`, `s.tryNext()`",
    claim: "safe; an item that was not delivered comes next, and what an adapter has under way stays there",
    proof: {
      ...pulls("s.next()", (s) => s.next()),
      ...pulls("s.tryNext()", (s) => s.tryNext()),
    },
  },
  {
    operation: "`s.peek()`",
    claim: "safe; the item stays the next",
    proof: {
      ...everyDropUnpolled("s.peek()", function* (drop) {
        const s = Script.of("a").peekable();
        yield* drop(s.peek());
        assert.equal(yield* s.next(), "a");
      }),
      ...everyDrop("s.peek() that waits", function* (drop) {
        const source = Script.open<string>();
        const s = source.peekable();
        yield* drop(s.peek(), () => source.give("a", "b"));
        assert.deepEqual([yield* s.peek(), yield* s.next(), yield* s.next()], ["a", "a", "b"]);
      }),
    },
  },
  {
    operation: "`map.nextMany()`",
    claim: "safe; no item is taken",
    proof: {
      ...everyDropUnpolled("map.nextMany()", function* (drop) {
        const map = new StreamMap([["k", fromIter(["a"])]]);
        yield* drop(map.nextMany(5));
        assert.deepEqual(yield* map.nextMany(5), [["k", "a"]]);
      }),
      ...everyDrop("map.nextMany() that waits", function* (drop) {
        const s = Script.open<string>();
        const map = new StreamMap([["k", s as Stream<string>]]);
        yield* drop(map.nextMany(5), () => s.give("a", "b"));
        assert.deepEqual(yield* map.nextMany(5), [
          ["k", "a"],
          ["k", "b"],
        ]);
      }),
    },
  },
  {
    operation: "`s.all()`, `s.any()`",
    claim: "not safe: the items that were seen are gone; the others stay in the stream",
    proof: {
      ...searches("s.all()", (s) => s.all(() => true)),
      ...searches("s.any()", (s) => s.any(() => false)),
    },
  },
  {
    operation: "`s.collect()`, `s.fold()`, `s.forEach()`",
    claim: "not safe: the stream is dropped, with its cleanup, and what has come is lost",
    proof: {
      ...owners("s.collect()", (s) => s.collect()),
      ...owners("s.fold()", (s) => s.fold(0, (a, b) => a + b)),
      ...owners("s.forEach()", (s) => s.forEach(() => {})),
      ...everyDrop(
        "s.forEach() whose body is half way",
        function* (drop) {
          const log: string[] = [];
          const s = Script.of(1, 2);
          yield* drop(
            s.forEach(function* () {
              try {
                yield* new Gate();
              } finally {
                yield* yieldNow();
                log.push("cleanup");
              }
            }),
          );
          yield* settle();
          assert.deepEqual(log, ["cleanup"]);
          assert.ok(s.isDropped);
        },
        { cleanupAwaits: true },
      ),
    },
  },
  {
    operation: "`s.cancel()`",
    claim: "safe; the stream is dropped from the first poll on, and its cleanup goes on",
    proof: {
      ...everyDropUnpolled("s.cancel()", function* (drop) {
        const s = Script.of(1);
        yield* drop(s.cancel());
        assert.equal(s.isDropped, false);
        assert.equal(yield* s.next(), 1);
      }),
      *"s.cancel() that waits; disposed by hand"() {
        const s = Script.of(1);
        s.cleanup = 3;
        const task = testTask(s.cancel());
        assertPending(task.poll());
        assert.equal(s.isDropped, true);
        task[Symbol.dispose]();
        assert.equal(s.drops, 1); // where there is no runtime, it is cut short
      },
      *"s.cancel() that waits; cancelled by hand"() {
        const s = Script.of(1);
        s.cleanup = 2;
        const task = testTask(s.cancel());
        assertPending(task.poll());
        assertPending(task.cancel());
        assertReady(task.cancel());
        assert.equal(s.drops, 1);
      },
    },
  },
  {
    operation: "`emit()` in `generate`",
    claim: "not safe: its item is withdrawn, unless it was taken",
    proof: {
      ...everyDropUnpolled("emit()", function* (drop) {
        let emit: Emitter<string> | undefined;
        const s = generate<string>(function* (given) {
          emit = given;
          yield* given("first");
          yield* given("last");
        });
        assert.equal(yield* s.next(), "first");
        yield* drop(emit!("lost"));
        assert.deepEqual(yield* s.collect(), ["last"]);
      }),
      ...everyDrop("emit() that waits", function* (drop) {
        let emit: Emitter<string> | undefined;
        const s = generate<string>(function* (given) {
          emit = given;
          yield* given("first");
          yield* given("last");
        });
        assert.equal(yield* s.next(), "first");
        yield* drop(emit!("lost"));
        assert.deepEqual(yield* s.collect(), ["last"]);
      }),
      *"generate: an item that was taken is delivered, whatever becomes of its emit"() {
        let emit: Emitter<string> | undefined;
        const s = generate<string>(function* (given) {
          emit = given;
          yield* given("first");
          yield* new Gate();
        });
        assert.equal(yield* s.next(), "first");
        const emitting = testTask(emit!("second"));
        assertPending(emitting.poll());
        assert.equal(yield* s.next(), "second");
        emitting[Symbol.dispose]();
      },
    },
  },
];
