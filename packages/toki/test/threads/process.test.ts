// Programs with worker threads, each in a process of its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChildOptions, runProgram } from "../support/child.js";

const run = (program: string, options: ChildOptions = {}) =>
  runProgram("./programs/life.js", import.meta.url, { ...options, args: [program] });

async function prints(program: string, ...lines: (string | RegExp)[]): Promise<void> {
  const { code, signal, stdout, stderr } = await run(program);
  const found = stdout.trimEnd().split("\n");
  const shown = `--- stdout\n${stdout}--- stderr\n${stderr}`;
  assert.deepEqual([code, signal], [0, null], shown);
  assert.equal(found.length, lines.length, shown);
  for (const [i, line] of lines.entries()) {
    if (typeof line === "string") assert.equal(found[i], line, shown);
    else assert.match(found[i] as string, line, shown);
  }
}

test("a program that spawns nothing for other threads has none", () => prints("no threads", "threads 0"));

test("main gives what a worker's task gave, and the process exits by itself", () => prints("value of a task", "42"));

test("main returns while tasks run on workers: they are cancelled with their cleanup", () =>
  prints("main returns", "Main done", "cleaned up 2"));

test("main throws: cleanup on workers has ended when the process does", async () => {
  const { code, stdout, stderr } = await run("main throws");
  assert.equal(code, 1);
  assert.equal(stdout, "cleaned up 1\n");
  assert.match(stderr, /Error: the reason/);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} cancels tasks on workers, with their cleanup`, async () => {
    let sent = false;
    const ended = await run("signal", {
      onOutput: (stdout, kill) => {
        if (sent || !stdout.includes("ready")) return;
        sent = true;
        kill(signal);
      },
    });
    assert.deepEqual([ended.stdout, ended.signal], ["ready\ncleaned up 2 1\n", signal], ended.stderr);
  });
}

test("a runtime that is not driven does not keep the process, whatever its workers do", () =>
  prints("a runtime that is never shut down", "3"));

test("nor does one whose task was never joined", () => prints("leaves a listener", "done"));

test("process.exit(3) in a task ends its worker: the task fails, the others go on, the worker is replaced", () =>
  prints(
    "process.exit in a task",
    /^JoinError ThreadEndedError worker [01] ended while it had the task: process\.exit\(3\) was called$/,
    /^value \d+$/,
    "2",
  ));

test("an uncaught error in a callback ends the worker, and is the reason of its tasks' failure", () =>
  prints("uncaught error in a callback", /^JoinError ThreadEndedError .*nobody catches it/, "2"));

test("a worker that ends in a callback fails what it had begun; what waits in queues runs on the next one", () =>
  prints(
    "exit in a callback, while others wait in the queue",
    /^JoinError ThreadEndedError .*process\.exit\(0\)/,
    "1225",
  ));

test("a task that exceeds threadMemoryLimit fails with its worker, and others run on", () =>
  prints("out of memory", /^JoinError ThreadEndedError .*memory/i, "27"));

test("blockOn notices that a worker has died, and goes on with the next", () =>
  prints("blockOn while a worker dies", /^JoinError ThreadEndedError .*process\.exit\(4\)/, "2"));

test("idle workers use no CPU", async () => {
  const { stdout } = await run("idle uses no CPU");
  const used = Number.parseInt(stdout, 10);
  assert(used < 100, `${used} ms of a second`);
});
