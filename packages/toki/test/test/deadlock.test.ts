import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("./programs/deadlocked.js", import.meta.url));

/** Runs a file of tests under the runner, as a user would, and gives what it printed. */
function runTests(): Promise<string> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env; // or the runner takes itself for a part of this one
  return new Promise((resolve) => {
    execFile(process.execPath, ["--test", "--test-reporter=tap", PROGRAM], { env }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

describe("a deadlock in a test()", () => {
  test("fails that test alone, with the await tree; what waits for the world outside is no deadlock", async () => {
    const output = await runTests();
    assert.match(output, /^ *ok \d+ - before$/m);
    assert.match(output, /^ *not ok \d+ - stuck$/m);
    assert.match(output, /TOKI_DEADLOCK/);
    assert.match(output, /└─ stuck/);
    assert.match(output, /^ *not ok \d+ - stuck in cleanup$/m);
    assert.match(output, /outer cleanup ran/);
    assert.match(output, /^ *not ok \d+ - stuck on a worker$/m);
    const right = [
      "a timer of Node",
      "a file",
      "jobs of Node's own threads",
      "a socket",
      "a paused clock",
      "a task on a worker",
      "a task of a task on a worker that is stuck in cleanup",
      "after",
    ];
    for (const name of right) {
      assert.match(output, new RegExp(`^ *ok \\d+ - ${name}$`, "m"), output);
    }
  });
});
