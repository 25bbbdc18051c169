import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { runProgram } from "../support/child.js";

describe("sockets and the life of the process", () => {
  test("what nobody waits for does not keep it alive", async () => {
    const ended = await runProgram("./programs/forgets-streams.js", import.meta.url);
    assert.equal(ended.stderr, "");
    assert.equal(ended.stdout, "main is over\n");
    assert.equal(ended.code, 0);
  });

  test("a task that waits in accept or in read keeps it alive", async () => {
    let step = 0;
    let socket: ReturnType<typeof connect> | undefined;
    const ended = await runProgram("./programs/waits-for-a-client.js", import.meta.url, {
      onOutput(stdout) {
        const port = /port (\d+)\./.exec(stdout)?.[1];
        if (step === 0 && port !== undefined) {
          step = 1;
          // Long enough for a process that nothing keeps alive to be gone. A slow machine only makes the test weaker.
          setTimeout(() => {
            socket = connect(Number(port), "127.0.0.1");
            socket.on("error", () => {});
          }, 200);
        } else if (step === 1 && stdout.includes("accepted.")) {
          step = 2;
          setTimeout(() => socket?.end("hello"), 200);
        }
      },
    });
    assert.equal(ended.stderr, "");
    assert.match(ended.stdout, /^port \d+\.\naccepted\.\nread hello\n$/);
    assert.equal(ended.code, 0);
  });

  test("open sockets do not hide a deadlock", async () => {
    const ended = await runProgram("./programs/deadlock.js", import.meta.url);
    assert.match(ended.stderr, /Deadlock/);
    assert.notEqual(ended.code, 0);
    assert.equal(ended.signal, null);
  });
});
