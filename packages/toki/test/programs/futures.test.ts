// Programs about what a future is: lazy, polled, woken.
import assert from "node:assert/strict";
import test from "node:test";
import {
  type Context,
  Future,
  fn,
  Handle,
  main,
  Pending,
  type Poll,
  Runtime,
  sleep,
  spawn,
  type Waker,
  yieldNow,
} from "toki";
import { assertPending, assertReadyEq, testTask, test as toki } from "toki/test";

class DelayedValue<T> extends Future<T> {
  polls = 0;
  #value: T | Pending = Pending;
  #waker: Waker | undefined;

  set(value: T): void {
    this.#value = value;
    this.#waker?.wake();
  }

  poll(cx: Context): Poll<T> {
    this.polls++;
    if (this.#value !== Pending) return this.#value;
    this.#waker = cx.waker;
    return Pending;
  }
}

test("program 3: a delayed value takes exactly two polls", async () => {
  await main(function* () {
    const delayed = new DelayedValue<number>();
    setTimeout(() => delayed.set(42), 1);
    assert.equal(yield* delayed, 42);
    assert.equal(delayed.polls, 2);
  });
});

test("program 3: a value that is there first takes one poll", async () => {
  await main(function* () {
    const delayed = new DelayedValue<number>();
    delayed.set(42);
    assert.equal(yield* delayed, 42);
    assert.equal(delayed.polls, 1);
  });
});

test("program 37: creating a future starts nothing, awaiting it does", async () => {
  let started = 0;
  const lazy = fn(function* lazy() {
    started++;
    return "value";
  });
  await main(function* () {
    const future = lazy();
    yield* yieldNow();
    assert.equal(started, 0);
    assert.equal(yield* future, "value");
    assert.equal(started, 1);
  });
});

test("program 90: a future that is not awaited has no effect, a promise has", async () => {
  const effects: string[] = [];
  const asFuture = fn(function* asFuture() {
    effects.push("future");
  });
  const asPromise = async () => {
    effects.push("promise");
  };
  await main(function* () {
    asFuture();
    void asPromise();
    effects.push("User fetched!");
  });
  assert.deepEqual(effects, ["promise", "User fetched!"]);
});

test("program 38: a hand-written state machine is polled as an fn is", () => {
  const log: string[] = [];
  const gates = [new DelayedValue<number>(), new DelayedValue<number>(), new DelayedValue<number>()] as const;
  const asFn = fn(function* asFn() {
    log.push("Start");
    const a = yield* gates[0];
    log.push("WaitingOn2");
    const b = yield* gates[1];
    log.push("WaitingOn3");
    const c = yield* gates[2];
    log.push("Done");
    return a + b + c;
  });
  using task = testTask(asFn());
  for (const [i, gate] of gates.entries()) {
    assertPending(task.poll());
    assertPending(task.poll()); // nothing has happened: stays where it is
    gate.set(i + 1);
    assert.equal(task.isWoken, true);
  }
  assertReadyEq(task.poll(), 6);
  assert.deepEqual(log, ["Start", "WaitingOn2", "WaitingOn3", "Done"]);
});

test("program 42: an executor polls once, and gives control back when the answer is pending", () => {
  const delayed = new DelayedValue<string>();
  using task = testTask(delayed);
  assertPending(task.poll());
  assert.equal(delayed.polls, 1);
  assert.equal(task.isWoken, false);
});

test("program 43: several wakes before the next poll schedule a task once", async () => {
  const rt = new Runtime();
  let waker: Waker | undefined;
  let polls = 0;
  class Listening extends Future<string> {
    poll(cx: Context): Poll<string> {
      waker = cx.waker;
      return ++polls === 2 ? "done" : Pending;
    }
  }
  const task = rt.spawn(new Listening());
  const value = await rt.run(function* () {
    yield* yieldNow();
    assert.equal(polls, 1);
    waker?.wake();
    waker?.wake();
    waker?.wake();
    return yield* task;
  });
  assert.equal(value, "done");
  assert.equal(polls, 2);
  waker?.wake(); // after completion: nothing
  await rt.run(yieldNow());
  assert.equal(polls, 2);
  await rt.shutdown();
});

test("program 56: buffered data is ready; otherwise the waker is kept and woken on arrival", () => {
  class Socket {
    readonly #buffered: string[] = [];
    #waker: Waker | undefined;

    arrive(data: string): void {
      this.#buffered.push(data);
      this.#waker?.wake();
      this.#waker = undefined;
    }

    pollRead(cx: Context): Poll<string> {
      const data = this.#buffered.shift();
      if (data !== undefined) return data;
      this.#waker = cx.waker;
      return Pending;
    }
  }
  class Read extends Future<string> {
    constructor(readonly socket: Socket) {
      super();
    }
    poll(cx: Context): Poll<string> {
      return this.socket.pollRead(cx);
    }
  }
  const socket = new Socket();
  socket.arrive("early");
  using first = testTask(new Read(socket));
  assertReadyEq(first.poll(), "early");
  using second = testTask(new Read(socket));
  assertPending(second.poll());
  socket.arrive("late");
  assert.equal(second.isWoken, true);
  assertReadyEq(second.poll(), "late");
});

test("program 78: polled by hand, pending first and ready after the event", () => {
  const delayed = new DelayedValue<number>();
  using task = testTask(delayed);
  assertPending(task.poll());
  delayed.set(42);
  assertReadyEq(task.poll(), 42);
});

test(
  "program 39: an error passes through awaits as `?` passes it",
  toki(function* () {
    const fails = fn(function* fails() {
      yield* yieldNow();
      throw new RangeError("no such row");
    });
    const caller = fn(function* caller() {
      yield* fails();
      return "never";
    });
    let caught: unknown;
    try {
      yield* caller();
    } catch (error) {
      caught = error;
    }
    assert.ok(caught instanceof RangeError);
  }),
);

test("program 100: every test has a runtime of its own", async () => {
  const ids: number[] = [];
  const body = toki(function* () {
    ids.push(Handle.current().id);
  });
  await body();
  await body();
  assert.notEqual(ids[0], ids[1]);
});

test("program 100: tasks that are left are cancelled at the end of a test", async () => {
  let cleaned = false;
  await toki(function* () {
    spawn(function* () {
      try {
        yield* sleep(60_000);
      } finally {
        cleaned = true;
      }
    });
    yield* yieldNow();
    assert.equal(cleaned, false);
  })();
  assert.equal(cleaned, true);
});
