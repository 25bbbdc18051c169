import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  advance,
  Builder,
  DriverDisabledError,
  fn,
  fromPromise,
  hasBudgetRemaining,
  Instant,
  InvalidArgumentError,
  MisuseError,
  NoRuntimeError,
  Runtime,
  RuntimeShutdownError,
  select,
  sleep,
  spawn,
} from "toki";
import { assertPending, assertReady, type Spawn, test, testTask } from "toki/test";
import { type DelayKey, DelayQueue, type Expired } from "toki/util";
import { flavors } from "../support/flavors.js";
import fc from "../support/property.js";
import { settle } from "../task/support.js";

const paused = { startPaused: true } as const;

/** Moves the paused clock at once: what becomes due is fired, nobody runs. */
function moveClock(ms: number): void {
  assertPending(testTask(advance(ms)).poll());
}

type Next = Spawn<Expired<string> | undefined>;

function waiting(queue: DelayQueue<string>): Next {
  const next = testTask(queue.next());
  assertPending(next.poll());
  return next;
}

const poll = (queue: DelayQueue<string>): unknown => assertReady(testTask(queue.next()).poll())?.value;

const isFor =
  (argument: string) =>
  (error: unknown): boolean =>
    error instanceof InvalidArgumentError && error.argument === argument;

describe("DelayQueue with a paused clock", () => {
  it(
    "values that are due at once come at once, in the order of insertion",
    test(function* () {
      const queue = new DelayQueue<string>();
      const key = queue.insert("1", 0);
      queue.insert("2", 0);
      queue.insertAt("3", Instant.now());
      const expired = assertReady(testTask(queue.next()).poll());
      assert.deepEqual([expired?.value, expired?.key === key], ["1", true]);
      assert(expired?.deadline.equals(Instant.now()));
      assert.deepEqual([poll(queue), poll(queue), poll(queue), queue.isEmpty()], ["2", "3", undefined, true]);
    }, paused),
  );

  it(
    "a deadline that has passed is due at once, before one that has not, also after a poll",
    test(function* () {
      const queue = new DelayQueue<string>();
      yield* sleep(10);
      queue.insert("later", 5);
      const next = waiting(queue);
      queue.insertAt("past", Instant.now().sub(5));
      assert(next.isWoken);
      const expired = assertReady(next.poll());
      assert.equal(expired?.value, "past");
      assert.equal(expired?.deadline.compare(Instant.now()), -5);
    }, paused),
  );

  it(
    "wakes at the deadline, not before",
    test(function* () {
      const queue = new DelayQueue<string>();
      const deadline = Instant.now().add(5);
      queue.insertAt("value", deadline);
      const next = waiting(queue);
      moveClock(4);
      assert.equal(next.isWoken, false);
      moveClock(1);
      assert(next.isWoken);
      const expired = assertReady(next.poll());
      assert.equal(expired?.value, "value");
      assert(expired?.deadline.equals(deadline));
    }, paused),
  );

  it(
    "parts of a millisecond are rounded up",
    test(function* () {
      const queue = new DelayQueue<string>();
      const key = queue.insert("value", 1.2);
      assert.equal(queue.deadline(key).durationSince(Instant.now()), 2);
      const next = waiting(queue);
      moveClock(1);
      assert.equal(next.isWoken, false);
      moveClock(1);
      assert.equal(assertReady(next.poll())?.value, "value");
    }, paused),
  );

  it(
    "values come by deadline; those of one deadline as they were inserted",
    test(function* () {
      const queue = new DelayQueue<string>();
      for (const [value, ms] of [
        ["c", 30],
        ["a", 10],
        ["b1", 20],
        ["b2", 20],
        ["b3", 20],
      ] as const) {
        queue.insert(value, ms);
      }
      const start = Instant.now();
      const seen: string[] = [];
      for (;;) {
        const expired = yield* queue.next();
        if (expired === undefined) break;
        seen.push(`${expired.value} ${start.elapsed()}`);
      }
      assert.deepEqual(seen, ["a 10", "b1 20", "b2 20", "b3 20", "c 30"]);
    }, paused),
  );

  it(
    "an insert before the first wakes the one that waits at the new deadline",
    test(function* () {
      const queue = new DelayQueue<string>();
      queue.insert("second", 20);
      const next = waiting(queue);
      queue.insert("first", 10);
      assert.equal(next.isWoken, false);
      moveClock(10);
      assert(next.isWoken);
      assert.equal(assertReady(next.poll())?.value, "first");
      const again = waiting(queue);
      moveClock(10);
      assert.equal(assertReady(again.poll())?.value, "second");
    }, paused),
  );

  it(
    "an insert after the first wakes nobody before its time",
    test(function* () {
      const queue = new DelayQueue<string>();
      queue.insert("first", 10);
      const next = waiting(queue);
      queue.insert("second", 20);
      moveClock(9);
      assert.equal(next.isWoken, false);
      moveClock(1);
      assert.equal(assertReady(next.poll())?.value, "first");
    }, paused),
  );

  it(
    "an insert with no delay wakes the one that waits",
    test(function* () {
      const queue = new DelayQueue<string>();
      queue.insert("later", 1000);
      const next = waiting(queue);
      queue.insert("now", 0);
      assert(next.isWoken);
      assert.equal(assertReady(next.poll())?.value, "now");
    }, paused),
  );

  it(
    "remove takes a value out, due or not, once",
    test(function* () {
      const queue = new DelayQueue<string>();
      const [a, b] = [queue.insert("a", 5), queue.insert("b", 10)];
      const removed = queue.remove(a);
      assert.deepEqual([removed.value, removed.key === a], ["a", true]);
      assert.equal(removed.deadline.durationSince(Instant.now()), 5);
      assert.throws(() => queue.remove(a), isFor("key"));
      assert.equal(queue.tryRemove(a), undefined);
      const next = waiting(queue);
      moveClock(20);
      assert(next.isWoken);
      assert.equal(queue.tryRemove(b)?.value, "b");
      assert.equal(assertReady(next.poll()), undefined);
    }, paused),
  );

  it(
    "a key is of no use any more once its value has come out, nor in another queue",
    test(function* () {
      const queue = new DelayQueue<string>();
      const key = queue.insert("a", 0);
      assert.equal(poll(queue), "a");
      const other = new DelayQueue<string>().insert("b", 0);
      for (const wrong of [key, other, undefined, {}] as DelayKey<string>[]) {
        assert.throws(() => queue.remove(wrong), isFor("key"));
        assert.throws(() => queue.reset(wrong, 1), isFor("key"));
        assert.throws(() => queue.resetAt(wrong, Instant.now()), isFor("key"));
        assert.throws(() => queue.deadline(wrong), isFor("key"));
        assert.equal(queue.tryRemove(wrong), undefined);
      }
      assert.throws(() => queue.remove(key), /which it has left/);
    }, paused),
  );

  it(
    "removing the first moves the wake to the second",
    test(function* () {
      const queue = new DelayQueue<string>();
      const first = queue.insert("first", 5);
      queue.insert("second", 10);
      const next = waiting(queue);
      queue.remove(first);
      moveClock(5);
      assert.equal(next.isWoken, false);
      moveClock(5);
      assert.equal(assertReady(next.poll())?.value, "second");
    }, paused),
  );

  it(
    "removing the last, or clear, wakes the one that waits: undefined",
    test(function* () {
      for (const how of ["remove", "tryRemove", "clear", "dispose"] as const) {
        const queue = new DelayQueue<string>();
        const key = queue.insert("a", 5);
        const next = waiting(queue);
        if (how === "clear") queue.clear();
        else if (how === "dispose") queue[Symbol.dispose]();
        else queue[how](key);
        assert(next.isWoken, how);
        assert.equal(assertReady(next.poll()), undefined);
        assert.equal(queue.length, 0);
        queue.insert("again", 0);
        assert.equal(poll(queue), "again", "it can be used again");
      }
    }, paused),
  );

  it(
    "clear of an empty queue does nothing",
    test(function* () {
      const queue = new DelayQueue<string>();
      queue.clear();
      assert.equal(poll(queue), undefined);
    }, paused),
  );

  it(
    "reset: earlier, later, and again",
    test(function* () {
      const queue = new DelayQueue<string>();
      const key = queue.insert("value", 5);
      const next = waiting(queue);
      moveClock(2);
      queue.reset(key, 5);
      moveClock(3);
      assert.equal(next.isWoken, false, "the old deadline");
      queue.resetAt(key, Instant.now().add(1));
      assert.equal(queue.deadline(key).durationSince(Instant.now()), 1);
      moveClock(1);
      assert(next.isWoken);
      assert.equal(assertReady(next.poll())?.value, "value");
    }, paused),
  );

  it(
    "reset of the first to later than the second, and of the second to earlier than the first",
    test(function* () {
      const queue = new DelayQueue<string>();
      const one = queue.insert("one", 10);
      const two = queue.insert("two", 20);
      const next = waiting(queue);
      queue.reset(one, 30);
      assert.equal(queue.peek(), two);
      moveClock(10);
      assert.equal(next.isWoken, false);
      queue.reset(one, 5);
      assert.equal(queue.peek(), one);
      moveClock(5);
      assert.equal(assertReady(next.poll())?.value, "one");
      const again = waiting(queue);
      moveClock(5);
      assert.equal(assertReady(again.poll())?.value, "two");
    }, paused),
  );

  it(
    "a value that is due and was not taken can be reset, and removed",
    test(function* () {
      const queue = new DelayQueue<string>();
      const [a, b] = [queue.insert("a", 5), queue.insert("b", 5)];
      moveClock(10);
      queue.reset(a, 5);
      queue.remove(b);
      const next = waiting(queue);
      moveClock(5);
      assert.equal(assertReady(next.poll())?.value, "a");
      const past = queue.insert("past", 0);
      queue.reset(past, 3);
      queue.reset(past, 0);
      assert.equal(poll(queue), "past");
    }, paused),
  );

  it(
    "reset to the past wakes the one that waits",
    test(function* () {
      const queue = new DelayQueue<string>();
      const key = queue.insert("value", 1000);
      const next = waiting(queue);
      queue.resetAt(key, Instant.now().sub(1));
      assert(next.isWoken);
      assert.equal(assertReady(next.poll())?.value, "value");
    }, paused),
  );

  it(
    "peek gives the key that comes next, and takes nothing",
    test(function* () {
      const queue = new DelayQueue<string>();
      assert.equal(queue.peek(), undefined);
      const late = queue.insert("late", 10);
      assert.equal(queue.peek(), late);
      const early = queue.insert("early", 5);
      assert.equal(queue.peek(), early);
      moveClock(20);
      assert.equal(queue.peek(), early);
      assert.equal(poll(queue), "early");
      assert.equal(queue.peek(), late);
      assert.equal(queue.length, 1);
    }, paused),
  );

  it(
    "a delay of days, and one without end",
    test(function* () {
      const queue = new DelayQueue<string>();
      queue.insert("never", Number.POSITIVE_INFINITY);
      queue.insert("later", { days: 400 });
      const start = Instant.now();
      assert.equal((yield* queue.next())?.value, "later");
      assert.equal(start.elapsed(), 400 * 86_400_000);
      assert.equal(queue.length, 1);
    }, paused),
  );

  it(
    "next that was dropped sets no timer: the clock does not stop for it",
    test(function* () {
      const queue = new DelayQueue<string>();
      queue.insert("value", 5);
      for (const drop of ["cancel", "dispose"] as const) {
        const next = waiting(queue);
        if (drop === "cancel") next.cancel();
        else next[Symbol.dispose]();
        moveClock(1);
        assert.equal(next.isWoken, false);
      }
      moveClock(10);
      assert.equal(poll(queue), "value", "no value has left the queue");
    }, paused),
  );

  it(
    "one that was woken and is dropped takes nothing",
    test(function* () {
      const queue = new DelayQueue<string>();
      queue.insert("value", 5);
      const next = waiting(queue);
      moveClock(5);
      assert(next.isWoken);
      next.cancel();
      assert.equal(poll(queue), "value");
    }, paused),
  );

  it(
    "one task at a time waits",
    test(function* () {
      const queue = new DelayQueue<string>();
      queue.insert("value", 5);
      const first = waiting(queue);
      const isInUse = (error: unknown) => error instanceof MisuseError && error.code === "TOKI_FUTURE_IN_USE";
      assert.throws(() => testTask(queue.next()).poll(), isInUse);
      first.cancel();
      waiting(queue).cancel();
    }, paused),
  );

  it(
    "next takes budget for what it gives",
    test(function* () {
      const queue = new DelayQueue<number>();
      for (let i = 0; i < 300; i++) queue.insert(i, 0);
      yield* spawn(function* () {
        for (let i = 0; hasBudgetRemaining(); i++) assert.equal((yield* queue.next())?.value, i);
      });
      assert.equal(queue.length, 300 - 128);
    }, paused),
  );

  it(
    "pollExpired: by hand, woken by the next insert when the queue is empty",
    test(function* () {
      const queue = new DelayQueue<string>();
      const harness = testTask(sleep(1));
      harness.enter((cx) => assert.equal(assertReady(queue.pollExpired(cx)), undefined));
      queue.insert("value", 5);
      assert(harness.isWoken);
      harness.enter((cx) => assertPending(queue.pollExpired(cx)));
      moveClock(5);
      assert(harness.isWoken);
      harness.enter((cx) => assert.equal(assertReady(queue.pollExpired(cx))?.value, "value"));
      queue.insert("more", 5);
      assert.equal(harness.isWoken, false, "it was given something last, and looks again by itself");
    }, paused),
  );

  it(
    "bad arguments change nothing",
    test(function* () {
      const queue = new DelayQueue<string>();
      const key = queue.insert("value", 5);
      assert.throws(() => queue.insert("x", -1), isFor("delay"));
      assert.throws(() => queue.insertAt("x", 5 as never), isFor("deadline"));
      assert.throws(() => queue.reset(key, "soon" as never), isFor("delay"));
      assert.throws(() => queue.resetAt(key, undefined as never), isFor("deadline"));
      assert.equal(queue.length, 1);
      assert.equal(queue.deadline(key).durationSince(Instant.now()), 5);
    }, paused),
  );

  it(
    "a waker may insert, remove and take",
    test(function* () {
      const queue = new DelayQueue<string>();
      const key = queue.insert("a", 5);
      const log: unknown[] = [];
      const consumer = spawn(function* () {
        log.push((yield* queue.next())?.value);
        queue.insert("c", 1);
        log.push((yield* queue.next())?.value);
      });
      yield* settle();
      queue.remove(key);
      queue.insert("b", 0);
      yield* consumer;
      assert.deepEqual(log, ["b", "c"]);
    }, paused),
  );

  it(
    "says what is in it",
    test(function* () {
      const queue = new DelayQueue<string>();
      queue.insert("a", 5);
      assert.equal(queue.next().describe(), "next of DelayQueue (1 queued)");
    }, paused),
  );
});

interface Modelled {
  readonly value: number;
  deadline: number;
  order: number;
  readonly key: DelayKey<number>;
}

const delays = fc.oneof(fc.nat(5), fc.nat(200), fc.nat(100_000));

describe("DelayQueue and a model", () => {
  it("agree, with waits dropped at any moment", async () => {
    const command = fc.oneof(
      fc.record({ type: fc.constant("insert" as const), ms: delays }),
      fc.record({ type: fc.constant("remove" as const), at: fc.nat(50) }),
      fc.record({ type: fc.constant("reset" as const), at: fc.nat(50), ms: delays }),
      fc.record({ type: fc.constant("move" as const), ms: delays }),
      fc.record({ type: fc.constantFrom("wait" as const, "drop" as const, "take" as const) }),
      fc.record({ type: fc.constantFrom("clear" as const), rarely: fc.constantFrom(...Array(9).fill(false), true) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 80 }), async (commands) => {
        await test(
          function* () {
            const queue = new DelayQueue<number>();
            let model: Modelled[] = [];
            let wait: Spawn<Expired<number> | undefined> | undefined;
            let now = 0;
            let orders = 0;
            const first = () =>
              model.toSorted((a, b) => a.deadline - b.deadline || a.order - b.order)[0] as Modelled | undefined;
            const mustBeReady = () => model.length === 0 || (first() as Modelled).deadline <= now;
            for (const step of commands) {
              switch (step.type) {
                case "insert": {
                  const value = orders++;
                  model.push({ value, deadline: now + step.ms, order: value, key: queue.insert(value, step.ms) });
                  break;
                }
                case "remove": {
                  const [gone] = model.splice(step.at % Math.max(1, model.length), 1);
                  if (gone !== undefined) assert.equal(queue.remove(gone.key).value, gone.value);
                  break;
                }
                case "reset": {
                  const one = model[step.at % Math.max(1, model.length)];
                  if (one === undefined) break;
                  queue.reset(one.key, step.ms);
                  one.deadline = now + step.ms;
                  one.order = orders++;
                  break;
                }
                case "move":
                  now += step.ms;
                  moveClock(step.ms);
                  break;
                case "clear":
                  if (!step.rarely) break;
                  queue.clear();
                  model = [];
                  break;
                case "drop":
                  wait?.[Symbol.dispose]();
                  wait = undefined;
                  break;
                case "wait":
                  if (wait !== undefined || mustBeReady()) break;
                  wait = testTask(queue.next());
                  assertPending(wait.poll());
                  break;
                case "take": {
                  if (!mustBeReady()) break;
                  const taker = wait ?? testTask(queue.next());
                  wait = undefined;
                  const expired = assertReady(taker.poll());
                  const expected = first();
                  assert.equal(expired?.value, expected?.value);
                  model = model.filter((one) => one !== expected);
                }
              }
              assert.equal(queue.length, model.length);
              assert.equal(queue.peek(), first()?.key);
              // Once woken it stays so until it asks; what woke it may have been taken back meanwhile.
              if (wait !== undefined && mustBeReady()) assert(wait.isWoken);
              if (wait?.isWoken && !mustBeReady()) assertPending(wait.poll());
            }
            wait?.[Symbol.dispose]();
          },
          { startPaused: true },
        )();
      }),
      { numRuns: 150 },
    );
  });
});

for (const { name, options, canPause } of flavors) {
  describe(`DelayQueue [${name}]`, () => {
    it(
      "gives what a task inserts while another one waits",
      test(function* () {
        const queue = new DelayQueue<string>();
        queue.insert("long", 60_000);
        const consumer = spawn(function* () {
          return (yield* queue.next())?.value;
        });
        yield* settle();
        queue.insert("short", 2);
        assert.equal(yield* consumer, "short");
      }, options),
    );

    it(
      "a consumer that uses it in a select loses nothing",
      test(function* () {
        const queue = new DelayQueue<number>();
        for (let i = 0; i < 5; i++) queue.insert(i, i);
        const seen: number[] = [];
        while (seen.length < 5) {
          const { key, value } = yield* select({ next: queue.next(), other: sleep(1) });
          if (key === "next" && value !== undefined) seen.push(value.value);
        }
        assert.deepEqual(seen, [0, 1, 2, 3, 4]);
      }, options),
    );

    it(
      "a thousand entries, most of them taken back",
      test(function* () {
        const queue = new DelayQueue<number>();
        let last = Instant.now();
        const keys = Array.from({ length: 1000 }, (_, i) => queue.insert(i, 1 + (i % 7)));
        for (const [i, key] of keys.entries()) if (i % 10 !== 0) queue.remove(key);
        let count = 0;
        for (;;) {
          const expired = yield* queue.next();
          if (expired === undefined) break;
          assert(expired.deadline.compare(last) >= 0);
          last = expired.deadline;
          count++;
        }
        assert.equal(count, 100);
      }, options),
    );

    it("an insert, reset or remove outside of any task is heeded by an idle runtime", async () => {
      const rt = new Runtime({ ...options, startPaused: false });
      const queue = new DelayQueue<string>();
      const keys: DelayKey<string>[] = [];
      const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
      const next = async () => {
        const value = rt.run(function* () {
          return (yield* queue.next())?.value;
        });
        await turn(); // it is idle, with its timer set for the first deadline
        return { value };
      };
      await rt.run(function* () {
        keys.push(queue.insert("a", 60_000), queue.insert("b", 120_000));
      });
      const inserted = await next();
      queue.insert("early", 5);
      assert.equal(await inserted.value, "early");
      const reset = await next();
      queue.reset(keys[1] as DelayKey<string>, 5);
      assert.equal(await reset.value, "b");
      const removed = await next();
      queue.remove(keys[0] as DelayKey<string>);
      assert.equal(await removed.value, undefined);
      await rt.shutdown();
    });

    it("for await, until it is empty", async () => {
      const rt = new Runtime(options);
      const queue = new DelayQueue<string>();
      {
        using _ = rt.enter();
        const now = Instant.now();
        queue.insertAt("b", now.add(4));
        queue.insertAt("a", now.add(2));
      }
      const values: string[] = [];
      for await (const { value } of queue) values.push(value);
      assert.deepEqual(values, ["a", "b"]);
      await rt.shutdown();
    });

    it("after the runtime's shutdown it says so, and can still be emptied", async () => {
      const rt = new Runtime(options);
      const queue = new DelayQueue<string>();
      const keys: DelayKey<string>[] = [];
      await rt.run(function* () {
        keys.push(queue.insert("a", 60_000), queue.insert("b", 60_000));
      });
      await rt.shutdown();
      assert.throws(() => testTask(queue.next()).poll(), RuntimeShutdownError);
      queue.remove(keys[0] as DelayKey<string>);
      queue.clear();
      assert.equal(assertReady(testTask(queue.next()).poll()), undefined);
    });

    if (canPause)
      it(
        "an idle runtime advances to the first deadline, and no timer is left behind",
        test(
          function* () {
            const queue = new DelayQueue<string>();
            const first = queue.insert("first", 10);
            queue.insert("second", 1000);
            const start = Instant.now();
            const consumer = spawn(
              fn(function* () {
                return yield* queue.next();
              })(),
            );
            yield* settle();
            queue.remove(first);
            yield* sleep(20);
            assert.equal(start.elapsed(), 20);
            assert.equal((yield* consumer)?.value, "second");
            assert.equal(start.elapsed(), 1000);
          },
          { ...options, startPaused: true },
        ),
      );
  });
}

describe("DelayQueue without timers", () => {
  it("needs a runtime for its first value, none before", () => {
    const queue = new DelayQueue<string>();
    assert.equal(poll(queue), undefined);
    assert.throws(() => queue.insert("a", 1), NoRuntimeError);
    assert.equal(queue.length, 0);
  });

  it("needs a runtime with timers", async () => {
    const rt = Builder.currentThread().build();
    const queue = new DelayQueue<string>();
    await rt.run(function* () {
      assert.throws(() => queue.insert("a", 1), DriverDisabledError);
    });
    await rt.shutdown();
  });

  it(
    "belongs to the runtime of its first value",
    test(function* () {
      const other = new Runtime({ flavor: "currentThread", startPaused: true });
      const queue = new DelayQueue<string>();
      yield* other.wrap(function* () {
        queue.insert("a", 60_000);
      });
      const task = other.spawn(queue.next());
      assert.equal((yield* other.wrap(task))?.value, "a");
      yield* fromPromise(() => other.shutdown());
    }),
  );
});
