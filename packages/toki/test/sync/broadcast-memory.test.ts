import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runProgram } from "../support/child.js";

describe("a broadcast channel holds a value", () => {
  test("until the slowest receiver has read it, is disposed, or it is overwritten", async () => {
    const { stdout, code } = await runProgram("./broadcast-memory-program.js", import.meta.url, {
      nodeArgs: ["--expose-gc"],
    });
    assert.equal(code, 0);
    assert.deepEqual(stdout.trim().split("\n"), [
      "sent: 0 1 2",
      "read by one: 0 1 2",
      "one read by both: 1 2",
      "overwritten: 3 4 5 6",
      "slow one disposed, another read: 4 5 6",
      "all disposed:",
      "0",
    ]);
  });
});
