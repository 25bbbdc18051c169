import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pending, spawn, yieldNow } from "toki";
import { mpsc } from "toki/sync";
import { explore } from "toki/test";
import { failureOf } from "./support.js";

describe("explore(): what fails", () => {
  test("a body that throws: the error is the cause", async () => {
    const error = new RangeError("out of order");
    const found = await failureOf(
      explore(function* () {
        yield* yieldNow();
        throw error;
      }),
    );
    assert.equal(found.code, "TOKI_EXPLORE_FAILED");
    assert.equal(found.kind, "threw");
    assert.equal(found.cause, error);
    assert.match(
      found.message,
      /^explore: the body fails \(run 1, seed \d+, strategy "mixed"\)\n\nRangeError: out of order\n/,
    );
    assert.deepEqual(found.steps, ["main: starts -> yieldNow", "main: yieldNow -> throws RangeError: out of order"]);
  });

  test("a task that fails and is not joined", async () => {
    const found = await failureOf(
      explore(function* () {
        spawn(
          function* () {
            throw new Error("nobody looks");
          },
          { name: "left" },
        );
        yield* yieldNow();
      }),
    );
    assert.equal(found.kind, "unjoined");
    assert.match(found.message, /task 1 "left" failed, and nobody joined it: Error: nobody looks/);
  });

  test("a deadlock, with the await trees", async () => {
    const found = await failureOf(
      explore(function* () {
        const [tx, rx] = mpsc.channel<number>(1);
        yield* rx.recv();
        tx[Symbol.dispose]();
      }),
    );
    assert.equal(found.kind, "deadlock");
    assert.match(found.message, /main \(parked\)\n.*\n +└─ mpsc recv \(0\/1 queued, 1 sender\)/);
    assert.equal((found.cause as { code?: string }).code, "TOKI_DEADLOCK");
  });

  test("a deadlock in the cleanup at the end, after which everything is cut short", async () => {
    let isDisposed = false;
    const found = await failureOf(
      explore(function* () {
        spawn(
          function* stuck() {
            try {
              yield* pending();
            } finally {
              try {
                yield* pending();
              } finally {
                isDisposed = true;
              }
            }
          },
          { name: "stuck" },
        );
        yield* yieldNow();
      }),
    );
    assert.equal(found.kind, "deadlock");
    assert.match(found.message, /task 1 "stuck" \(cancelling\)/);
    assert.equal(isDisposed, true);
  });

  test("a body that never ends", async () => {
    const found = await failureOf(
      explore(
        function* () {
          for (;;) yield* yieldNow();
        },
        { maxSteps: 200 },
      ),
    );
    assert.equal(found.kind, "endless");
    assert.match(found.message, /the body has not ended after 200 steps\n\nmain \(queued\)/);
    assert.match(found.message, /\.\.\.\n/, "most of the steps are left out");
    assert.match(found.message, /replay: "[^"]+", maxSteps: 200 \}/);
  });

  test("a body that is spun by one that waits for another is not endless", async () => {
    await explore(
      function* () {
        let isDone = false;
        const worker = spawn(function* () {
          for (let i = 0; i < 5; i++) yield* yieldNow();
          isDone = true;
        });
        while (!isDone) yield* yieldNow();
        yield* worker;
      },
      { runs: 500, seed: 3, maxSteps: 1000 },
    );
  });

  test("a body that does something else each time is said to", async () => {
    let run = 0;
    const found = await failureOf(
      explore(
        function* ({ choose }) {
          choose(2);
          if (++run === 3) throw new Error("only once");
        },
        { runs: 10 },
      ),
    );
    assert.equal(found.isDeterministic, false);
    assert.match(found.message, /not deterministic: run again with the same schedule, it does not fail/);
    assert.match(found.message, /Error: only once/);
  });

  test("a body that takes other steps each time is said to", async () => {
    let run = 0;
    const found = await failureOf(
      explore(
        function* () {
          const a = spawn(yieldNow());
          const b = spawn(yieldNow());
          for (let i = 0; i < run; i++) yield* yieldNow();
          if (++run >= 4) throw new Error("later");
          yield* a;
          yield* b;
        },
        { runs: 10 },
      ),
    );
    assert.equal(found.isDeterministic, false);
    assert.match(found.message, /run again with the same schedule, step \d+ is another one/);
  });

  test("the stack leads to the call", async () => {
    const found = await failureOf(
      explore(function* () {
        throw new Error("here");
      }),
    );
    const [first] = (found.stack ?? "").split("\n").filter((line) => /^ +at /.test(line));
    assert.match(first ?? "", /failures\.test\.[jt]s/);
  });
});
