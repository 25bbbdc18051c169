import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ChildOptions, runProgram } from "../support/child.js";

const run = (scenario: string, options: ChildOptions = {}) =>
  runProgram("./programs/scenarios.js", import.meta.url, { ...options, args: [scenario] });

/** Long enough for a loaded machine, and far below the sleeps that must not be waited for. */
const SOON_MS = 8_000;

describe("main()", () => {
  test("prints once and exits by itself", async () => {
    assert.deepEqual(pick(await run("hello")), { code: 0, signal: null, stdout: "Hello from async!\n", stderr: "" });
  });

  test("resolves to the body's value", async () => {
    assert.equal((await run("value of main")).stdout, "the value\n");
  });

  test("a task that sleeps 10 s is cancelled when the body returns: only `Main done`, at once", async () => {
    const ended = await run("main done");
    assert.deepEqual(pick(ended), { code: 0, signal: null, stdout: "Main done\n", stderr: "" });
    assert(ended.ms < SOON_MS, `${ended.ms} ms`);
  });

  test("tasks that had no turn when the body returns never run", async () => {
    assert.deepEqual(pick(await run("one thread")), { code: 0, signal: null, stdout: "", stderr: "" });
  });

  for (const how of ["throw, not awaited", "throw, awaited"]) {
    test(`the exit code is 1 on a throw, and the error is printed (${how})`, async () => {
      const { code, stderr } = await run(how);
      assert.equal(code, 1);
      assert.match(stderr, /Error: the reason/);
      assert.match(stderr, /scenarios\.(js|ts):\d+/);
    });
  }

  test("a throw that is handled is the program's own business", async () => {
    assert.deepEqual(pick(await run("throw, handled")), {
      code: 0,
      signal: null,
      stdout: "handled: the reason\n",
      stderr: "",
    });
  });

  test("on a throw the tasks' cleanup is awaited before the process ends", async () => {
    const { code, stdout } = await run("throw with cleanup of tasks");
    assert.equal(code, 1);
    assert.equal(stdout, "task cleaned up\n");
  });

  test("a task's failure that nobody joins is printed once, and changes no exit code", async () => {
    const { code, stdout, stderr } = await run("failed task");
    assert.equal(code, 0);
    assert.equal(stdout, "main goes on\n");
    assert.equal(stderr.match(/nobody looks/g)?.length, 1);
    assert.match(stderr, /toki: task \d+ "lonely" failed/);
  });

  test("inside a task rejects with the nested-runtime error", async () => {
    const { code, stdout } = await run("nested main");
    assert.equal(code, 0);
    assert.match(stdout, /^Cannot start a runtime from within a runtime/);
  });

  test("can be called again after it ended", async () => {
    assert.equal((await run("main twice")).stdout, "first\nsecond\n");
  });
});

describe("the process lives as long as there is work", () => {
  for (const [scenario, stdout] of [
    ["run, not awaited", "done\n"],
    ["promise of a handle", "done\n"],
    ["shutdown with cleanup", "cleaned up\ndone\n"],
    ["no deadlock while a timer runs", "done\n"],
  ] as const) {
    test(`not shorter: ${scenario}`, async () => {
      assert.deepEqual(pick(await run(scenario)), { code: 0, signal: null, stdout, stderr: "" });
    });
  }

  for (const scenario of ["tasks left standing", "never driven", "long sleeps that lost"]) {
    test(`not longer: ${scenario}`, async () => {
      const ended = await run(scenario);
      assert.deepEqual(pick(ended), { code: 0, signal: null, stdout: "done\n", stderr: "" });
      assert(ended.ms < SOON_MS, `${ended.ms} ms`);
    });
  }

  test("a cancelled sleep does not hold the deadlock report back", async () => {
    const ended = await run("long sleeps that lost, then nothing");
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /Deadlock/);
    assert(ended.ms < SOON_MS, `${ended.ms} ms`);
  });
});

describe("the deadlock report", () => {
  test("lists every task with its await tree, runs all cleanup, and the exit code is 1", async () => {
    const { code, stdout, stderr } = await run("deadlock: pending");
    assert.equal(code, 1);
    assert.deepEqual(stdout.trim().split("\n").sort(), ["body cleaned up", "first cleaned up", "second cleaned up"]);
    const report = stripSites(stderr);
    assert.match(report, /toki: Deadlock: nothing is left that could wake a task/);
    assert.match(report, /^main \(parked\)\n└─ app\n {3}└─ worker\n {6}└─ pending \(never ready\)$/m);
    assert.match(report, /^task 1 "first worker" \(parked\)\n└─ worker\n {3}└─ pending \(never ready\)$/m);
    assert.match(report, /^task 2 \(parked\)\n└─ worker\n/m);
  });

  test("is not printed twice", async () => {
    const { stderr } = await run("deadlock: pending");
    assert.equal(stderr.match(/"first worker"/g)?.length, 1);
  });

  test("with a top-level await the exit code is not the silent 13", async () => {
    const { code, stdout, stderr } = await run("deadlock: pending, top-level await");
    assert.equal(code, 1);
    assert.equal(stdout, "body cleaned up\n");
    assert.match(stderr, /Deadlock/);
  });

  test("main rejects with a DeadlockError, which can be handled", async () => {
    const { code, stdout } = await run("deadlock: handled");
    assert.equal(code, 0);
    assert.equal(stdout, "body cleaned up\nhandled: TOKI_DEADLOCK\n");
  });

  test("names the task that another one joins", async () => {
    const { code, stderr } = await run("deadlock: two tasks that join each other");
    assert.equal(code, 1);
    const report = stripSites(stderr);
    assert.match(report, /^task 1 "a" \(parked\)\n(.*\n)*?.*join of task 2 "b"$/m);
    assert.match(report, /^task 2 "b" \(parked\)\n(.*\n)*?.*join of task 1 "a"$/m);
  });

  test("a forgotten sender: who waits for a message, and that a sender is left", async () => {
    const { code, stdout, stderr } = await run("deadlock: forgotten sender");
    assert.equal(code, 1);
    assert.equal(stdout, "Got: 0\nGot: 1\n");
    assert.match(stripSites(stderr), /^main \(parked\)\n(.*\n)*? *└─ consumer\n *└─ mpsc recv \(.*1 sender.*\)$/m);
  });

  test("a Mutex that its owner locks again: who waits for it", async () => {
    const { code, stdout, stderr } = await run("deadlock: mutex locked twice");
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stripSites(stderr), /^main \(parked\)\n(.*\n)*? *└─ transfer\n *└─ .*(lock|mutex).*$/im);
  });

  test("cleanup that waits for ever too is cut short; cleanup further out runs", async () => {
    const { code, stdout, stderr } = await run("deadlock: cleanup that waits too");
    assert.equal(code, 1);
    assert.equal(stdout, "outer cleanup\n");
    assert.match(stderr, /Deadlock/);
  });

  test("so it is in a shutdown, which then ends", async () => {
    const { code, stdout, stderr } = await run("deadlock: shutdown with cleanup that waits");
    assert.equal(code, 0);
    assert.match(stderr, /Deadlock/);
    assert.equal(stdout, "outer cleanup\nclosed\n");
  });

  test("a promise taken from a handle rejects", async () => {
    const { code, stdout, stderr } = await run("deadlock: promise of a handle");
    assert.equal(code, 0);
    assert.match(stderr, /Deadlock/);
    assert.match(stdout, /task cleaned up\n/);
    assert.match(stdout, /^TOKI_(DEADLOCK|TASK_CANCELLED)$/m);
  });
});

describe("a hook that throws", () => {
  for (const hook of ["onBeforeTaskPoll", "onAfterTaskPoll", "onTaskTerminate", "onThreadPark", "onThreadUnpark"]) {
    test(`${hook}: the error is not swallowed, and the process does not hang`, async () => {
      const { code, stderr } = await run(`throw in ${hook}`);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`in ${hook}`));
    });
  }
});

describe("Ctrl-C", { skip: process.platform === "win32" ? "no POSIX signals" : false }, () => {
  /** Sends `signals[i]` when the i-th of the lines appears. */
  const interrupted = (scenario: string, script: readonly (readonly [line: string, signal: NodeJS.Signals])[]) => {
    let next = 0;
    return run(scenario, {
      onOutput(stdout, kill) {
        for (let step = script[next]; step !== undefined && stdout.includes(step[0]); step = script[next]) {
          next++;
          kill(step[1]);
        }
      },
    });
  };

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`${signal} cancels body and tasks, awaits their cleanup, and ends the process as the signal does`, async () => {
      const ended = await interrupted("interrupt", [["ready", signal]]);
      assert.deepEqual(ended.stdout.trim().split("\n").sort(), [
        "cleanup begins",
        "cleanup ends",
        "ready",
        "task cleaned up",
      ]);
      assert.equal(ended.signal, signal);
      assert.equal(ended.stderr, "");
    });
  }

  test("a second one ends it at once, in the middle of the cleanup", async () => {
    const ended = await interrupted("interrupt twice", [
      ["ready", "SIGINT"],
      ["cleanup begins", "SIGINT"],
    ]);
    assert.equal(ended.signal, "SIGINT");
    assert.doesNotMatch(ended.stdout, /cleanup ends/);
    assert(ended.ms < SOON_MS);
  });

  test("so does another signal of the list", async () => {
    const ended = await interrupted("interrupt twice", [
      ["ready", "SIGINT"],
      ["cleanup begins", "SIGTERM"],
    ]);
    assert.equal(ended.signal, "SIGTERM");
    assert.doesNotMatch(ended.stdout, /cleanup ends/);
  });

  test("of two programs the cleanup of both is awaited", async () => {
    const ended = await interrupted("interrupt two programs", [["ready\nready", "SIGINT"]]);
    assert.equal(ended.stdout.split("cleanup ends").length - 1, 2, ended.stdout);
    assert.equal(ended.signal, "SIGINT");
    assert.equal(ended.stderr, "");
  });

  test("what the body's cleanup throws is reported before the signal ends the process", async () => {
    const ended = await interrupted("interrupt with cleanup that fails", [["ready", "SIGINT"]]);
    assert.equal(ended.signal, "SIGINT");
    assert.match(ended.stderr, /^toki: main failed before SIGINT ended the process: Error: cleanup fails\n {4}at /);
  });

  test("`signals: false` leaves the platform's default: no cleanup", async () => {
    const ended = await interrupted("interrupt without handling", [["ready", "SIGINT"]]);
    assert.equal(ended.signal, "SIGINT");
    assert.equal(ended.stdout, "ready\n");
  });

  test("after main has ended the default is back", async () => {
    const ended = await interrupted("interrupt after the end", [["ready", "SIGINT"]]);
    assert.equal(ended.signal, "SIGINT");
    assert(ended.ms < SOON_MS);
  });
});

function pick({ code, signal, stdout, stderr }: { code: unknown; signal: unknown; stdout: string; stderr: string }) {
  return { code, signal, stdout, stderr };
}

/** Without the places where functions were defined. */
function stripSites(text: string): string {
  return text.replace(/ {2}\S+:\d+:\d+$/gm, "");
}
