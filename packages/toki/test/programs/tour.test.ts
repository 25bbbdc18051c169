// What `npm start` runs: all of it, as JSON, and interrupted.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { runExample } from "./support.js";

const TOUR = fileURLToPath(new URL("../../../../examples/.build/tour.js", import.meta.url));

test("the tour's JSON holds every section, each as it should be", async () => {
  const { stdout, stderr, code } = await runExample("tour", "--json");
  assert.equal(stderr, "");
  assert.equal(code, 0, stdout);
  const { ok, interrupted, sections } = JSON.parse(stdout);
  assert.equal(ok, true);
  assert.equal(interrupted, false);
  assert.deepEqual(Object.keys(sections), [
    "sleepers",
    "connections",
    "join",
    "select",
    "starvation",
    "workers",
    "stealing",
    "unwinding",
    "shutdown",
  ]);
  assert.equal(sections.sleepers.done, 10_000);
  assert.equal(sections.connections.connections, 1000);
  assert.equal(sections.connections.bytesWrong, 0);
  assert.equal(sections.unwinding.rolledBack, 100);
  assert.equal(sections.shutdown.tasksLeft, 0);
});

for (const parts of [0, 1, 5, 6, 7]) {
  test(`Ctrl-C after ${parts} parts of the tour: cleaned up, nothing left, exit code 0`, {
    skip: process.platform === "win32",
  }, async () => {
    const child = spawn(process.execPath, [TOUR], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    let output = "";
    let interrupted = false;
    for await (const text of child.stdout.setEncoding("utf8")) {
      output += text;
      if (interrupted || !output.includes(parts === 0 ? "Toki" : `\n${parts}. `)) continue;
      interrupted = true;
      setImmediate(() => child.kill("SIGINT"));
    }
    const [code, signal] = await exited;
    assert.equal(signal, null);
    assert.equal(code, 0);
    assert.match(
      output,
      // The signal may come before the tour has gone on to its next part, and on a busy machine after it has gone on to one more.
      new RegExp(
        `\nCtrl-C during part [${Math.max(parts, 1)}-9]\\. Cancelled and cleaned up in \\d+ ms, 0 tasks left\\.\n`,
      ),
    );
  });
}

test("an example by its name, and one that does not exist", async () => {
  assert.equal((await runExample("tour", "main-done")).stdout, "Main done\n");
  const { stderr, code } = await runExample("tour", "no-such-example");
  assert.match(stderr, /no example is called no-such-example/);
  assert.equal(code, 2);
});
