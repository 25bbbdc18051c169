import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runProgram } from "../support/child.js";

/*
 * The first use of AsyncLocalStorage in a process is noticed as it happens: each case is a process of its own.
 */
const seenIn = async (name: string) => {
  const { code, stdout, stderr } = await runProgram("./programs/async-context.js", import.meta.url, { args: [name] });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Record<string, string | null>;
};

const everywhere = (place: string, value: string | null) => ({
  [`${place} before`]: value,
  [`${place} after yield`]: value,
  [`${place} after sleep`]: value,
});

const CASES: Record<string, Record<string, string | null>> = {
  "run before the runtime exists": { body: "outer", "body after sleep": "outer", ...everywhere("task", "outer") },
  "run before spawn, inside main": {
    ...everywhere("inside", "inside"),
    ...everywhere("outside", null),
    body: null,
  },
  "run in a task that has been running": {
    ...everywhere("earlier", null),
    ...everywhere("late", "late"),
    body: null,
  },
  "enterWith in a task": {
    ...everywhere("other", null),
    ...everywhere("entered", "entered"),
    ...everywhere("its child", "entered"),
    body: null,
  },
  "each task its own": {
    ...everywhere("a", "a"),
    ...everywhere("b", "b"),
    ...everywhere("c", "c"),
    body: null,
  },
  "a join that runs the task in place": { inside: "inside", body: null },
  "woken from another context": { "waiter after wake": "waiter", body: null },
  "a runtime driven from two contexts": {
    ...everywhere("first", "first"),
    ...everywhere("second", "second"),
    "second at the end": "second",
    outside: null,
  },
  "cleanup, combinators, scopes, sets, promises": {
    ...everywhere("scope child", "followed"),
    "scope body": "followed",
    ...everywhere("set", "followed"),
    ...everywhere("branch", "followed"),
    ...everywhere("timeout", "followed"),
    ...everywhere("task-local", "followed"),
    promise: "followed",
    "promise after await": "followed",
    "after promise": "followed",
    cleanup: "followed",
    "cleanup after sleep": "followed",
    body: null,
  },
  "nothing used": everywhere("task", null),
};

describe("AsyncLocalStorage follows the task", { concurrency: 2 }, () => {
  for (const [name, expected] of Object.entries(CASES)) {
    it(name, async () => assert.deepEqual(await seenIn(name), expected));
  }
});
