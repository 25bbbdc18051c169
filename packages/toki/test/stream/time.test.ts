import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  advance,
  ElapsedError,
  type Future,
  Handle,
  Instant,
  interval,
  intervalAt,
  NoRuntimeError,
  Runtime,
  select,
  sleep,
  spawn,
  yieldNow,
} from "toki";
import { fromIter, pendingStream, repeatWith, stream } from "toki/stream";
import { mpsc } from "toki/sync";
import { assertPending, assertReady, assertReadyEq, test, testTask } from "toki/test";
import { since } from "../support/elapsed.js";
import { failsWith, fault, item, Script } from "./support.js";

const paused = { startPaused: true } as const;
const byHand = <T>(future: Future<T>) => testTask(future, { runtime: Handle.current() });

/** Items 1 to `to`; the even ones come after `ms`. */
const evenLate = (to: number, ms: number) =>
  fromIter(Array.from({ length: to }, (_, i) => i + 1)).mapAsync(function* (n) {
    if (n % 2 === 0) yield* sleep(ms);
    return n;
  });

const elapsed = (poll: () => unknown) => assert.throws(poll, (error) => error instanceof ElapsedError);

describe("Stream.timeout", () => {
  it(
    "one error for each silence; the items come all the same",
    test(function* () {
      const s = evenLate(4, 200).timeout(100);
      const results: unknown[] = [];
      yield* s.results().forEach((r) => {
        results.push(r.ok ? r.value : (r.error as Error).name);
      });
      assert.deepEqual(results, [1, "ElapsedError", 2, 3, "ElapsedError", 4]);
    }, paused),
  );

  it(
    "follows the clock",
    test(function* () {
      const s = evenLate(4, 200).timeout(100);
      assertReadyEq(byHand(s.next()).poll(), 1);
      let next = byHand(s.next());
      assertPending(next.poll());
      yield* advance(150);
      assert.ok(next.isWoken);
      elapsed(() => next.poll());
      next = byHand(s.next());
      assertPending(next.poll());
      yield* advance(100);
      assertReadyEq(next.poll(), 2);
      assertReadyEq(byHand(s.next()).poll(), 3);
      next = byHand(s.next());
      assertPending(next.poll());
      yield* advance(60);
      assertPending(next.poll());
      yield* advance(60);
      elapsed(() => next.poll());
      next = byHand(s.next());
      assertPending(next.poll());
      yield* advance(120);
      assertReadyEq(next.poll(), 4);
      assertReadyEq(byHand(s.next()).poll(), undefined);
    }, paused),
  );

  it(
    "says so only once, however long the silence is",
    test(function* () {
      const s = Script.open<number>();
      const limited = s.timeout(50);
      let next = byHand(limited.next());
      assertPending(next.poll());
      yield* advance(51);
      elapsed(() => next.poll());
      next = byHand(limited.next());
      assertPending(next.poll());
      yield* advance(1000);
      assertPending(next.poll());
      s.give(1);
      assertReadyEq(next.poll(), 1);
      next = byHand(limited.next());
      assertPending(next.poll());
      yield* advance(51);
      elapsed(() => next.poll());
    }, paused),
  );

  it(
    "an item that is there wins over a deadline that has passed; error items restart the timer",
    test(function* () {
      const s = Script.open<number>();
      const limited = s.timeout(50);
      yield* advance(60);
      s.give(1);
      assertReadyEq(byHand(limited.next()).poll(), 1);
      yield* advance(40);
      s.fail("no");
      failsWith(() => byHand(limited.next()).poll(), "no");
      yield* advance(40);
      const next = byHand(limited.next());
      assertPending(next.poll());
      yield* advance(11);
      elapsed(() => next.poll());
    }, paused),
  );

  it(
    "nothing for streams in time; the timer does not outlive the stream",
    test(function* () {
      const start = Instant.now();
      assert.deepEqual(yield* fromIter([1, 3, 5]).timeout(100).collect(), [1, 3, 5]);
      const s = pendingStream().timeout(10_000);
      yield* select.biased({ item: s.next(), other: yieldNow() });
      yield* sleep(20_000); // the silence is measured, but nobody is waked for it
      assert.equal(since(start), 20_000);
      s[Symbol.dispose]();
    }, paused),
  );

  it(
    "takes durations of every shape, and of any length",
    test(function* () {
      const s = Script.open<number>();
      const limited = s.timeout({ seconds: 1 });
      const next = byHand(limited.next());
      assertPending(next.poll());
      yield* advance(1000);
      elapsed(() => next.poll());
      assert.deepEqual(yield* fromIter([1, 2]).timeout(Number.POSITIVE_INFINITY).collect(), [1, 2]);
    }, paused),
  );

  it("needs a runtime", () => {
    assert.throws(() => fromIter([1]).timeout(10), NoRuntimeError);
  });
});

describe("Stream.timeoutRepeating", () => {
  it(
    "an error at every tick, until an item resets the interval",
    test(function* () {
      const s = Script.open<number>();
      const limited = s.timeoutRepeating(intervalAt(Instant.now().add(10), 10));
      let next = byHand(limited.next());
      assertPending(next.poll());
      for (let i = 0; i < 3; i++) {
        yield* advance(10);
        elapsed(() => next.poll());
        next = byHand(limited.next());
        assertPending(next.poll());
      }
      yield* advance(5);
      s.give(1);
      assertReadyEq(next.poll(), 1);
      next = byHand(limited.next());
      assertPending(next.poll());
      yield* advance(9);
      assertPending(next.poll());
      yield* advance(1);
      elapsed(() => next.poll());
    }, paused),
  );

  it(
    "the first tick of an interval is immediate, as always",
    test(function* () {
      const limited = Script.open<number>().timeoutRepeating(interval(10));
      elapsed(() => byHand(limited.next()).poll());
      assertPending(byHand(limited.next()).poll());
    }, paused),
  );

  it(
    "several errors between the items of a slow source",
    test(function* () {
      const s = stream(interval(23)).timeoutRepeating(interval(9));
      const kinds: string[] = [];
      const results = s.results();
      for (let i = 0; i < 7; i++) kinds.push((yield* results.next())!.ok ? "tick" : "elapsed");
      assert.deepEqual(kinds, ["tick", "elapsed", "elapsed", "tick", "elapsed", "elapsed", "tick"]);
    }, paused),
  );
});

describe("Stream.throttle", () => {
  it(
    "the first item at once, each other when the time has passed",
    test(function* () {
      const s = repeatWith(() => 1).throttle(100);
      assertReadyEq(byHand(s.next()).poll(), 1);
      const next = byHand(s.next());
      assertPending(next.poll());
      yield* advance(90);
      assertPending(next.poll());
      yield* advance(10);
      assert.ok(next.isWoken);
      assertReadyEq(next.poll(), 1);
    }, paused),
  );

  it(
    "does not ask the source meanwhile, and leaves nothing out",
    test(function* () {
      const start = Instant.now();
      const source = Script.of(1, 2, 3);
      const s = source.throttle(10);
      yield* s.next();
      using early = byHand(s.next());
      assertPending(early.poll());
      assert.equal(source.polls, 1);
      early[Symbol.dispose]();
      assert.deepEqual([yield* s.next(), yield* s.next(), since(start)], [2, 3, 20]);
      assert.equal(yield* s.next(), undefined);
    }, paused),
  );

  it(
    "the time counts from the item, not from the next call",
    test(function* () {
      const s = fromIter([1, 2]).throttle(100);
      yield* s.next();
      yield* advance(100);
      assertReadyEq(byHand(s.next()).poll(), 2);
    }, paused),
  );

  it("0 is no limit, and needs no runtime", () => {
    const task = testTask(fromIter([1, 2, 3]).throttle(0).collect());
    assertReadyEq(task.poll(), [1, 2, 3]);
  });

  it("without a runtime it takes no item", () => {
    const source = Script.of(1);
    assert.throws(() => testTask(source.throttle(5).next()).poll(), NoRuntimeError);
    assert.equal(source.polls, 0);
  });
});

describe("Stream.chunksTimeout", () => {
  const late = (n: number, ms: number) =>
    fromIter([n]).mapAsync(function* (x) {
      yield* sleep(ms);
      return x;
    });

  it(
    "a batch when the time has passed since its first item",
    test(function* () {
      const s = fromIter([1, 2, 3]).chain(late(4, 3000)).chunksTimeout(4, 2000);
      let next = byHand(s.next());
      assertPending(next.poll());
      yield* advance(2000);
      assertReadyEq(next.poll(), [1, 2, 3]);
      next = byHand(s.next());
      assertPending(next.poll());
      yield* advance(2000);
      assertReadyEq(next.poll(), [4]);
      assertReadyEq(byHand(s.next()).poll(), undefined);
    }, paused),
  );

  it(
    "a full one at once",
    test(function* () {
      const s = fromIter([1, 2]).chain(late(3, 1000)).chain(late(4, 3000)).chunksTimeout(3, 2000);
      let next = byHand(s.next());
      assertPending(next.poll());
      yield* advance(1000);
      assertReadyEq(next.poll(), [1, 2, 3]);
      next = byHand(s.next());
      assertPending(next.poll());
      yield* advance(2500);
      assertPending(next.poll()); // no item yet: no timer either
      yield* advance(500);
      assertReadyEq(next.poll(), [4]);
    }, paused),
  );

  it(
    "what is left at the end, and never an empty batch",
    test(function* () {
      assert.deepEqual(yield* fromIter([1, 2, 3]).chunksTimeout(2, 10).collect(), [[1, 2], [3]]);
      assert.deepEqual(yield* fromIter([1, 2]).chunksTimeout(2, 10).collect(), [[1, 2]]);
      assert.deepEqual(yield* fromIter<number>([]).chunksTimeout(2, 10).collect(), []);
      const start = Instant.now();
      const s = Script.open<number>();
      const batches = s.chunksTimeout(2, 10);
      const next = byHand(batches.next());
      assertPending(next.poll());
      yield* sleep(100);
      assertPending(next.poll());
      assert.equal(since(start), 100);
    }, paused),
  );

  it(
    "an error item comes after the batch before it",
    test(function* () {
      const s = new Script([item(1), item(2), fault("no"), item(3), fault("again")]).chunksTimeout(5, 10);
      assert.deepEqual(yield* s.next(), [1, 2]);
      failsWith(() => byHand(s.next()).poll(), "no");
      assert.deepEqual(yield* s.next(), [3]);
      failsWith(() => byHand(s.next()).poll(), "again");
      assert.equal(yield* s.next(), undefined);
    }, paused),
  );

  it(
    "a next() that is dropped loses nothing of the batch",
    test(function* () {
      const [tx, rx] = mpsc.channel<number>(8);
      const s = stream(rx).chunksTimeout(3, 10_000);
      for (let n = 1; n <= 3; n++) {
        if (n > 1) tx.trySend(n - 1);
        yield* select.biased({ batch: s.next(), other: yieldNow() });
      }
      tx.trySend(3);
      assert.deepEqual(yield* s.next(), [1, 2, 3]);
    }, paused),
  );

  it(
    "intoRemainder gives what was collected; a source that was lent goes on",
    test(function* () {
      const inner = fromIter([1, 2, 3, 4]).chain(late(5, 1000));
      const batches = inner.byRef().chunksTimeout(10, 20);
      assertPending(byHand(batches.next()).poll());
      assert.deepEqual(batches.intoRemainder(), [1, 2, 3, 4]);
      yield* advance(2000);
      assert.equal(yield* inner.next(), 5);
    }, paused),
  );

  it(
    "intoRemainder drops the stream, and throws an error item that was to come",
    test(function* () {
      const source = new Script([item(1), fault("no")]);
      const batches = source.chunksTimeout(10, 20);
      assert.deepEqual(yield* batches.next(), [1]);
      failsWith(() => batches.intoRemainder(), "no");
      assert.equal(source.isDropped, true);
      assert.deepEqual(batches.intoRemainder(), []);
    }, paused),
  );

  it(
    "the timer of a batch that was delivered does not run on",
    test(function* () {
      const [tx, rx] = mpsc.channel<number>(8);
      const s = stream(rx).chunksTimeout(2, 50);
      tx.trySend(1);
      let next = byHand(s.next());
      assertPending(next.poll());
      yield* advance(40);
      tx.trySend(2);
      assertReadyEq(next.poll(), [1, 2]);
      tx.trySend(3);
      next = byHand(s.next());
      assertPending(next.poll());
      yield* advance(20);
      assertPending(next.poll());
      yield* advance(30);
      assertReady(next.poll());
    }, paused),
  );

  it("without a runtime it takes no item", () => {
    const source = Script.of(1);
    assert.throws(() => testTask(source.chunksTimeout(2, 5).next()).poll(), NoRuntimeError);
    assert.equal(source.polls, 0);
  });
});

describe("timers of streams", () => {
  it(
    "leave the wheel when the wait is dropped, and come back with the next",
    test(function* () {
      const start = Instant.now();
      const s = Script.open<number>();
      const limited = s.timeout(1000);
      const waiter = spawn(function* () {
        yield* limited.next();
      });
      yield* yieldNow();
      waiter.abort();
      yield* sleep(5000);
      const next = byHand(limited.next());
      elapsed(() => next.poll());
      assert.equal(since(start), 5000);
    }, paused),
  );

  it("a runtime that is shut down says so", async () => {
    const rt = new Runtime(paused);
    const s = await rt.run(function* () {
      return pendingStream().timeout(10);
    });
    await rt[Symbol.asyncDispose]();
    assert.throws(() => testTask(s.next()).poll(), { name: "RuntimeShutdownError" });
  });
});
