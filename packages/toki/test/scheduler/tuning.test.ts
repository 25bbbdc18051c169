// How often a worker's executor looks at the queue that all workers share.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { yieldNow } from "toki";
import * as meanModule from "../../dist/runtime/metrics/mean-poll-time.js";
import fc from "../support/property.js";
import { Sim } from "../support/sim-host.js";

interface MeanPollTime {
  readonly ms: number;
  readonly interval: number;
  add(ms: number, polls: number): void;
}
const { MeanPollTime } = meanModule as unknown as { MeanPollTime: new () => MeanPollTime };

/** Polls tasks that take `pollMs` each, as a worker would; returns how many polls there were for each look at the shared queue. */
function pollsPerLook(pollMs: number, globalQueueInterval: number | undefined): number {
  const sim = new Sim(globalQueueInterval === undefined ? {} : { globalQueueInterval });
  const source = {
    isSearching: false,
    hasWork: false,
    local: () => null,
    global: () => {
      looks++;
      return null;
    },
    search: () => null,
    stopSearching: () => {},
  };
  let looks = 0;
  let polls = 0;
  const { executor } = sim.core as unknown as { executor: { serve(source: unknown, interval: unknown): void } };
  executor.serve(source, globalQueueInterval);
  const body = function* () {
    for (let i = 0; i < 2000; i++) {
      sim.host.time += pollMs;
      polls++;
      yield* yieldNow();
    }
  };
  // Two, or the one would go on by itself.
  const tasks = [sim.spawn(body), sim.spawn(body)];
  sim.drive();
  sim.host.settle();
  assert(tasks.every((task) => task.isComplete));
  sim.halt();
  return polls / looks;
}

const near = (found: number, expected: number) =>
  assert(Math.abs(found - expected) <= expected / 10, `${found} polls a look, not about ${expected}`);

describe("the interval between looks at the shared queue", () => {
  test("follows the mean poll time: about 0.2 ms", () => {
    near(pollsPerLook(0.01, undefined), 20);
    near(pollsPerLook(0.02, undefined), 10);
    near(pollsPerLook(0.004, undefined), 50);
  });

  test("is 127 polls at most, and never less than 2", () => {
    near(pollsPerLook(0, undefined), 127);
    near(pollsPerLook(1, undefined), 2);
    near(pollsPerLook(50, undefined), 2);
  });

  test("is what the option says, however long polls take", () => {
    near(pollsPerLook(0, 7), 7);
    near(pollsPerLook(1, 7), 7);
    near(pollsPerLook(1, 1), 1);
  });
});

describe("the mean poll time", () => {
  test("a poll weighs a tenth, and a stretch as much as its polls one by one", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100, noNaN: true }), fc.integer({ min: 1, max: 127 }), (ms, polls) => {
        const stretch = new MeanPollTime();
        const single = new MeanPollTime();
        stretch.add(ms * polls, polls);
        for (let i = 0; i < polls; i++) single.add(ms, 1);
        assert(Math.abs(stretch.ms - single.ms) <= 1e-9 * (1 + single.ms), `${stretch.ms} and ${single.ms}`);
      }),
    );
    const mean = new MeanPollTime();
    const before = mean.ms;
    mean.add(1, 1);
    assert(Math.abs(mean.ms - (0.9 * before + 0.1)) < 1e-12);
  });

  test("begins with an interval of 61, and a stretch without polls changes nothing", () => {
    const mean = new MeanPollTime();
    assert.equal(mean.interval, 61);
    mean.add(5, 0);
    assert.equal(mean.interval, 61);
  });
});
