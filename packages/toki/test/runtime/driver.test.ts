import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  advance,
  Future,
  Instant,
  interval,
  pause,
  pending,
  type RuntimeOptions,
  resume,
  select,
  sleep,
  sleepUntil,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { Gate } from "../support/gate.js";
import fc from "../support/property.js";
import { Sim } from "../support/sim-host.js";

const MAX_TIMER_MS = 2 ** 31 - 1;

function setup(options: RuntimeOptions = {}): Sim {
  return new Sim(options);
}

describe("timers on a host whose timers come early, late, or both", () => {
  test("a sleep is never early, and fires at the first turn after its deadline", () => {
    const delay = fc.double({ min: 0, max: 5000, noNaN: true });
    const jitter = fc.double({ min: -0.9, max: 4, noNaN: true });
    fc.assert(
      fc.property(fc.array(delay, { minLength: 1, maxLength: 30 }), fc.array(jitter), (delays, jitters) => {
        const sim = setup();
        let drawn = 0;
        sim.host.jitter = () => (jitters.length === 0 ? 0 : (jitters[drawn++ % jitters.length] as number));
        sim.run(function* () {
          const tasks = delays.map((ms) =>
            spawn(function* () {
              const before = sim.host.time;
              yield* sleep(ms);
              const late = sim.host.time - before - ms;
              // Rounded up to a tick, and then as late as the host's own timers: at most two of them.
              assert(late >= -1e-5, `sleep(${ms}) was ${-late} ms early`);
              assert(late <= 1 + 2 * 4 + 1, `sleep(${ms}) was ${late} ms late`);
            }),
          );
          for (const task of tasks) yield* task;
        });
      }),
      { numRuns: 300 },
    );
  });

  test("sleeps with different deadlines end in their order, those with one in the order of registration", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 50 }), (delays) => {
        const sim = setup();
        const order: number[] = [];
        sim.run(function* () {
          const start = Instant.now();
          const tasks = delays.map((ms, i) =>
            spawn(function* () {
              yield* sleepUntil(start.add(ms));
              order.push(i);
            }),
          );
          for (const task of tasks) yield* task;
        });
        const expected = delays.map((_, i) => i).sort((a, b) => (delays[a] as number) - (delays[b] as number) || a - b);
        assert.deepEqual(order, expected);
      }),
      { numRuns: 100 },
    );
  });
});

describe("the host timer", () => {
  test("there is one at a time, however many sleeps there are", () => {
    const sim = setup();
    let most = 0;
    sim.run(function* () {
      const tasks = Array.from({ length: 500 }, (_, i) =>
        spawn(function* () {
          yield* sleep(1 + ((i * 37) % 400));
          most = Math.max(most, sim.host.timers.size);
        }),
      );
      for (const task of tasks) yield* task;
    });
    assert(most <= 1, `${most} host timers at a time`);
  });

  test("is not a periodic tick: an idle hour costs a handful of them", () => {
    const sim = setup();
    sim.run(sleepFor(3_600_000));
    assert(sim.host.delays.length <= 6, `${sim.host.delays.length} host timers`);
  });

  test("is set for the next deadline, and replaced by an earlier one", () => {
    const sim = new Sim({}, 1000).drive();
    sim.spawn(sleepFor(50));
    sim.host.settle();
    assert.deepEqual(sim.host.delays, [50]);
    sim.spawn(sleepFor(10));
    sim.host.settle();
    assert.deepEqual(sim.host.delays, [50, 10]);
    assert.equal(sim.host.timers.size, 1);
    sim.spawn(sleepFor(30));
    sim.host.settle();
    assert.deepEqual(sim.host.delays, [50, 10]);
  });

  test("never asks for more than 2^31-1 ms, and is armed again until the deadline is there", () => {
    const sim = setup();
    const before = sim.host.time;
    const days = 100;
    sim.run(sleepFor(days * 86_400_000));
    assert(sim.host.time - before >= days * 86_400_000);
    assert(sim.host.time - before <= days * 86_400_000 + 2);
    assert(sim.host.delays.every((ms) => ms <= MAX_TIMER_MS));
    assert(sim.host.delays.some((ms) => ms > MAX_TIMER_MS / 2));
  });

  test("sleep(Infinity) ends after some 30 years, and no sooner", () => {
    const sim = setup();
    const before = sim.host.time;
    sim.run(sleepFor(Number.POSITIVE_INFINITY));
    const years = (sim.host.time - before) / (365 * 86_400_000);
    assert(years >= 29 && years <= 35, `${years} years`);
  });

  test("sleep(Infinity) on a paused clock is jumped to in bounded work, whenever the runtime was made", () => {
    for (let i = 0; i < 20; i++) {
      const sim = new Sim({ startPaused: true }, 30 + i * 17.0123456789);
      sim.run(sleepFor(Number.POSITIVE_INFINITY));
      assert.equal(sim.host.delays.length, 0, "no host timer at all");
    }
  });

  test("does not keep the process alive once no sleep is left", () => {
    const sim = setup().drive();
    const task = sim.spawn(sleepFor(60_000));
    sim.spawn(pending());
    sim.host.settle();
    assert.equal(sim.host.isAlive, true);
    task.abort();
    sim.host.settle();
    assert.equal(sim.host.isAlive, false);
    assert.equal(sim.core.time.wheel.size, 0);
  });

  test("keeps it alive again for a later sleep", () => {
    const sim = setup().drive();
    const first = sim.spawn(sleepFor(60_000));
    sim.host.settle();
    first.abort();
    sim.host.settle();
    const second = sim.spawn(sleepFor(90_000));
    sim.host.settle();
    assert.equal(sim.host.isAlive, true);
    const before = sim.host.time;
    while (!second.isComplete) {
      assert(sim.host.sleep());
      sim.host.settle();
    }
    assert(sim.host.time - before >= 90_000);
  });

  test("losing branches, timeouts in time and dropped intervals leave nothing behind", () => {
    const sim = setup().drive();
    const task = sim.spawn(function* () {
      yield* select({ now: sleep(1), later: sleep(50_000) });
      yield* timeout(50_000, yieldNow());
      using ticks = interval(50_000);
      yield* ticks.tick();
      yield* select({ tick: ticks.tick(), soon: sleep(1) });
    });
    sim.spawn(pending());
    while (!task.isComplete) {
      sim.host.settle();
      if (!task.isComplete) assert(sim.host.sleep());
    }
    assert.equal(sim.core.time.wheel.size, 0);
    sim.host.settle();
    assert.equal(sim.host.isAlive, false);
  });

  test("is let go while nothing drives the runtime; deadlines that passed meanwhile fire at the next drive", () => {
    const sim = setup().drive();
    const task = sim.spawn(sleepFor(100));
    sim.host.settle();
    sim.halt();
    assert.equal(sim.host.timers.size, 0);
    sim.host.time += 1000;
    sim.host.settle();
    assert.equal(task.isComplete, false);
    sim.drive();
    sim.host.settle();
    assert.equal(task.isComplete, true);
  });

  test("a deadline that a virtual advance brought nearer is met in time after resume()", () => {
    const sim = setup().drive();
    let ended: number | undefined;
    const gate = new Gate();
    const start = sim.host.time;
    sim.spawn(function* () {
      yield* sleep(3_000);
      ended = sim.host.time;
    });
    sim.spawn(function* () {
      yield* gate;
      pause();
      yield* advance(2_900);
      resume();
    });
    sim.host.settle();
    sim.host.time += 10;
    gate.open();
    sim.host.run();
    assert(ended !== undefined);
    const taken = ended - start;
    // 10 real ms, 2900 virtual ones, 90 real ones.
    assert(taken >= 100 - 1e-6 && taken <= 102, `${taken} ms`);
  });

  test("a clock that stood still does not fire what is not due yet", () => {
    const sim = setup().drive();
    let ended: number | undefined;
    const start = sim.host.time;
    const gates = [new Gate(), new Gate()] as const;
    sim.spawn(function* () {
      yield* sleep(100);
      ended = sim.host.time;
    });
    sim.spawn(function* () {
      yield* gates[0];
      pause();
      // Not idle, so that the paused clock stays where it is.
      while (sim.host.time < start + 5_000) yield* yieldNow();
      resume();
    });
    sim.host.settle();
    sim.host.time += 10;
    sim.host.step = 1;
    gates[0].open();
    sim.host.settle();
    sim.host.step = 0;
    sim.host.run();
    assert(ended !== undefined);
    assert(ended - start >= 5_000, `${ended - start} ms`);
  });
});

describe("taking turns with the loop", () => {
  test("a drain stops after its share of the turn, and goes on after the loop had its own", () => {
    const sim = setup().drive();
    sim.host.step = 0.03;
    let polls = 0;
    let stopped = false;
    sim.spawn(function* () {
      while (!stopped) {
        polls++;
        yield* yieldNow();
      }
    });
    const seen: number[] = [];
    for (let i = 0; i < 5; i++) {
      sim.host.turn();
      seen.push(polls);
    }
    stopped = true;
    sim.host.settle();
    for (let i = 1; i < seen.length; i++) assert((seen[i] as number) > (seen[i - 1] as number), "each turn polls some");
    assert((seen[4] as number) < 5_000, `${seen}`);
  });

  test("timers fire beside a task that is always runnable", () => {
    const sim = setup().drive();
    sim.host.step = 0.01;
    let fired = false;
    let polls = 0;
    const busy = sim.spawn(function* () {
      while (!fired && polls < 1_000_000) {
        polls++;
        yield* yieldNow();
      }
    });
    sim.spawn(function* () {
      yield* sleep(5);
      fired = true;
    });
    sim.host.settle();
    assert.equal(busy.isComplete, true);
    assert.equal(fired, true);
  });

  test("with a larger eventInterval timers are looked at less often", () => {
    const latency = (eventInterval: number) => {
      const sim = setup({ eventInterval }).drive();
      let fired = false;
      let late = 0;
      // One poll takes a millisecond.
      sim.spawn(function* () {
        while (!fired) {
          sim.host.time += 1;
          yield* yieldNow();
        }
      });
      sim.spawn(function* () {
        const deadline = sim.host.time + 10;
        yield* sleep(10);
        late = sim.host.time - deadline;
        fired = true;
      });
      sim.host.settle();
      return late;
    };
    assert(latency(1) <= 3);
    assert(latency(400) > 100);
  });

  test("a wake from outside runs the task within the same turn", () => {
    const sim = setup().drive();
    const gate = new Gate();
    const task = sim.spawn(gate);
    sim.host.settle();
    gate.open();
    assert.equal(task.isComplete, false, "never inside wake()");
    sim.host.flush();
    assert.equal(task.isComplete, true);
  });
});

describe("the deadlock report", () => {
  test("comes when nothing is left that could wake a task, once, and ends the driver after cleanup", () => {
    const sim = setup().drive();
    const log: string[] = [];
    sim.spawn(function* () {
      try {
        yield* pending();
      } finally {
        yield* sleep(5);
        log.push("cleanup");
      }
    });
    sim.host.run();
    assert.deepEqual(log, ["cleanup"]);
    assert.equal(sim.host.reports.length, 1);
    assert.match(sim.host.reports[0] as string, /Deadlock/);
  });

  test("does not come while a sleep is left, or while nothing drives", () => {
    const sim = setup().drive();
    sim.spawn(sleepFor(1000));
    sim.spawn(pending());
    sim.host.settle();
    assert.deepEqual(sim.host.reports, []);
    sim.halt();
    sim.host.run();
    assert.deepEqual(sim.host.reports, []);
  });

  test("does not come for a paused clock that still has a deadline to jump to", () => {
    const sim = setup({ startPaused: true }).drive();
    const task = sim.spawn(sleepFor(1000));
    sim.host.run();
    assert.equal(task.isComplete, true);
  });

  test("blockOn waits for timers itself, and reports when there are none", () => {
    const sim = setup();
    const before = sim.host.time;
    sim.core.blockOn(Future.from(sleepFor(250)));
    assert(sim.host.time - before >= 250);
    assert.throws(() => sim.core.blockOn(pending()), { name: "DeadlockError" });
    assert.equal(sim.host.reports.length, 1);
  });
});

function sleepFor(ms: number) {
  return function* () {
    yield* sleep(ms);
  };
}
