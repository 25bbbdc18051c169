import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runProgram } from "../support/child.js";

describe("waits for other threads and the life of the process", () => {
  test("a wait that another thread may end keeps it alive", async () => {
    const ended = await runProgram("./programs/waits.js", import.meta.url);
    assert.equal(ended.stderr, "");
    assert.deepEqual(ended.stdout.trim().split("\n").sort(), ["from a blocking thread", "from a worker"]);
    assert.equal(ended.code, 0);
  });

  test("a wait for what no other thread has is a deadlock", async () => {
    const ended = await runProgram("./programs/deadlock.js", import.meta.url);
    assert.equal(ended.stdout, "3\n");
    assert.match(ended.stderr, /Deadlock[\s\S]*mpsc recv \(0\/1 queued, 1 sender\)/);
    assert.notEqual(ended.code, 0);
    assert.equal(ended.signal, null);
  });

  test("so is one for what other threads have given up", async () => {
    const ended = await runProgram("./programs/abandoned.js", import.meta.url);
    assert.match(ended.stderr, /Deadlock[\s\S]*Notify notified \(1 waiting\)/);
    assert.notEqual(ended.code, 0);
    assert.equal(ended.signal, null);
  });
});
