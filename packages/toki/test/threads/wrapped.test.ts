import assert from "node:assert/strict";
import { test } from "node:test";
import { ElapsedError, JoinError, MisuseError, Runtime, taskLocal, timeout } from "toki";
import { forever, user, whoAmI } from "./wrapped.functions.js";

const options = { flavor: "multiThread", workerThreads: 1 } as const;

test("a task-local value goes with the call to the worker, as a copy", { timeout: 30_000 }, async () => {
  await using rt = new Runtime(options);
  const value = { name: "alice" };
  const handle = rt.spawn(user.scope(value, whoAmI("I am")));
  value.name = "bob";
  assert.deepEqual(await handle, { text: "I am alice", worker: 0 });
  assert.deepEqual(await rt.spawn(whoAmI("I am")), { text: "I am undefined", worker: 0 });
});

test("a deadline goes with the call: cleanup ends, then the error comes home", { timeout: 30_000 }, async () => {
  await using rt = new Runtime(options);
  const cell = new SharedArrayBuffer(4);
  const handle = rt.run(function* () {
    return yield* rt.spawn(timeout(20, forever(cell)));
  });
  await assert.rejects(handle, (error: JoinError) => {
    assert.ok(error instanceof JoinError && error.isPanic());
    assert.ok(error.cause instanceof ElapsedError);
    return true;
  });
  assert.equal(Atomics.load(new Int32Array(cell), 0), 1);
});

test("a scope in a timeout, and a timeout in a scope", { timeout: 30_000 }, async () => {
  await using rt = new Runtime(options);
  await rt.run(function* () {
    const inside = yield* rt.spawn(timeout(60_000, user.scope({ name: "carol" }, whoAmI("I am"))));
    assert.deepEqual(inside, { text: "I am carol", worker: 0 });
    const around = yield* rt.spawn(user.scope({ name: "dave" }, timeout(60_000, whoAmI("I am"))));
    assert.deepEqual(around, { text: "I am dave", worker: 0 });
  });
});

test("with a key of this thread alone, the call stays on it", async () => {
  await using rt = new Runtime(options);
  const local = taskLocal<number>("local");
  const { worker } = await rt.run(function* () {
    return yield* rt.spawn(local.scope(1, whoAmI("here")));
  });
  assert.equal(worker, undefined);
});

test("what was sent away is over here; what could not be sent is as it was", async () => {
  await using rt = new Runtime(options);
  await rt.run(function* () {
    const wrapped = timeout(60_000, whoAmI("x"));
    yield* rt.spawn(wrapped);
    try {
      yield* rt.spawn(wrapped);
      assert.fail("it was spawned twice");
    } catch (error) {
      assert.ok(error instanceof JoinError && error.cause instanceof MisuseError);
    }
    const refused = timeout(
      60_000,
      (whoAmI as (x: unknown) => ReturnType<typeof whoAmI>)(() => {}),
    );
    assert.throws(() => rt.spawn(refused), { code: "TOKI_NOT_SEND" });
    assert.equal((yield* refused).worker, undefined);
  });
});

test("taskLocal(import.meta, name) wants a name of its own", () => {
  assert.throws(() => taskLocal(import.meta, ""), { code: "TOKI_INVALID_ARGUMENT", argument: "name" });
  assert.throws(() => taskLocal({} as never, "x"), { code: "TOKI_INVALID_ARGUMENT", argument: "meta" });
  taskLocal(import.meta, "once");
  assert.throws(() => taskLocal(import.meta, "once"), { code: "TOKI_DUPLICATE_NAME" });
});
