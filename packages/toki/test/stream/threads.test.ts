import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Runtime, spawn } from "toki";
import { mpsc } from "toki/shared";
import { fromIter, StreamMap, stream } from "toki/stream";
import { count, double, relay } from "./functions.js";

const threads = { flavor: "multiThread", workerThreads: 2 } as const;
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("streams and threads", () => {
  it("messages from several workers, merged", { timeout: 60_000 }, async () => {
    await using rt = new Runtime(threads);
    const numbers = await rt.run(function* () {
      const map = new StreamMap<number, number>();
      for (let who = 0; who < 3; who++) {
        const [tx, rx] = mpsc.channel<number>(2);
        spawn(count(tx, who * 100, who * 100 + 100));
        tx[Symbol.dispose]();
        map.insert(who, stream(rx));
      }
      return yield* map.map(([, n]) => n).collect();
    });
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      upTo(300),
    );
  });

  it("a stream on a worker, between two channels", { timeout: 60_000 }, async () => {
    await using rt = new Runtime(threads);
    const doubled = await rt.run(function* () {
      const [tx, input] = mpsc.channel<number>(4);
      const [output, rx] = mpsc.channel<number>(4);
      spawn(relay(input, output));
      output[Symbol.dispose]();
      spawn(count(tx, 0, 100));
      tx[Symbol.dispose]();
      return yield* stream(rx).collect();
    });
    assert.deepEqual(
      doubled,
      upTo(50).map((n) => n * 4),
    );
  });

  it("calls that run on workers, several at a time, in order", { timeout: 60_000 }, async () => {
    await using rt = new Runtime(threads);
    const doubled = await rt.run(function* () {
      return yield* fromIter(upTo(200))
        .map((n) => spawn(double(n)))
        .buffered(8)
        .collect();
    });
    assert.deepEqual(
      doubled,
      upTo(200).map((n) => n * 2),
    );
  });
});
