import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runProgram } from "../support/child.js";

const windows = process.platform === "win32" && "signals cannot be sent to a process on Windows";

describe("signals and the life of the process", { skip: windows }, () => {
  test("ctrlC wakes everybody who waits; afterwards Ctrl-C no longer ends the process, nor does main", async () => {
    let step = 0;
    const ended = await runProgram("./programs/takes-over.js", import.meta.url, {
      onOutput(stdout, kill) {
        if (step === 0 && stdout.includes("waiting.")) {
          step = 1;
          kill("SIGINT");
        } else if (step === 1 && stdout.includes("first.")) {
          step = 2;
          kill("SIGINT");
        }
      },
    });
    assert.equal(ended.stderr, "");
    assert.equal(ended.stdout, "waiting.\nfirst.\nstill here.\ndone\n");
    assert.equal(ended.code, 0);
  });

  for (const [what, name] of [
    ["ctrlC", "SIGINT"],
    ["SIGTERM", "SIGTERM"],
    ["SIGUSR1", "SIGUSR1"],
  ] as const) {
    test(`a task that waits for ${what} keeps the process alive`, async () => {
      let sent = false;
      const ended = await runProgram("./programs/waits.js", import.meta.url, {
        args: [what],
        onOutput(stdout, kill) {
          if (sent || !stdout.includes("waiting.")) return;
          sent = true;
          // Long enough for a process that nothing keeps alive to be gone. A slow machine only makes the test weaker.
          setTimeout(() => kill(name), 200);
        },
      });
      assert.equal(ended.stderr, "");
      assert.equal(ended.stdout, "waiting.\nreceived\n");
      assert.equal(ended.code, 0);
    });
  }

  test("listeners alone do not", async () => {
    const ended = await runProgram("./programs/listener-only.js", import.meta.url);
    assert.equal(ended.stderr, "");
    assert.equal(ended.stdout, "done\n");
    assert.equal(ended.code, 0);
  });

  test("nor do they hide a deadlock", async () => {
    const ended = await runProgram("./programs/deadlock.js", import.meta.url);
    assert.match(ended.stderr, /Deadlock/);
    assert.notEqual(ended.code, 0);
  });
});
