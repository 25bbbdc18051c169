import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runProgram } from "../support/child.js";

/*
 * Each case is a process of its own, so that garbage collection and the end of the process are real.
 */
const run = (name: string) =>
  runProgram("./programs/unjoined.js", import.meta.url, { args: [name], nodeArgs: ["--expose-gc"] });

/** The messages of the reports, in order. */
const reportsIn = (stderr: string) =>
  [...stderr.matchAll(/^toki: task \d+( "\w+")? failed, and nobody joined it: Error: (.*)$/gm)].map(
    ([, name = "", message]) => `${message}${name}`,
  );

describe("a failure that nobody joins", { concurrency: 2 }, () => {
  for (const [name, before, reports] of [
    ["ignored", 1, ['ignored "worker"']],
    ["kept", 0, ["kept"]],
    ["joined", 0, []],
    ["joinedLate", 0, []],
    ["inSet", 1, ["in a set"]],
    ["inScope", 1, ["a second one"]],
    ["exit", 0, ["left behind"]],
    ["neverClosed", 0, ["never closed"]],
  ] as const) {
    it(`${name}: reported ${reports.length === 0 ? "never" : before === 1 ? "once collected" : "once, at the end"}`, async () => {
      const { code, stdout, stderr } = await run(name);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`reports before the end: ${before}\\n`));
      assert.deepEqual(reportsIn(stderr), reports);
      assert.doesNotMatch(stderr, /unhandled/i);
    });
  }

  it("twice: each one once, with the stack of the throw", async () => {
    const { code, stderr } = await run("twice");
    assert.equal(code, 0);
    assert.deepEqual(reportsIn(stderr).sort(), ["one", "two"]);
    assert.match(stderr, /at (?:\S+\.)?fail\b.*unjoined/);
  });

  it("of a value that has no text: reported, and what comes after it too", async () => {
    const { code, stderr } = await run("noText");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^toki: task \d+ failed, and nobody joined it: with a value that has no text$/m);
    assert.deepEqual(reportsIn(stderr), ["after it"]);
  });
});
