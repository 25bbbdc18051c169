import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Builder,
  type DurationHistogram,
  type HistogramConfiguration,
  pending,
  Runtime,
  type RuntimeOptions,
  ready,
  spawn,
  type TaskMeta,
  workerIndex,
  yieldNow,
} from "toki";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import fc from "../support/property.js";

const starts = (histogram: DurationHistogram) =>
  Array.from({ length: histogram.numBuckets }, (_, i) => histogram.bucketRange(i).start);
const total = (histogram: DurationHistogram) =>
  Array.from({ length: histogram.numBuckets }, (_, i) => histogram.bucketCount("main", i)).reduce((a, b) => a + b, 0);
const poll = (configuration: boolean | HistogramConfiguration) =>
  new Runtime({ pollTimeHistogram: configuration }).metrics().pollTimeHistogram;

function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("histograms of a runtime", () => {
  test("are off by default: no buckets, nothing counted", async () => {
    const rt = new Runtime();
    await rt.run(spawnOne(rt));
    for (const histogram of [rt.metrics().pollTimeHistogram, rt.metrics().scheduleLatencyHistogram]) {
      assert.equal(histogram.enabled, false);
      assert.equal(histogram.numBuckets, 0);
      assert.throws(() => histogram.bucketRange(0), { code: "TOKI_INVALID_ARGUMENT", argument: "bucket" });
      assert.throws(() => histogram.bucketCount(0, 0), { code: "TOKI_INVALID_ARGUMENT" });
    }
  });

  test("the default is 10 linear buckets of 0.1 ms, the last one open-ended", () => {
    const histogram = poll(true);
    assert.equal(histogram.enabled, true);
    assert.equal(histogram.numBuckets, 10);
    for (let i = 0; i < 9; i++) {
      const { start, end } = histogram.bucketRange(i);
      assert(Math.abs(start - i * 0.1) < 1e-9 && Math.abs(end - (i + 1) * 0.1) < 1e-9);
    }
    assert.equal(histogram.bucketRange(9).end, Number.POSITIVE_INFINITY);
  });

  test("linear: width and number of buckets", () => {
    assert.deepEqual(starts(poll({ linear: { width: { milliseconds: 2 }, buckets: 4 } })), [0, 2, 4, 6]);
    assert.deepEqual(starts(poll({ linear: { buckets: 1 } })), [0]);
  });

  test("log: one bucket below min, then each power of two in equal parts", () => {
    assert.deepEqual(starts(poll({ log: { min: 1, max: 8, maxError: 1 } })), [0, 1, 2, 4]);
    assert.deepEqual(
      starts(poll({ log: { min: 1, max: 4, maxError: 0.25 } })),
      [0, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5],
    );
  });

  test("log: no bucket below max is wider than maxError times its start", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-4, max: 10, noNaN: true }),
        fc.double({ min: 1.5, max: 1e4, noNaN: true }),
        fc.double({ min: 0.02, max: 1, noNaN: true }),
        (min, factor, maxError) => {
          const max = min * factor;
          const histogram = poll({ log: { min, max, maxError } });
          assert.deepEqual(histogram.bucketRange(0), { start: 0, end: min });
          for (let i = 1; i < histogram.numBuckets - 1; i++) {
            const { start, end } = histogram.bucketRange(i);
            assert(end > start && end - start <= start * maxError * (1 + 1e-9), `${start} to ${end}`);
          }
          const last = histogram.bucketRange(histogram.numBuckets - 1);
          assert(last.start < max && last.start * (1 + maxError) >= max * (1 - 1e-9), "the buckets reach max");
        },
      ),
    );
  });

  test("configurations that cannot be are refused, and the part is named", () => {
    const bad: [unknown, string][] = [
      [5, "pollTimeHistogram"],
      [{}, "pollTimeHistogram"],
      [{ linear: {}, log: {} }, "pollTimeHistogram"],
      [{ linear: { width: 0 } }, "pollTimeHistogram.linear.width"],
      [{ linear: { width: Number.POSITIVE_INFINITY } }, "pollTimeHistogram.linear.width"],
      [{ linear: { buckets: 0 } }, "pollTimeHistogram.linear.buckets"],
      [{ linear: { buckets: 2.5 } }, "pollTimeHistogram.linear.buckets"],
      [{ linear: { buckets: 1e9 } }, "pollTimeHistogram.linear.buckets"],
      [{ log: { min: 0 } }, "pollTimeHistogram.log.min"],
      [{ log: { min: 5, max: 5 } }, "pollTimeHistogram.log.max"],
      [{ log: { maxError: 0 } }, "pollTimeHistogram.log.maxError"],
      [{ log: { maxError: 1.1 } }, "pollTimeHistogram.log.maxError"],
      [{ log: { maxError: 0.0001 } }, "pollTimeHistogram.log"],
    ];
    for (const [configuration, argument] of bad) {
      assert.throws(() => new Runtime({ pollTimeHistogram: configuration } as RuntimeOptions), {
        code: "TOKI_INVALID_ARGUMENT",
        argument,
      });
    }
    assert.throws(() => Builder.currentThread().metricsPollTimeHistogram({ linear: { buckets: 0 } }), {
      argument: "pollTimeHistogram.linear.buckets",
    });
    assert.throws(() => new Runtime({ trackScheduleLatency: 1 } as never), { argument: "trackScheduleLatency" });
  });
});

for (const flavor of flavors) {
  describe(`pollTimeHistogram [${flavor.name}]`, () => {
    test("counts each poll of a task once, by how long it took, and no poll of the body", async () => {
      const rt = new Runtime({ ...flavor.options, pollTimeHistogram: { linear: { width: 20, buckets: 3 } } });
      const { pollTimeHistogram } = rt.metrics();
      await rt.run(function* () {
        for (let i = 0; i < 5; i++) yield* yieldNow();
      });
      assert.equal(total(pollTimeHistogram), 0);
      await rt.run(function* () {
        yield* spawn(function* () {
          for (let i = 0; i < 4; i++) yield* yieldNow();
        });
      });
      assert.equal(total(pollTimeHistogram), 5);
      const slow = rt.metrics().workerPollCount("main");
      await rt.run(function* () {
        yield* spawn(function* () {
          spin(41);
        });
      });
      assert.equal(total(pollTimeHistogram), slow + 1);
      assert(pollTimeHistogram.bucketCount("main", 2) >= 1, "a poll of 41 ms is not below 40");
      assert.throws(() => pollTimeHistogram.bucketCount(rt.metrics().numWorkers, 0), { argument: "worker" });
      assert.throws(() => pollTimeHistogram.bucketCount("main", 3), { argument: "bucket" });
      await rt.shutdown();
    });

    test("counts the polls of tasks that throw, are cancelled, or are joined", async () => {
      const rt = new Runtime({ ...flavor.options, pollTimeHistogram: true, onUnhandledFailure: () => {} });
      await rt.run(function* () {
        spawn(function* () {
          throw new Error("x");
        });
        const cancelled = spawn(pending());
        yield* yieldNow();
        cancelled.abort();
        yield* yieldNow();
        yield* spawn(ready(1));
      });
      assert.equal(total(rt.metrics().pollTimeHistogram), rt.metrics().workerPollCount("main"));
      assert.equal(rt.metrics().workerPollCount("main"), 4);
      await rt.shutdown();
    });
  });

  describe(`scheduleLatencyHistogram and meta.scheduleLatency [${flavor.name}]`, () => {
    test("measure from the first wake to the poll: waking again does not restart it", async () => {
      const polls: TaskMeta[] = [];
      const rt = new Runtime({
        ...flavor.options,
        scheduleLatencyHistogram: { linear: { width: 15, buckets: 2 } },
        onBeforeTaskPoll: (meta) => polls.push(meta),
      });
      const gate = new Gate();
      await rt.run(function* () {
        const task = spawn(gate, { name: "late" });
        yield* yieldNow();
        polls.length = 0;
        gate.wake();
        spin(20);
        gate.wake();
        spin(20);
        yield* yieldNow();
        gate.open();
        yield* task;
      });
      const [late] = polls;
      assert.equal(late?.name, "late");
      assert((late?.scheduleLatency ?? 0) >= 40, `${late?.scheduleLatency} ms`);
      const { scheduleLatencyHistogram } = rt.metrics();
      assert(scheduleLatencyHistogram.bucketCount("main", 1) >= 1);
      assert.equal(total(scheduleLatencyHistogram), 3, "the first poll, the late one, the last one");
      await rt.shutdown();
    });

    test("meta has it in both hooks of a poll, and not in those of spawn and end", async () => {
      const seen: Record<string, unknown[]> = { spawn: [], before: [], after: [], terminate: [] };
      const note = (hook: string) => (meta: TaskMeta) => void seen[hook]?.push(typeof meta.scheduleLatency);
      const rt = new Runtime({
        ...flavor.options,
        trackScheduleLatency: true,
        onTaskSpawn: note("spawn"),
        onBeforeTaskPoll: note("before"),
        onAfterTaskPoll: note("after"),
        onTaskTerminate: note("terminate"),
      });
      await rt.run(function* () {
        yield* spawn(function* () {
          yield* yieldNow();
        });
      });
      assert.deepEqual(seen, {
        spawn: ["undefined"],
        before: ["number", "number"],
        after: ["number", "number"],
        terminate: ["undefined"],
      });
      assert.equal(rt.metrics().scheduleLatencyHistogram.enabled, false);
      await rt.shutdown();
    });

    test("without tracking it is undefined", async () => {
      const seen: unknown[] = [];
      const rt = new Runtime({ ...flavor.options, onBeforeTaskPoll: (meta) => seen.push(meta.scheduleLatency) });
      await rt.run(spawnOne(rt));
      assert.deepEqual(seen, [undefined]);
    });

    test("the builder sets the same options", async () => {
      const rt = Builder.currentThread()
        .metricsPollTimeHistogram({ linear: { buckets: 3 } })
        .enableMetricsPollTimeHistogram()
        .trackScheduleLatency()
        .enableScheduleLatencyHistogram({ log: { min: 1, max: 4, maxError: 1 } })
        .build();
      await rt.run(spawnOne(rt));
      assert.equal(rt.metrics().pollTimeHistogram.numBuckets, 3);
      assert.deepEqual(starts(rt.metrics().scheduleLatencyHistogram), [0, 1, 2]);
      assert.equal(total(rt.metrics().scheduleLatencyHistogram), 1);
      assert.equal(
        Builder.currentThread().enableScheduleLatencyHistogram().build().metrics().scheduleLatencyHistogram.numBuckets,
        10,
      );
    });
  });

  describe(`workerParkUnparkCount and workerIndex [${flavor.name}]`, () => {
    test("the count is odd while the worker is idle and even while it runs", async () => {
      const rt = new Runtime(flavor.options);
      const metrics = rt.metrics();
      assert.equal(metrics.workerParkUnparkCount("main"), 0);
      const gate = new Gate();
      let inside = 0;
      const running = rt.run(function* () {
        yield* gate;
        inside = metrics.workerParkUnparkCount("main");
      });
      await new Promise((resolve) => setImmediate(resolve));
      const idle = metrics.workerParkUnparkCount("main");
      assert.equal(idle % 2, 1);
      gate.open();
      await running;
      assert.equal(inside, idle + 1);
      assert.throws(() => metrics.workerParkUnparkCount(metrics.numWorkers), { argument: "worker" });
      await rt.shutdown();
      assert.equal(metrics.workerParkUnparkCount("main") % 2, 0);
    });

    // The thread that made a multi-thread runtime is none of its workers.
    const index = flavor.options.flavor === "multiThread" ? undefined : 0;

    test(`workerIndex() is ${index} in bodies and tasks, and undefined outside`, async () => {
      const rt = new Runtime(flavor.options);
      assert.equal(workerIndex(), undefined);
      {
        using _guard = rt.enter();
        assert.equal(workerIndex(), undefined);
      }
      const inside = await rt.run(function* () {
        return [
          workerIndex(),
          yield* spawn(function* () {
            return workerIndex();
          }),
        ];
      });
      assert.deepEqual(inside, [index, index]);
      assert.equal(
        rt.blockOn(function* () {
          return workerIndex();
        }),
        index,
      );
    });
  });
}

function spawnOne(rt: Runtime) {
  return function* () {
    yield* rt.spawn(ready(1));
  };
}
