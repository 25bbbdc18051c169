import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Builder,
  fn,
  InvalidArgumentError,
  join,
  Runtime,
  type RuntimeOptions,
  type SlowPoll,
  type Suspend,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { assertErr } from "toki/test";
import { runProgram } from "../support/child.js";
import { flavors } from "../support/flavors.js";

/** Keeps the thread for at least so many milliseconds. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** All polls, since each takes longer than the threshold. */
async function allPolls(
  options: RuntimeOptions,
  body: () => Generator<Suspend, void, unknown>,
): Promise<readonly SlowPoll[]> {
  const polls: SlowPoll[] = [];
  const onSlowPoll = (poll: SlowPoll) => polls.push(poll);
  const rt = new Runtime({ ...options, slowPollThreshold: { nanoseconds: 1 }, onSlowPoll });
  await rt.run(body);
  await rt.shutdown();
  return polls;
}

const inner = fn(function* inner() {
  yield* yieldNow();
});
const outer = fn(function* outer() {
  yield* inner();
});
/** Without the line, which is that of the compiled file. */
const names = ({ functions }: SlowPoll) => functions.map((each) => each.replace(/:\d+\)/, ":N)"));

for (const flavor of flavors) {
  describe(`slow polls [${flavor.name}]`, () => {
    test("each says the task, and the functions that it began in", async () => {
      const polls = await allPolls(flavor.options, function* body() {
        yield* spawn(outer(), { name: "request" });
      });
      assert.deepEqual(polls.filter(({ name }) => name === "request").map(names), [
        ["outer (slow-polls.test.js:N)"],
        ["outer (slow-polls.test.js:N)", "inner (slow-polls.test.js:N)"],
      ]);
      assert.deepEqual(polls.find(({ id }) => id === undefined)?.functions, ["body"]);
    });

    test("looks through what is around a function", async () => {
      const polls = await allPolls(flavor.options, function* () {
        yield* spawn(timeout(60_000, outer()), { name: "limited" });
      });
      const last = polls.filter(({ name }) => name === "limited").at(-1) as SlowPoll;
      assert.deepEqual(names(last), ["timeout", "outer (slow-polls.test.js:N)", "inner (slow-polls.test.js:N)"]);
    });

    test("what is no function says what it waits for", async () => {
      const polls = await allPolls(flavor.options, function* () {
        yield* spawn(join(inner(), inner()), { name: "both" });
      });
      assert.match(String(polls.find(({ name }) => name === "both")?.functions), /^join/);
    });

    test("the duration is that of the poll, and quick polls are not told of", async () => {
      const polls: SlowPoll[] = [];
      const rt = new Runtime({
        ...flavor.options,
        slowPollThreshold: { hours: 1 },
        onSlowPoll: (poll) => polls.push(poll),
      });
      await rt.run(outer());
      await rt.shutdown();
      assert.deepEqual(polls, []);
      const [poll] = await allPolls(flavor.options, function* blocks() {
        block(20);
      });
      assert.ok(poll !== undefined && poll.duration >= 19);
    });
  });
}

test("a callback alone means 100 ms; the builder has both", async () => {
  const polls: SlowPoll[] = [];
  const rt = Builder.currentThread()
    .onSlowPoll((poll) => polls.push(poll))
    .build();
  await rt.run(function* () {
    block(100);
  });
  await rt.shutdown();
  assert.ok(polls.length >= 1);
  const strict = Builder.currentThread().slowPollThreshold({ seconds: 1 }).build();
  await strict.shutdown();
});

test("without a callback they are printed, those on workers too", async () => {
  const { code, stdout, stderr } = await runProgram("./programs/slow-polls.js", import.meta.url);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "done\n");
  assert.match(stderr, /^toki: the main body held its thread for \d+ ms in one poll, in main/m);
  assert.match(
    stderr,
    /^toki: task \d+ "here" held its thread for \d+ ms in one poll, in blocks \(slow-polls\.js:\d+\)$/m,
  );
  assert.match(stderr, /^toki: task \d+ "there" held its thread for \d+ ms in one poll, in blocks/m);
});

test("refuses bad input", () => {
  for (const slowPollThreshold of [0, -1, Number.NaN, "1"]) {
    const error = assertErr(() => new Runtime({ slowPollThreshold: slowPollThreshold as number }));
    assert.ok(error instanceof InvalidArgumentError && error.argument === "slowPollThreshold", String(error));
  }
  const error = assertErr(() => new Runtime({ onSlowPoll: 1 as never }));
  assert.ok(error instanceof InvalidArgumentError && error.argument === "onSlowPoll");
});
