import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { MessageChannel, Worker } from "node:worker_threads";
import { move } from "toki";
import { encoder, type Message, post, receive, same } from "./codec.support.js";

test("values go to another thread and back", async () => {
  const worker = new Worker(new URL("./codec.worker.js", import.meta.url));
  const there = async (value: unknown) => {
    encoder.begin("spawn echo");
    encoder.value(value, "argument 0");
    const { port1, port2 } = new MessageChannel();
    const message = post();
    const buffers = message.parcels.filter((parcel) => parcel instanceof ArrayBuffer);
    worker.postMessage({ message, reply: port2 }, [port2, ...buffers]);
    const [answer] = (await once(port1, "message")) as [Message];
    return receive(answer);
  };
  try {
    const shared = new Int32Array(new SharedArrayBuffer(8));
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const plain = {
      numbers: [1, -0, Number.NaN, 2n ** 80n],
      strings: ["", "é", "€".repeat(40), "long ".repeat(9999), "\ud800"],
      list: Object.assign(new Array(3), { 1: new Date(5), name: /x/gu }),
      map: new Map<unknown, unknown>([[new Set([1]), { a: null, b: undefined }]]),
      bytes: [new Uint8Array([1, 2]), new Float64Array([0.5]), new Uint8Array(2 << 20).fill(7)],
    };
    same(await there(plain), plain);
    const back = (await there({ shared, cycle, moved: move(new Uint8Array([1, 2, 3])) })) as Record<string, unknown>;
    Atomics.store(back["shared"] as Int32Array, 1, 77);
    assert.equal(shared[1], 77);
    assert.equal((back["cycle"] as typeof cycle).self, back["cycle"]);
    assert.deepStrictEqual(back["moved"], new Uint8Array([1, 2, 3]));
    const error = new RangeError("far", { cause: new Error("near") });
    const copy = (await there(error)) as Error;
    assert.ok(copy instanceof RangeError && copy.stack === error.stack);
    assert.equal((copy.cause as Error).message, "near");
  } finally {
    await worker.terminate();
  }
});
