/*
 * Wrong arguments are refused at the call, by name, and nothing has happened yet.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  branch,
  Context,
  InvalidArgumentError,
  JoinSet,
  LocalRuntime,
  LocalSet,
  MisuseError,
  main,
  pollFn,
  Runtime,
  ready,
  scope,
  select,
  spawn,
  taskLocal,
  toAsyncIterable,
  Waker,
} from "toki";
import * as shared from "toki/shared";
import { StreamMap, stream } from "toki/stream";
import * as local from "toki/sync";
import { testTask, test as tokiTest } from "toki/test";
import { exponential, fixed, JoinMap, JoinQueue, rateLimiter, retry, WorkerPool } from "toki/util";

function refuses(call: () => unknown, argument: string): void {
  assert.throws(call, (error) => {
    assert.ok(error instanceof InvalidArgumentError, String(error));
    assert.equal(error.argument, argument);
    return true;
  });
}

const no = (value: unknown) => value as never;

for (const [name, module] of [
  ["toki/sync", local],
  ["toki/shared", shared],
] as const) {
  // The same methods; their overloads have guards of another class.
  const sync = module as typeof local;
  test(`${name}: a guard is not mapped with what is no function, and goes on holding its lock`, () => {
    const mutex = new sync.Mutex({ part: 1 });
    const guard = mutex.tryLock();
    const rwlock = new sync.RwLock({ part: 1 });
    const write = rwlock.tryWrite();
    refuses(() => guard.map(no(undefined)), "get");
    refuses(() => guard.tryMap(no({})), "get");
    refuses(() => guard.map((value) => value.part, no("set")), "set");
    refuses(() => write.map(no(null)), "get");
    refuses(() => write.tryMap(no(1)), "get");
    refuses(() => write.downgradeMap(no(undefined)), "get");
    refuses(() => write.tryDowngradeMap(no(undefined)), "get");
    assert.equal(guard.value.part, 1);
    assert.equal(write.value.part, 1);
    const read = write.downgrade();
    refuses(() => read.map(no(undefined)), "get");
    refuses(() => read.tryMap(no(undefined)), "get");
    assert.equal(read.value.part, 1);
    read.release();
    const mapped = guard.map((value) => value.part);
    refuses(() => mapped.map(no(undefined)), "get");
    refuses(() => mapped.tryMap(no(undefined)), "get");
    assert.equal(mapped.value, 1);
    mapped.release();
    const part = rwlock.tryWrite().map((value) => value.part);
    refuses(() => part.map(no(undefined)), "get");
    refuses(() => part.tryMap(no(undefined)), "get");
    assert.equal(part.value, 1);
    part.release();
  });

  test(`${name}: withLock, withRead and withWrite want a function before they lock`, () => {
    const mutex = new sync.Mutex(0);
    const rwlock = new sync.RwLock(0);
    refuses(() => mutex.withLock(no(undefined)), "body");
    refuses(() => rwlock.withRead(no({})), "body");
    refuses(() => rwlock.withWrite(no(1)), "body");
  });

  test(`${name}: tryAcquireMany wants to know how many`, () => {
    const semaphore = new sync.Semaphore(2);
    refuses(() => semaphore.tryAcquireMany(no(undefined)), "n");
    assert.equal(semaphore.availablePermits, 2);
  });
}

test("callbacks are checked before there is anything to call them for", async () => {
  refuses(() => pollFn(no(undefined)), "callback");
  refuses(() => Waker.from(no(1)), "callback");
  refuses(() => Context.fromWaker(no({})), "waker");
  refuses(() => taskLocal<number>().tryWith(no(undefined)), "callback");
  refuses(() => retry(fixed(1), () => ready(1), { onRetry: no("x") }), "options.onRetry");
  refuses(() => select({ a: ready(1) }, { else: no(1) }), "options.else");
  refuses(() => branch(ready(1), { when: no(1) }), "options.when");
});

test("a branch wants a future", () => {
  for (const wrong of [undefined, null, Promise.resolve(1), () => 1]) {
    assert.throws(() => branch(no(wrong), {}), MisuseError);
  }
});

test("options are an object", async () => {
  await main(function* () {
    for (const wrong of [null, 3, "name", () => {}]) {
      refuses(() => spawn(ready(1), no(wrong)), "options");
      refuses(() => new JoinSet<number>().spawn(ready(1), no(wrong)), "options");
      refuses(() => new JoinSet<number>().abortAll(no(wrong)), "options");
      refuses(() => new LocalSet(no(wrong)), "options");
      refuses(() => scope(function* () {}, no(wrong)), "options");
      refuses(() => select({ a: ready(1) }, no(wrong)), "options");
      refuses(() => select.biased({ a: ready(1) }, no(wrong)), "options");
      refuses(() => new LocalRuntime(no(wrong)), "options");
      refuses(() => branch(ready(1), no(wrong)), "options");
      refuses(() => retry(fixed(1), () => ready(1), no(wrong)), "options");
      refuses(() => exponential(1, no(wrong)), "options");
      refuses(() => rateLimiter(1, no(wrong)), "options");
      refuses(() => new WorkerPool(1, no(wrong)), "options");
      refuses(() => stream(local.watch(1)[1], no(wrong)), "options");
      refuses(() => toAsyncIterable(() => ready(1), no(wrong)), "options");
      refuses(() => testTask(ready(1), no(wrong)), "options");
      refuses(() => tokiTest(function* () {}, no(wrong)), "options");
    }
    yield* ready(undefined);
  });
  await assert.rejects(main(ready(1), no(null)), InvalidArgumentError);
  await using rt = new Runtime();
  refuses(() => rt.run(ready(1), no(null)), "options");
  refuses(() => rt.run(ready(1), { signal: no(null) }), "options.signal");
});

test("how to abort is checked where nothing runs, too, and at the call", async () => {
  await main(function* () {
    const wrong = { cleanupTimeout: -1 };
    for (const tasks of [new JoinSet<void>(), new JoinMap<string, void>(), new JoinQueue<void>()]) {
      refuses(() => tasks.abortAll(wrong), "options.cleanupTimeout");
      refuses(() => tasks.shutdown(wrong), "options.cleanupTimeout");
    }
    const task = spawn(ready(1));
    refuses(() => task.abort({ terminate: no("yes") }), "options.terminate");
    yield* scope(function* (s) {
      refuses(() => s.abortAll(wrong), "options.cleanupTimeout");
    });
    yield* task;
  });
});

test("no task is spawned of a list with something else in it", async () => {
  await main(function* () {
    let began = 0;
    const work = function* () {
      began++;
    };
    const set = new JoinSet<void>();
    assert.throws(() => set.extend([work, no(Promise.resolve())]), MisuseError);
    assert.equal(set.size, 0);
    assert.throws(() => new JoinSet<void>([work, no(undefined)]), MisuseError);
    assert.throws(() => new JoinQueue<void>([work, no(undefined)]), MisuseError);
    yield* spawn(ready(0));
    assert.equal(began, 0);
  });
});

test("a StreamMap is made of pairs", () => {
  refuses(() => new StreamMap(no(null)), "entries");
  refuses(() => new StreamMap(no([undefined])), "an entry");
});
