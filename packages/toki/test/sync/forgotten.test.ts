import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runProgram } from "../support/child.js";
import { implementations } from "./implementations.js";

describe("a sender that is collected without having been disposed", () => {
  for (const { name } of implementations) {
    test(`is reported when the receiver waits, and closes nothing: ${name}`, async () => {
      const { stdout, code } = await runProgram("./forgotten-program.js", import.meta.url, {
        args: [name],
        nodeArgs: ["--expose-gc"],
      });
      const lines = stdout.trim().split("\n");
      assert.equal(code, 0);
      assert.equal(lines[0], "disposed: 0 true");
      assert.equal(lines[1], "nobody waits: 0 false");
      assert.equal(lines[2], "waits: 1 false false");
      assert.match(lines[3] ?? "", /^TOKI_FORGOTTEN_SENDER: mpsc: a Sender was garbage collected .*`using tx = /);
      assert.equal(lines[4], "collected while waiting: 2 false");
      assert.equal(lines[5], "broadcast: 3 false");
      assert.match(lines[6] ?? "", /^TOKI_FORGOTTEN_SENDER: broadcast: a BroadcastSender was garbage collected /);
      assert.equal(lines[7], "watch: 4 false");
      assert.match(lines[8] ?? "", /^TOKI_FORGOTTEN_SENDER: watch: a WatchSender was garbage collected /);
    });
  }
});
