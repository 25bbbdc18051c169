import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { advance, type Duration, Instant, InvalidArgumentError, pause, Runtime, resume, sleep } from "toki";
import { since } from "../support/elapsed.js";
import fc from "../support/property.js";

/** An instant at a given reading of the clock. */
const at = (ms: number): Instant => Reflect.construct(Instant, [ms]) as Instant;

describe("Instant", () => {
  test("outside a runtime it reads the machine's monotonic clock", () => {
    let last = Instant.now();
    for (let i = 0; i < 1000; i++) {
      const now = Instant.now();
      assert(now.compare(last) >= 0);
      last = now;
    }
    const before = performance.now();
    const start = Instant.now();
    while (performance.now() < before + 2);
    assert(start.elapsed() > 0);
  });

  test("inside a runtime it is that runtime's clock, and stands still while that is paused", async () => {
    await new Runtime({ startPaused: true }).run(function* () {
      const start = Instant.now();
      const until = performance.now() + 2;
      while (performance.now() < until);
      assert.equal(start.elapsed(), 0);
      yield* sleep(40);
      assert.equal(since(start), 40);
      assert(Instant.now().equals(start.add(40)) || since(start.add(40)) === 0);
    });
  });

  test("on a virtual clock whole milliseconds are exact", async () => {
    for (let i = 0; i < 20; i++) {
      await new Runtime({ startPaused: true }).run(function* () {
        const start = Instant.now();
        for (const ms of [1, 7, 25, 100, 3_600_000, 86_400_000 * 365]) {
          const before = Instant.now();
          yield* sleep(ms);
          assert.equal(before.elapsed(), ms);
          assert(Instant.now().equals(before.add(ms)));
        }
        assert.equal(Number.isInteger(start.elapsed()), true);
      });
    }
  });

  test("two clocks in one program: the virtual one is the runtime's alone", async () => {
    const outside = Instant.now();
    await new Runtime({ flavor: "currentThread" }).run(function* () {
      pause();
      yield* advance({ hours: 5 });
    });
    assert(outside.elapsed() < 5 * 3_600_000);
  });

  test("durationSince() saturates at 0, checkedDurationSince() tells", () => {
    const early = at(100);
    const late = at(350);
    assert.equal(late.durationSince(early), 250);
    assert.equal(early.durationSince(late), 0);
    assert.equal(late.checkedDurationSince(early), 250);
    assert.equal(early.checkedDurationSince(late), undefined);
    assert.equal(early.checkedDurationSince(early), 0);
  });

  test("elapsed() of an instant ahead is 0", () => {
    assert.equal(Instant.now().add(60_000).elapsed(), 0);
  });

  test("add() and sub() make new instants", () => {
    const start = at(1000);
    assert.equal(start.add(5).durationSince(start), 5);
    assert.equal(start.durationSince(start.sub({ seconds: 0.25 })), 250);
    assert.equal(start.add({ minutes: 1 }).durationSince(start), 60_000);
    assert.equal(start.equals(at(1000)), true);
  });

  test("what cannot be represented throws in add() and sub(), and is undefined in the checked ones", () => {
    const start = at(1000);
    for (const far of [Number.POSITIVE_INFINITY, Number.MAX_VALUE, { hours: 2 ** 60 }]) {
      assert.throws(() => start.add(far), RangeError);
      assert.throws(() => start.sub(far), RangeError);
      assert.equal(start.checkedAdd(far), undefined);
      assert.equal(start.checkedSub(far), undefined);
    }
  });

  test("compare() sorts, equals() compares by value", () => {
    const instants = [at(3), at(1), at(2)];
    instants.sort((a, b) => a.compare(b));
    assert(instants.every((instant, i) => instant.equals(at(i + 1))));
    assert.equal(at(1).equals(at(2)), false);
  });

  test("arithmetic agrees with numbers", () => {
    const ms = fc.integer({ min: 0, max: 10 ** 12 });
    fc.assert(
      fc.property(ms, ms, (a, b) => {
        const instant = at(a);
        assert.equal(instant.add(b).durationSince(instant), b);
        assert(instant.add(b).sub(b).equals(instant));
        assert.equal(Math.sign(at(a).compare(at(b))), Math.sign(a - b));
        assert.equal(at(a).durationSince(at(b)), Math.max(0, a - b));
      }),
    );
  });

  test("toHrtime() is seconds and nanoseconds below a second", () => {
    assert.deepEqual(at(1234.5).toHrtime(), [1, 234_500_000]);
    assert.deepEqual(at(0).toHrtime(), [0, 0]);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (ms) => {
        const [seconds, nanoseconds] = at(ms).toHrtime();
        assert(Number.isInteger(seconds) && Number.isInteger(nanoseconds));
        assert(nanoseconds >= 0 && nanoseconds < 1e9, `${ms} ms gave ${nanoseconds} ns`);
        assert(Math.abs(seconds * 1000 + nanoseconds / 1e6 - ms) <= Math.max(1e-6, ms * 2 ** -51));
      }),
      { examples: [[999.9999999], [1999.9999999], [4095.9999999999995]] },
    );
  });

  test("rejects what is no instant or duration, under the name of the method that was called", () => {
    const start = at(0);
    const calls: [string, () => unknown][] = [
      ["durationSince", () => start.durationSince(5 as never)],
      ["checkedDurationSince", () => start.checkedDurationSince(undefined as never)],
      ["compare", () => start.compare("now" as never)],
      ["checkedAdd", () => start.checkedAdd(-1)],
      ["checkedSub", () => start.checkedSub("1" as never)],
      ["add", () => start.add(-1)],
      ["sub", () => start.sub({} as never)],
    ];
    for (const [name, call] of calls) {
      assert.throws(call, (error) => {
        assert(error instanceof InvalidArgumentError);
        assert.match(error.message, new RegExp(`^Instant\\.${name}: `));
        return true;
      });
    }
  });
});

describe("durations", () => {
  const ms = (duration: Duration) => at(0).add(duration).durationSince(at(0));

  test("are milliseconds, or an object of units that add up", () => {
    assert.equal(ms(1500), 1500);
    assert.equal(ms({ days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1, microseconds: 500 }), 90_061_001.5);
    assert.equal(ms({ nanoseconds: 2_000_000 }), 2);
    assert.equal(ms({ seconds: 0 }), 0);
    assert.equal(ms({ hours: 1, minutes: -30 }), 1_800_000, "units may cancel out");
  });

  test("take a Temporal.Duration: units are read from getters, and its calendar units are zero", () => {
    class TemporalLike {
      get years() {
        return 0;
      }
      get months() {
        return 0;
      }
      get weeks() {
        return 0;
      }
      get days() {
        return 0;
      }
      get seconds() {
        return 90;
      }
    }
    assert.equal(ms(new TemporalLike()), 90_000);
  });

  test("refuse calendar units, which have no fixed length", () => {
    for (const unit of ["years", "months", "weeks"]) {
      assert.throws(() => ms({ seconds: 1, [unit]: 1 } as Duration), {
        code: "TOKI_INVALID_ARGUMENT",
        message: new RegExp(`${unit}.*calendar units have no fixed length`),
      });
    }
  });

  test("refuse what is none, and name the part that is wrong", () => {
    assert.throws(() => ms({ seconds: "5" } as never), /duration\.seconds must be a number/);
    assert.throws(() => ms({ seconds: -5 }), /0 or more/);
    assert.throws(() => ms({ second: 5 } as never), /milliseconds \(0 or more\) or an object/);
    assert.throws(() => ms([] as never), /an instance of Array/);
    assert.throws(() => ms(Number.NaN), /NaN/);
    assert.throws(() => ms({ hours: Number.POSITIVE_INFINITY, minutes: Number.NEGATIVE_INFINITY }), {
      code: "TOKI_INVALID_ARGUMENT",
    });
  });
});

describe("Instant on the clock of a runtime that is resumed", () => {
  test("goes on from the virtual value", async () => {
    await new Runtime({ startPaused: true }).run(function* () {
      const start = Instant.now();
      yield* advance({ minutes: 10 });
      resume();
      const elapsed = start.elapsed();
      assert(elapsed >= 600_000 && elapsed < 700_000, `${elapsed} ms`);
      pause();
      assert(start.elapsed() >= elapsed, "never backwards");
    });
  });
});
