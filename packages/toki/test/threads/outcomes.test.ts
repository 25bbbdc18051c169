import assert from "node:assert/strict";
import { test } from "node:test";
import { type Future, fn, JoinError, NotSendError, Runtime, spawn, type TaskFailure } from "toki";
import { echo, fails, failsAtOnce, failsBelow, failsInCleanup, gives, leavesFailure } from "./functions.js";
import { reached } from "./signals.js";
import { onThreads } from "./support.js";

const errorOf = fn(function* errorOf(future: Future<unknown>) {
  try {
    yield* future;
  } catch (error) {
    assert(error instanceof JoinError);
    return error;
  }
  return assert.fail("the task did not fail");
});

const panicOf = fn(function* panicOf(future: Future<unknown>) {
  const error = yield* errorOf(future);
  assert(error.isPanic());
  return error.intoPanic() as Error;
});

onThreads("an error arrives with message, class and a stack that names the function on the worker", function* () {
  const error = yield* panicOf(spawn(fails("error")));
  assert(error instanceof Error);
  assert.equal(error.constructor, Error);
  assert.equal(error.message, "plain");
  assert.match(String(error.stack), /fails.*functions/s);
  const type = yield* panicOf(spawn(fails("type")));
  assert(type instanceof TypeError);
  assert.equal((yield* panicOf(spawn(failsAtOnce()))).name, "RangeError");
});

onThreads("the JoinError has the task's id and says what the task threw", function* () {
  const handle = spawn(fails("error"));
  const error = yield* errorOf(handle);
  assert.equal(error.taskId, handle.id);
  assert.equal(error.message, `task ${handle.id} panicked with message "plain"`);
});

onThreads(
  "an error of a class of one's own arrives as an Error with its name, code, properties and causes",
  function* () {
    const error = (yield* panicOf(spawn(fails("own")))) as Error & { code: string; detail: unknown };
    assert(error instanceof Error);
    assert.equal(error.name, "Refused");
    assert.equal(error.code, "E_REFUSED");
    assert.deepEqual(error.detail, { reason: "too much" });
    const cause = error.cause as Error;
    assert.equal(cause.message, "the cause");
    assert.equal(cause.cause, "its cause");
  },
);

onThreads("an AggregateError keeps its errors", function* () {
  const error = (yield* panicOf(spawn(fails("aggregate")))) as AggregateError;
  assert(error instanceof AggregateError);
  assert.equal(error.message, "several");
  assert(error.errors[0] instanceof TypeError);
  assert.equal(error.errors[0].message, "first");
  assert.equal(error.errors[1], "second");
});

onThreads("what is no error is thrown as it was, if it can be sent; else as its text", function* () {
  assert.equal(yield* panicOf(spawn(fails("string"))), "a string");
  assert.deepEqual(yield* panicOf(spawn(fails("object"))), { reason: "an object" });
  assert.equal(yield* panicOf(spawn(fails("undefined"))), undefined);
  assert.match(String(yield* panicOf(spawn(fails("function")))), /function thrown/);
  assert.equal(yield* panicOf(spawn(fails("symbol"))), "Symbol(thrown)");
  assert.equal((yield* panicOf(spawn(fails("dom")))).name, "AbortError");
});

onThreads("a failure below comes as the failure of the child, whose cause it is", function* () {
  const error = (yield* panicOf(spawn(failsBelow("type")))) as JoinError;
  assert.equal(error.name, "JoinError");
  assert.equal(error.code, "TOKI_TASK_PANICKED");
  assert((error.cause as Error) instanceof TypeError);
});

onThreads("a result that cannot be sent fails the task with a NotSendError that says where", function* () {
  const deep = (yield* panicOf(spawn(gives("function")))) as NotSendError;
  assert.equal(deep.name, "NotSendError");
  assert.equal(deep.code, "TOKI_NOT_SEND");
  assert.match(deep.message, /^spawn gives: the result\.deep\[1\]\.callback is /);
  assert.match((yield* panicOf(spawn(gives("symbol")))).message, /^spawn gives: the result is /);
  assert.equal((yield* panicOf(spawn(gives("promise")))).name, "NotSendError");
  assert.equal(yield* spawn(gives("number")), 1.5);
});

onThreads("an error is a value like any other when it is returned", function* () {
  const error = (yield* spawn(gives("instance"))) as Error;
  assert(error instanceof Error);
  assert.equal(error.name, "Refused");
});

onThreads("an argument that cannot be sent is refused at the spawn, and the call is as it was", function* () {
  const call = echo({ list: [1, () => 1] });
  assert.throws(
    () => spawn(call),
    (error: unknown) => {
      assert(error instanceof NotSendError);
      assert.match(error.message, /^spawn echo: argument 0\.list\[1\] is /);
      return true;
    },
  );
  assert.equal(typeof (yield* call).list[1], "function");
});

onThreads("an error in the cleanup of an abort wins over the cancellation", function* () {
  const words = new Int32Array(new SharedArrayBuffer(64));
  const handle = spawn(failsInCleanup(words));
  yield* reached(words, 0);
  handle.abort();
  assert.equal((yield* panicOf(handle)).message, "cleanup failed");
});

onThreads("a failure that nobody joins is reported once, by the thread that spawned it", function* ({ unhandled, rt }) {
  let handle: unknown = spawn(fails("type"));
  const { id } = handle as { id: number };
  handle = undefined;
  while (rt.dump().tasks.some((task) => task.id === id)) yield* reached(yield* spawn(echo(mark1())), 0);
  assert.deepEqual(unhandled, []);
});

test("one that a task on a worker has spawned is told to onUnhandledFailure, too", { timeout: 30_000 }, async () => {
  const failures: TaskFailure[] = [];
  const rt = new Runtime({ workerThreads: 1, onUnhandledFailure: (failure) => failures.push(failure) });
  const id = await rt.spawn(leavesFailure());
  await rt.shutdown();
  assert.equal(failures.length, 1);
  assert.deepEqual([failures[0]?.id, failures[0]?.name], [id, "left alone"]);
  assert.ok(failures[0]?.error instanceof TypeError, String(failures[0]?.error));
});

function mark1(): Int32Array {
  const words = new Int32Array(new SharedArrayBuffer(64));
  words[0] = 1;
  return words;
}
