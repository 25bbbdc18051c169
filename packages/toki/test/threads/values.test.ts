// What crosses with a task, and when it is copied.
import assert from "node:assert/strict";
import { once } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { fromPromise, move, spawn, spawnLocal } from "toki";
import { answers, echo, fills, gated, holds, inspects, movesBack, portMaker, where } from "./functions.js";
import { mark, reached } from "./signals.js";
import { cells, onThreads, skipTaskIds } from "./support.js";

onThreads("everything structured clone knows, there and back", function* () {
  const shared = new SharedArrayBuffer(8);
  const values: unknown[] = [
    undefined,
    null,
    true,
    -0,
    1.5,
    Number.NaN,
    2 ** 60,
    -(2n ** 70n),
    "",
    "text",
    "\u00e9\u4e2d\ud83d\ude00\ud800",
    // biome-ignore lint/suspicious/noSparseArray: holes have to arrive as holes
    [1, , 3],
    { a: { b: [{}] } },
    new Map<unknown, unknown>([[{ k: 1 }, new Set([1, "2"])]]),
    new Date(5),
    /x+/giu,
    new Uint8Array([1, 2, 3]),
    new Float64Array([1.5, -1]),
    new ArrayBuffer(3),
    new DataView(new ArrayBuffer(4), 1, 2),
  ];
  for (const value of values) assert.deepEqual(yield* spawn(echo(value)), value);
  assert.deepEqual(yield* spawn(echo(values)), values);
  const back = (yield* spawn(echo(shared))) as SharedArrayBuffer;
  new Uint8Array(shared)[3] = 7;
  assert.equal(new Uint8Array(back)[3], 7, "shared, not copied");
  assert.equal(
    yield* spawn(inspects({ list: [1, "x", new Map([[1, { deep: true }]])] })),
    "{ list: [ 1, 'x', Map(1) { 1 => { deep: true } } ] }",
  );
});

onThreads("an object that occurs twice is one object there, and a cycle a cycle", function* () {
  const inner = { n: 1 };
  const cycle: { self?: unknown; a: unknown; b: unknown } = { a: inner, b: inner };
  cycle.self = cycle;
  const back = (yield* spawn(echo(cycle))) as typeof cycle;
  assert.equal(back.a, back.b);
  assert.equal(back.self, back);
});

onThreads(
  "arguments are what they were at the spawn, whatever becomes of them before a worker takes the task",
  function* () {
    const busy = cells();
    const first = spawn(holds(busy));
    yield* reached(busy, 0);
    const list = [1, 2, 3];
    const bytes = new Uint8Array([1, 2, 3]);
    const big = new Uint8Array(3 << 20).fill(1);
    const handle = spawn(echo({ list, bytes, big }));
    list.push(4);
    bytes[0] = 99;
    big[0] = 99;
    mark(busy, 1);
    yield* first;
    const seen = (yield* handle) as { list: number[]; bytes: Uint8Array; big: Uint8Array };
    assert.deepEqual(seen.list, [1, 2, 3]);
    assert.deepEqual([...seen.bytes], [1, 2, 3]);
    assert.equal(seen.big[0], 1);
  },
  { workerThreads: 1 },
);

onThreads("a moved buffer is detached here at the spawn, and comes back moved", function* () {
  const bytes = new Uint8Array([1, 2, 3]);
  const handle = spawn(movesBack(move(bytes)));
  assert.equal(bytes.byteLength, 0);
  assert.deepEqual([...(yield* handle)], [9, 2, 3]);
});

onThreads(
  "a moved buffer of a task that is cancelled in the queue is gone, with the task",
  function* () {
    const busy = cells();
    const holder = spawn(holds(busy));
    yield* reached(busy, 0);
    const bytes = new Uint8Array(100);
    const handle = spawn(echo(move(bytes)));
    handle.abort();
    assert.equal(bytes.byteLength, 0);
    mark(busy, 1);
    yield* holder;
  },
  { workerThreads: 1 },
);

onThreads("1 MB and 50 MB of text and bytes, as arguments and results", function* () {
  for (const length of [1 << 20, 50 << 20]) {
    const { text, bytes } = yield* spawn(fills(length));
    assert.equal(text.length, length);
    assert.equal(text[length - 1], "x");
    assert.equal(bytes.length, length);
    assert.equal(bytes[length - 1], 7);
    const back = (yield* spawn(echo([text, bytes]))) as [string, Uint8Array];
    assert(back[0] === text);
    assert(Buffer.compare(back[1], bytes) === 0);
  }
});

onThreads("large and small ones mixed, many at once", function* () {
  const handles = Array.from({ length: 60 }, (_, i) => spawn(echo({ i, text: "y".repeat(i % 3 === 0 ? 2 << 20 : i) })));
  for (const [i, handle] of handles.entries()) {
    const { i: number, text } = (yield* handle) as { i: number; text: string };
    assert.equal(number, i);
    assert.equal(text.length, i % 3 === 0 ? 2 << 20 : i);
  }
});

onThreads("a message port goes there and works", function* () {
  const { port1, port2 } = new MessageChannel();
  const handle = spawn(answers(move(port2)));
  const answer = fromPromise(() => once(port1, "message"));
  port1.postMessage("hello");
  assert.deepEqual(yield* answer, ["got hello"]);
  assert.equal(yield* handle, "answered");
  port1.close();
});

onThreads("a message port comes back as a result", function* () {
  const port = (yield* spawn(portMaker())) as import("node:worker_threads").MessagePort;
  port.postMessage("hi");
  assert.deepEqual(yield* fromPromise(() => once(port, "message")), ["echo hi"]);
  port.close();
});

onThreads("a task with parcels is cancelled before they have come", function* () {
  for (let i = 0; i < 50; i++) {
    const handle = spawn(echo("z".repeat(2 << 20)));
    if (i % 2 === 0) yield* reached(yield* spawn(echo(one())), 0);
    handle.abort();
    try {
      yield* handle;
    } catch (error) {
      assert.match(String(error), /cancelled/);
    }
  }
});

onThreads("the ids of tasks may be long: what comes by message finds its task", function* () {
  yield* spawn(echo(1));
  for (const ranges of [2 ** 21, 2 ** 22, 2 ** 30]) {
    skipTaskIds(ranges);
    // The rest of what this thread has taken.
    for (let i = 0; i < 1024; i++) yield* spawnLocal(function* () {});
    const handle = spawn(echo([move(new ArrayBuffer(8)), "z".repeat(2 << 20)]));
    assert.ok(handle.id > ranges * 1024);
    assert.equal(((yield* handle) as [ArrayBuffer, string])[0].byteLength, 8);
    const other = spawn(where());
    assert.equal((yield* other).task, other.id);
  }
});

onThreads("a result that nobody waits for is freed", function* () {
  for (let i = 0; i < 20; i++) spawn(fills(100_000));
  const words = cells();
  const last = spawn(gated(words, 1));
  mark(words, 1);
  yield* last;
});

function one(): Int32Array {
  const words = cells();
  words[0] = 1;
  return words;
}
