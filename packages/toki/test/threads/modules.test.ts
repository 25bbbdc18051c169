// How a worker comes to the function it is to run.
import assert from "node:assert/strict";
import { type Future, fn, JoinError, spawn, spawnBlocking } from "toki";
import { add, addLater, holds } from "./functions.js";
import { missing, present } from "./modules/defines-here-alone.js";
import { halfDone, halfDoneBlocking } from "./modules/fails-below.js";
import { unreachable } from "./modules/fails-elsewhere.js";
import { waitsForModule } from "./modules/never-ready.js";
import { Greeter } from "./modules/private-name.js";
import { multiply } from "./modules/top-level-await.js";
import { mark, reached } from "./signals.js";
import { cells, onThreads } from "./support.js";

/** As in served-tasks.ts. */
const IMPORT_MS = 2000;

const causeOf = fn(function* causeOf(future: Future<unknown>) {
  try {
    yield* future;
  } catch (error) {
    assert(error instanceof JoinError && error.isPanic());
    return error.cause as Error;
  }
  return assert.fail("the task did not fail");
});

onThreads("a module with a top-level await is awaited", function* () {
  const handles = [1, 2, 3, 4].map((n) => spawn(multiply(n)));
  for (const [i, handle] of handles.entries()) assert.equal(yield* handle, 3 * (i + 1));
});

onThreads("a private method is found by its name", function* () {
  assert.equal(yield* spawn(Greeter.greet("you")), "hello you");
});

onThreads("a module that cannot be imported fails its tasks with what it threw, every time", function* () {
  for (let i = 0; i < 3; i++) assert.match((yield* causeOf(spawn(unreachable()))).message, /not on this thread/);
  assert.equal(yield* spawn(add(1, 1)), 2);
});

onThreads(
  "so does one that had defined the function by then, on workers and blocking threads, with all causes",
  function* () {
    for (let i = 0; i < 6; i++) {
      const error = (yield* causeOf(
        i % 2 === 0 ? spawn(halfDone()) : spawnBlocking(halfDoneBlocking()),
      )) as NodeJS.ErrnoException;
      assert.deepEqual([error.message, error.code], ["not to its end", "E_END"]);
      assert.ok(error.cause instanceof RangeError);
      assert.deepEqual([error.cause.message, error.cause.cause], ["why", "root"]);
    }
  },
);

onThreads("a function that its module does not define on a worker fails its tasks, and says so", function* () {
  const error = yield* causeOf(spawn(missing!()));
  assert.match(error.message, /^fn missing: file:.*defines-here-alone.* did not define it when a worker imported it/);
  assert.equal(yield* spawn(present()), "present");
});

onThreads("a second function of the same name is refused where it is defined", function* () {
  const define = () =>
    fn(import.meta, function* twin() {
      return 1;
    });
  define();
  assert.throws(() => {
    fn(import.meta, function* twin() {
      return 2;
    });
  }, /there are two functions named twin/);
  yield* spawn(add(0, 0));
});

onThreads("a module that is never ready holds up its own tasks, which can be cancelled, and no others", function* () {
  const handles = Array.from({ length: 8 }, () => spawn(waitsForModule()));
  const others = Array.from({ length: 20 }, (_, i) => spawn(addLater(i, 0)));
  for (const [i, other] of others.entries()) assert.equal(yield* other, i);
  for (const handle of handles) handle.abort();
  for (const handle of handles) {
    try {
      yield* handle;
    } catch (error) {
      assert(error instanceof JoinError && error.isCancelled());
    }
  }
});

onThreads("tasks that are queued while workers start and import are spread over all of them", function* () {
  const words = cells();
  const start = performance.now();
  const handles = [spawn(holds(words)), spawn(holds(words))];
  yield* reached(words, 0);
  // A worker that has imported for so long takes another task meanwhile: on a busy machine one may have taken both.
  const isSlow = performance.now() - start >= IMPORT_MS;
  // Each holds its thread: they are on two.
  if (!isSlow) yield* reached(words, 0, 2);
  mark(words, 1);
  const [one, two] = [yield* handles[0]!, yield* handles[1]!];
  if (!isSlow) assert.notEqual(one, two);
});
