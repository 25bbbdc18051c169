// Programs about tasks: spawning, joining, failing, starving, outliving.
import assert from "node:assert/strict";
import test from "node:test";
import {
  fn,
  Handle,
  Instant,
  JoinError,
  JoinSet,
  join,
  main,
  Runtime,
  type SlowPoll,
  sleep,
  spawn,
  spawnLocal,
  timeout,
  yieldNow,
} from "toki";
import { oneshot } from "toki/sync";
import { test as toki } from "toki/test";
import { AbortOnDropHandle, CancellationToken, JoinQueue, TaskTracker } from "toki/util";
import { ms, virtual } from "./support.js";

/** Keeps the thread busy without awaiting. */
function blockThread(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test("program 6: tasks of one thread interleave only at awaits", async () => {
  const log: string[] = [];
  const rt = new Runtime({ flavor: "currentThread" });
  assert.equal(rt.metrics().numWorkers, 1);
  const steps = fn(function* steps(name: string) {
    log.push(`${name}1`, `${name}2`);
    yield* yieldNow();
    log.push(`${name}3`);
  });
  await rt.run(join(rt.spawn(steps("a")), rt.spawn(steps("b"))));
  assert.deepEqual(log.slice(0, 4), ["a1", "a2", "b1", "b2"]);
  assert.deepEqual(log.slice(4).sort(), ["a3", "b3"]);
  await rt.shutdown();
});

test("program 7 as written: main returns first, both tasks are dropped, nothing runs", async () => {
  const log: string[] = [];
  await main(function* () {
    spawn(function* () {
      blockThread(5000);
      log.push("blocked");
    });
    spawn(function* () {
      log.push("print");
    });
  });
  assert.deepEqual(log, []);
});

test("program 7 with both handles awaited: the print comes after the blocking", async () => {
  const log: string[] = [];
  await main(function* () {
    const blocking = spawn(function* () {
      blockThread(50);
      log.push("blocked");
    });
    const print = spawn(function* () {
      log.push("print");
    });
    yield* join(blocking, print);
  });
  assert.deepEqual(log, ["blocked", "print"]);
});

test("programs 12, 29, 57: while a task computes, no timer fires and nobody else is polled", async () => {
  await main(function* () {
    let ticks = 0;
    const ticker = spawn(function* () {
      for (;;) {
        yield* sleep(1);
        ticks++;
      }
    });
    yield* yieldNow();
    const before = ticks;
    yield* spawn(function* () {
      const ticksAtStart = ticks;
      blockThread(30);
      assert.equal(ticks, ticksAtStart);
    });
    while (ticks === before) yield* sleep(1); // it goes on afterwards
    ticker.abort();
  });
});

test("program 79: a timeout cannot interrupt synchronous code, and the value wins", async () => {
  await main(function* () {
    const value = yield* timeout(10, function* () {
      blockThread(40);
      return "ok";
    });
    assert.equal(value, "ok");
  });
});

test("program 79: the detector of slow polls names the function that blocked", async () => {
  const slow: SlowPoll[] = [];
  const parse = fn(function* parse() {
    yield* yieldNow();
    blockThread(30);
  });
  const rt = new Runtime({
    flavor: "currentThread",
    slowPollThreshold: 25,
    onSlowPoll: (poll) => slow.push(poll),
  });
  await rt.run(function* () {
    const blocking = spawn(
      fn(function* handle() {
        yield* sleep(1);
        yield* parse();
        yield* sleep(1);
      })(),
      { name: "request" },
    );
    yield* blocking;
  });
  await rt.shutdown();
  const found = slow.find(({ functions }) => functions.length === 2);
  assert.ok(found !== undefined && found.duration >= 29 && found.name === "request");
  assert.deepEqual(
    found.functions.map((each) => each.replace(/:\d+/, ":N")),
    ["handle (tasks.test.js:N)", "parse (tasks.test.js:N)"],
  );
});

test("programs 22, 27, 54: other work first, then the task's value", async () => {
  const log: string[] = [];
  await main(function* () {
    const task = spawn(function* () {
      yield* sleep(1);
      log.push("Task completed");
      return 42;
    });
    log.push("Doing other things");
    log.push(`Task returned: ${yield* task}`);
  });
  assert.deepEqual(log, ["Doing other things", "Task completed", "Task returned: 42"]);
});

test("program 40: the spawner is not delayed by what it spawns", async () => {
  const log: string[] = [];
  await main(function* () {
    const task = spawn(function* fetchUser() {
      log.push("user 42");
    });
    log.push("spawned");
    yield* task;
  });
  assert.deepEqual(log, ["spawned", "user 42"]);
});

test(
  "program 28: a failing task gives a JoinError to who awaits it, and hurts nobody else",
  toki(function* () {
    const bad = spawn(function* () {
      throw new Error("boom");
    });
    const good = spawn(function* () {
      yield* yieldNow();
      return "fine";
    });
    let caught: unknown;
    try {
      yield* bad;
    } catch (error) {
      caught = error;
    }
    assert.ok(caught instanceof JoinError);
    assert.equal(caught.isPanic(), true);
    assert.equal(caught.isCancelled(), false);
    assert.equal((caught.cause as Error).message, "boom");
    assert.equal(yield* good, "fine");
  }),
);

test(
  "program 53: a task runs though its handle is never awaited",
  toki(function* () {
    const events: string[] = [];
    spawn(function* () {
      events.push("logged");
    });
    yield* yieldNow();
    assert.deepEqual(events, ["logged"]);
  }),
);

test("program 60: endless tasks go on after their spawner returned, until the runtime is shut down", async () => {
  const rt = new Runtime({ startPaused: true });
  let rounds = 0;
  let ended = 0;
  const endless = fn(function* endless() {
    try {
      for (;;) {
        yield* sleep(10);
        rounds++;
      }
    } finally {
      ended++;
    }
  });
  const leaky = fn(function* leaky() {
    spawn(endless());
    spawn(endless());
  });
  await rt.run(leaky());
  await rt.run(function* () {
    yield* sleep(100);
  });
  assert.ok(rounds >= 18, `${rounds} rounds`);
  assert.equal(rt.metrics().numAliveTasks, 2);
  await rt.shutdown();
  assert.equal(ended, 2);
  assert.equal(rt.metrics().numAliveTasks, 0);
});

test(
  "program 62: a child's value passes up, and aborting the parent leaves the child running",
  virtual(function* () {
    let finished = 0;
    const child = fn(function* child() {
      yield* sleep(100);
      finished++;
      return "from the child";
    });
    const parent = fn(function* parent() {
      return yield* spawn(child());
    });
    assert.equal(yield* spawn(parent()), "from the child");

    const aborted = spawn(parent());
    yield* yieldNow();
    aborted.abort();
    yield* sleep(200);
    assert.equal(aborted.isFinished(), true);
    assert.equal(finished, 2);
  }),
);

test(
  "program 60 with a tracker: the tasks are told to stop, and waited for until they have saved",
  virtual(function* () {
    const tracker = new TaskTracker();
    const stop = new CancellationToken();
    let saved = 0;
    const background = fn(function* background() {
      const jobs = fn(function* jobs() {
        for (;;) yield* sleep(10);
      });
      yield* stop.runUntilCancelled(jobs());
      yield* sleep(5);
      saved++;
    });
    const leaky = fn(function* leaky() {
      tracker.spawn(background());
      tracker.spawn(background());
    });
    yield* leaky();
    yield* sleep(100);
    assert.deepEqual([tracker.length, Handle.current().metrics().numAliveTasks], [2, 2]);
    const start = Instant.now();
    stop.cancel();
    tracker.close();
    yield* tracker.wait();
    assert.deepEqual([saved, start.elapsed()], [2, 5]);
    assert.equal(Handle.current().metrics().numAliveTasks, 0);
  }),
);

test(
  "program 61 with a queue: all users in the order of the ids",
  virtual(function* () {
    const fetchUser = fn(function* fetchUser(id: number) {
      yield* sleep(100 - 10 * id);
      return id;
    });
    const start = Instant.now();
    assert.deepEqual(yield* new JoinQueue([0, 1, 2, 3].map((id) => fetchUser(id))).joinAll(), [0, 1, 2, 3]);
    assert.equal(start.elapsed(), 100, "side by side");
  }),
);

test(
  "program 62 with an AbortOnDropHandle: the child ends with its parent",
  virtual(function* () {
    let finished = 0;
    const child = fn(function* child() {
      yield* sleep(100);
      finished++;
      return "from the child";
    });
    const parent = fn(function* parent() {
      using task = new AbortOnDropHandle(spawn(child()));
      return yield* task;
    });
    assert.equal(yield* spawn(parent()), "from the child");

    const aborted = spawn(parent());
    yield* yieldNow();
    aborted.abort();
    yield* sleep(200);
    assert.deepEqual([aborted.isFinished(), finished], [true, 1]);
    assert.equal(Handle.current().metrics().numAliveTasks, 0);
  }),
);

test(
  "program 89: awaiting a JoinHandle inside a task does not deadlock, with one worker either",
  toki(function* () {
    const work = fn(function* work() {
      yield* yieldNow();
      return 7;
    });
    const byHandle = spawn(function* () {
      return yield* spawn(work());
    });
    const byJoin = spawn(function* () {
      const [value] = yield* join(work());
      return value;
    });
    const byOneshot = spawn(function* () {
      const [tx, rx] = oneshot<number>();
      spawn(function* () {
        tx.send(yield* work());
      });
      return yield* rx;
    });
    assert.deepEqual(yield* join(byHandle, byJoin, byOneshot), [7, 7, 7]);
  }),
);

const TASKS = 10_000;

test(
  "program 2: 10,000 tasks that sleep one second take one second",
  virtual(function* () {
    const rt = Handle.current();
    let done = 0;
    const work = fn(function* work() {
      yield* sleep(1000);
      done++;
    });
    const start = Instant.now();
    const tasks = Array.from({ length: TASKS }, () => spawn(work()));
    for (const task of tasks) yield* task;
    assert.equal(done, TASKS);
    assert.equal(rt.metrics().spawnedTasksCount, TASKS);
    assert.equal(ms(start.elapsed()), 1000);
  }),
);

test(
  "program 61: all users in order of completion",
  virtual(function* () {
    const fetchUser = fn(function* fetchUser(id: number) {
      yield* sleep(100 - 10 * id);
      return id;
    });
    using set = new JoinSet<number>([0, 1, 2, 3].map((id) => fetchUser(id)));
    const users: number[] = [];
    for (let joined = yield* set.joinNext(); joined !== undefined; joined = yield* set.joinNext()) {
      if (joined.ok) users.push(joined.value);
    }
    assert.deepEqual(users, [3, 2, 1, 0]);
  }),
);

test(
  "program 61: the first error returns, and disposing of the set aborts the rest",
  virtual(function* () {
    const ended: string[] = [];
    const fetchUser = fn(function* fetchUser(id: number) {
      let outcome = "aborted";
      try {
        yield* sleep(10 * id);
        outcome = "failed";
        if (id === 2) throw new Error("user 2: not found");
        outcome = "fetched";
      } finally {
        ended.push(`${id} ${outcome}`);
      }
    });
    const fetchAll = fn(function* fetchAll() {
      using set = new JoinSet<void>();
      for (const id of [1, 2, 3, 4]) set.spawn(fetchUser(id));
      for (let joined = yield* set.joinNext(); joined !== undefined; joined = yield* set.joinNext()) {
        if (!joined.ok) throw joined.error.cause;
      }
    });
    let caught: unknown;
    try {
      yield* fetchAll();
    } catch (error) {
      caught = error;
    }
    assert.equal((caught as Error).message, "user 2: not found");
    yield* sleep(100);
    assert.deepEqual(ended.toSorted(), ["1 fetched", "2 failed", "3 aborted", "4 aborted"]);
  }),
);

test(
  "programs 87, 98, 99: tasks share values by reference, spawnLocal and spawn alike",
  toki(function* () {
    const shared = { value: 40 };
    const bump = fn(function* bump() {
      yield* yieldNow();
      shared.value++;
    });
    yield* join(spawnLocal(bump()), spawn(bump()));
    assert.equal(shared.value, 42);
  }),
);
