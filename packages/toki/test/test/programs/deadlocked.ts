// A file of tests, some of which hang: run by deadlock.test.ts.
import assert from "node:assert/strict";
import { pbkdf2 } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test as nodeTest } from "node:test";
import { fileURLToPath } from "node:url";
import { fromPromise, Handle, pending, sleep, spawn } from "toki";
import { TcpListener, TcpStream } from "toki/net";
import { test } from "toki/test";
import { leavesStuckChild, naps, stuckThere } from "./functions.js";

nodeTest(
  "before",
  test(function* () {
    yield* sleep(1);
  }),
);

nodeTest(
  "stuck",
  test(function* stuck() {
    yield* pending();
  }),
);

nodeTest(
  "stuck in cleanup",
  test(function* () {
    try {
      try {
        yield* pending();
      } finally {
        yield* pending();
      }
    } finally {
      console.log("outer cleanup ran");
    }
  }),
);

nodeTest(
  "a timer of Node",
  test(function* () {
    yield* fromPromise(() => new Promise((resolve) => setTimeout(resolve, 200)));
  }),
);

nodeTest(
  "a file",
  test(function* () {
    const path = fileURLToPath(import.meta.url);
    for (let i = 0; i < 100; i++) yield* fromPromise((signal) => readFile(path, { signal }));
  }),
);

nodeTest(
  "jobs of Node's own threads",
  test(function* () {
    const job = () => new Promise((resolve) => pbkdf2("a", "b", 500_000, 64, "sha512", resolve));
    yield* fromPromise(() => Promise.all([job(), job(), job(), job()]));
  }),
);

nodeTest(
  "a socket",
  test(function* () {
    using listener = yield* TcpListener.bind("127.0.0.1:0");
    const { localAddr } = listener;
    const client = spawn(function* () {
      using stream = yield* TcpStream.connect(localAddr);
      yield* fromPromise(() => new Promise((resolve) => setTimeout(resolve, 200)));
      yield* stream.writeAll(Buffer.from("late"));
    });
    const [stream] = yield* listener.accept();
    yield* stream.readChunk();
    stream[Symbol.dispose]();
    yield* client;
  }),
);

nodeTest(
  "a paused clock",
  test(
    function* () {
      yield* sleep(60_000);
    },
    { startPaused: true },
  ),
);

const onWorkers = { flavor: "multiThread", workerThreads: 1 } as const;

nodeTest(
  "a task on a worker",
  test(function* () {
    assert.equal(Handle.current().flavor, "multiThread");
    assert.equal(yield* spawn(naps(600)), 600);
  }, onWorkers),
);

nodeTest(
  "stuck on a worker",
  test(function* () {
    yield* spawn(stuckThere());
  }, onWorkers),
);

nodeTest(
  "a task of a task on a worker that is stuck in cleanup",
  test(function* () {
    yield* spawn(leavesStuckChild());
  }, onWorkers),
);

nodeTest(
  "after",
  test(function* () {
    yield* sleep(1);
  }),
);
