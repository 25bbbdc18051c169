// Never a hang without a word, with worker threads too; and never a word about what only takes long.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgram } from "../support/child.js";

const run = (program: string) => runProgram("./programs/deadlock.js", import.meta.url, { args: [program] });

/** Runs a program whose every thread waits for ever: it fails, with a report that has all of `lines`. */
async function reports(program: string, stdout: string, ...lines: RegExp[]): Promise<void> {
  const ended = await run(program);
  assert.equal(ended.stdout, stdout, ended.stderr);
  assert.equal(ended.code, 1, ended.stderr);
  assert.equal(ended.stderr.match(/toki: Deadlock/g)?.length, 1, ended.stderr);
  for (const line of lines) assert.match(ended.stderr, line);
}

/** As `reports`, where the program handles the error. */
async function handles(program: string, stdout: string, ...lines: RegExp[]): Promise<void> {
  const ended = await run(program);
  assert.deepEqual([ended.code, ended.stdout], [0, stdout], ended.stderr);
  for (const line of lines) assert.match(ended.stderr, line);
}

test("every thread waits: all tasks are listed with their await trees on workers, cleanup runs, the process fails", () =>
  reports(
    "two tasks",
    "started 2, cleaned up 2\n",
    /main \(parked\)\n.*\n.*join \(0\/2 done\)/,
    /task \d+ "one" \(parked\)\n└─ waits \(on worker \d+\)\n {3}└─ waits .*functions\.[jt]s:\d+:\d+\n {6}└─ pending/,
  ));

test("a task of a worker that waits for one on another", () =>
  reports(
    "a child of a task",
    "",
    /parent \(on worker \d+\)\n {3}└─ parent .*\n {6}└─ join of task \d+ "child"/,
    /task \d+ "child" \(parked\)\n└─ \(on worker \d+\)\n {3}└─ neverEnds/,
  ));

test("main's own task waits, and nothing that workers have could wake it", () =>
  reports("main waits, workers have idle tasks", "", /lonely/, /neverEnds \(on worker \d+\)/));

test("main rejects with a DeadlockError, which can be handled; the next main runs", () =>
  handles("handled", "true\n27\n", /toki: Deadlock/));

test("a promise taken from a handle rejects", () =>
  handles("a promise of a handle", "JoinError\n", /neverEnds \(on worker 0\)/));

test("a task of another runtime that nobody drives", () =>
  reports("another runtime's task", "", /join of task \d+/, /neverEnds/));

test("in blockOn, which throws; the runtime is usable afterwards", () =>
  handles("blockOn", "DeadlockError\n2\n", /toki: Deadlock/, /parent \(on worker \d+\)/));

test("cleanup on a worker that waits for ever too is cut short; cleanup further out runs", () =>
  reports("cleanup that waits for ever", "outer cleanup 1\n", /stuckCleanup/));

test("so it is in a shutdown, which then ends", () =>
  handles("so in a shutdown", "outer cleanup 1\n", /toki: Deadlock/, /stuckCleanup/));

test("what takes long on workers is no deadlock: computing, timers, requests, a task elsewhere", () =>
  handles("takes long", "number,number,number,number\n", /^$/));

test("nor is a job of a runtime that nobody drives, which has a shared object", () =>
  handles("a job elsewhere", "run\nblockOn\n", /^$/));

test("nor is what takes long on a worker of a runtime that a worker has made", () =>
  handles("a runtime on a worker", "woken\n", /^$/));

test("a runtime on a worker, whose workers wait for ever too", () =>
  reports("a runtime on a worker, in vain", "", /waitsForOwnRuntime \(on worker 0\)[\s\S]*Notify notified/));

test("nor is what takes long here", () => handles("main's own work", "done\n", /^$/));

test("nor is a socket that waits on a worker", () => handles("a server on a worker", "hello\n", /^$/));
