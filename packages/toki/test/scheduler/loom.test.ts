import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { check, LoomError, type Model, type Options } from "../support/loom/index.js";
import fc from "../support/property.js";

function failure(options: Options, build: (model: Model) => void): LoomError {
  try {
    check(options, build);
  } catch (error) {
    if (error instanceof LoomError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "no schedule failed" });
}

function lostUpdate(model: Model): void {
  for (const name of ["a", "b"]) {
    model.thread(name, (memory) => memory.store(0, memory.load(0) + 1));
  }
  model.after(() => assert.equal(model.memory.load(0), 2));
}

/** One thread sets a flag and notifies; the other sleeps without having compared in the same step. */
function lostWakeup(model: Model): void {
  model.thread("sleeper", (memory) => {
    if (memory.load(0) === 0) memory.wait(1, 0);
  });
  model.thread("waker", (memory) => {
    memory.store(0, 1);
    memory.notify(1, 1);
  });
}

describe("the loom", () => {
  test("passes atomic increments, under all schedules", () => {
    const report = check({ words: 1, preemptions: 10 }, (model) => {
      for (const name of ["a", "b", "c"]) model.thread(name, (memory) => memory.add(0, 1));
      model.after((results) => {
        assert.equal(model.memory.load(0), 3);
        assert.deepEqual(results.toSorted(), [0, 1, 2]);
      });
    });
    assert.ok(report.complete);
    assert.ok(report.schedules >= 6);
  });

  test("finds a lost update, prints the schedule and replays it", () => {
    const found = failure({ words: 1, preemptions: 1 }, lostUpdate);
    assert.equal(found.kind, "assertion");
    assert.match(found.message, /replay: "\d+"/);
    assert.equal(found.trace.length, 4);
    const again = failure({ words: 1, replay: found.schedule }, lostUpdate);
    assert.deepEqual(again.trace, found.trace);
  });

  test("needs a preemption for a lost update", () => {
    assert.ok(check({ words: 1, preemptions: 0 }, lostUpdate).complete);
  });

  test("finds a lost update at random, again with the same seed", () => {
    for (const pct of [undefined, 3]) {
      const random = pct === undefined ? { seed: 7, schedules: 200 } : { seed: 7, schedules: 200, pct };
      const first = failure({ words: 1, random }, lostUpdate);
      const second = failure({ words: 1, random }, lostUpdate);
      assert.equal(first.schedule, second.schedule);
      assert.match(first.message, /seed 7/);
    }
  });

  test("finds a lost wake-up and says who sleeps", () => {
    const found = failure({ words: 2, names: (i) => (i === 0 ? "FLAG" : "BELL") }, lostWakeup);
    assert.equal(found.kind, "deadlock");
    assert.match(found.message, /sleeper sleeps on BELL/);
  });

  test("passes the same handshake when going to sleep compares", () => {
    const report = check({ words: 1 }, (model) => {
      model.thread("sleeper", (memory) => {
        while (memory.load(0) === 0) memory.wait(0, 0);
      });
      model.thread("waker", (memory) => {
        memory.store(0, 1);
        memory.notify(0, 1);
      });
    });
    assert.ok(report.complete);
  });

  test("finds a plain access that nothing orders", () => {
    const found = failure({ words: 2 }, (model) => {
      model.thread("writer", (memory) => {
        memory.store(1, 1);
        memory.write(0, 5);
      });
      model.thread("reader", (memory) => (memory.load(1) === 1 ? memory.read(0) : 0));
    });
    assert.equal(found.kind, "race");
  });

  test("accepts a plain access that an atomic one orders", () => {
    const report = check({ words: 2, preemptions: 5 }, (model) => {
      model.thread("writer", (memory) => {
        memory.write(0, 5);
        memory.store(1, 1);
      });
      model.thread("reader", (memory) => (memory.load(1) === 1 ? memory.read(0) : 5));
      model.after(([, value]) => assert.equal(value, 5));
    });
    assert.ok(report.complete);
  });

  test("lets a spinning thread wait for a write, and reports one that spins for ever", () => {
    const spin = (other: number) => (model: Model) => {
      model.thread("spinner", (memory) => {
        while (memory.load(0) === 0) memory.pause();
      });
      model.thread("other", (memory) => memory.store(other, 1));
    };
    assert.ok(check({ words: 2 }, spin(0)).complete);
    assert.match(failure({ words: 2 }, spin(1)).message, /spinner paused/);
  });

  test("reports a thread that depends on more than its memory", () => {
    let calls = 0;
    const found = failure({ words: 2 }, (model) => {
      model.thread("a", (memory) => {
        memory.load(calls++ % 2);
        memory.load(0);
      });
      model.thread("b", (memory) => memory.store(0, 1));
    });
    assert.equal(found.kind, "not deterministic");
  });

  test("counts every interleaving of independent threads when states differ", () => {
    // Two threads of two steps on one word: 6 interleavings, each with another history of values.
    const seen = new Set<string>();
    check({ words: 1, preemptions: 9 }, (model) => {
      model.thread("a", (memory) => [memory.add(0, 1), memory.add(0, 10)]);
      model.thread("b", (memory) => [memory.add(0, 100), memory.add(0, 1000)]);
      model.after((results) => seen.add(JSON.stringify(results)));
    });
    assert.equal(seen.size, 6);
  });

  test("leaving out states seen before leaves out no outcome (any small program)", () => {
    const step = fc.record({
      op: fc.constantFrom("load", "store", "add", "exchange", "compareExchange", "wait", "notify", "write", "read"),
      index: fc.integer({ min: 0, max: 1 }),
      a: fc.integer({ min: 0, max: 2 }),
      b: fc.integer({ min: 0, max: 2 }),
    });
    const threads = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 3 });
    let failing = 0;
    fc.assert(
      fc.property(threads, fc.integer({ min: 0, max: 3 }), (programs, preemptions) => {
        const outcomes = (merge: boolean): string[] => {
          const seen = new Set<string>();
          const build = (model: Model) => {
            for (const [i, steps] of programs.entries()) {
              model.thread(`${i}`, (memory) =>
                steps.map(({ op, index, a, b }) => {
                  // Plain accesses have a word of their own, which one thread writes and another may read.
                  if (op === "write") return i === 0 ? memory.write(2, a) : 0;
                  if (op === "read") return i === 1 ? memory.read(2) : 0;
                  return memory[op](index, a, b);
                }),
              );
            }
            model.after((results) => seen.add(JSON.stringify([results, model.memory.load(0), model.memory.load(1)])));
          };
          try {
            fc.pre(check({ words: 3, preemptions, merge, maxSchedules: 20_000 }, build).complete);
          } catch (error) {
            // The exploration ends at the first failure: compare only that there is one, and of what kind.
            if (!(error instanceof LoomError)) throw error;
            failing++;
            return [error.kind];
          }
          return [...seen].sort();
        };
        assert.deepEqual(outcomes(true), outcomes(false));
      }),
      { numRuns: 600 },
    );
    assert.ok(failing > 0, "some programs have failing schedules");
  });
});
