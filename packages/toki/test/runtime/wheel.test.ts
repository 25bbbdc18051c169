import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { IDLE, Wheel } from "../../dist/runtime/time/wheel.js";
import fc from "../support/property.js";

class Timer {
  timerWhen: number;
  timerNext: Timer | null = null;
  timerPrev: Timer | null = null;
  timerSlot = IDLE;
  readonly id: string;

  constructor(when: number, id = String(when)) {
    this.timerWhen = when;
    this.id = id;
  }
}

const SPAN = [1, 64, 64 ** 2, 64 ** 3, 64 ** 4, 64 ** 5];
const TURN = 64 ** 6;

function wheelAt(elapsed: number): Wheel<Timer> {
  const wheel = new Wheel<Timer>();
  wheel.advance(elapsed, () => assert.fail("an empty wheel fired"));
  return wheel;
}

function add(wheel: Wheel<Timer>, when: number, id?: string): Timer {
  const timer = new Timer(when, id);
  assert.equal(wheel.insert(timer), true);
  return timer;
}

/** Advances and lists what fired, as `id@tick`. */
function fired(wheel: Wheel<Timer>, now: number): string[] {
  const log: string[] = [];
  wheel.advance(now, (timer) => {
    assert.equal(timer.timerSlot, IDLE);
    assert.equal(timer.timerNext, null);
    assert.equal(timer.timerPrev, null);
    log.push(`${timer.id}@${wheel.elapsed}`);
  });
  return log;
}

/** Advances from one expiration to the next until something fires; lists the expirations met. */
function stepsUntilFired(wheel: Wheel<Timer>): number[] {
  const steps: number[] = [];
  for (let count = 0; count === 0; ) {
    const next = wheel.nextExpiration();
    assert.notEqual(next, Infinity, "the wheel is empty");
    steps.push(next);
    count = fired(wheel, next).length;
    assert.equal(wheel.elapsed, next);
  }
  return steps;
}

describe("Wheel.insert()", () => {
  test("files an entry at the level of the highest 6-bit group that differs", () => {
    for (let level = 0; level < 6; level++) {
      const span = SPAN[level] as number;
      for (const slot of [1, 2, 31, 32, 33, 62, 63]) {
        for (const when of [slot * span, slot * span + (span - 1)]) {
          const wheel = new Wheel<Timer>();
          const timer = add(wheel, when);
          assert.equal(timer.timerSlot, level * 64 + slot, `deadline ${when}`);
          assert.equal(wheel.nextExpiration(), slot * span, `deadline ${when}`);
          assert.deepEqual(fired(wheel, when - 1), [], `deadline ${when}`);
          assert.deepEqual(fired(wheel, when), [`${when}@${when}`]);
        }
      }
    }
  });

  test("refuses a deadline that is not after elapsed and leaves the entry idle", () => {
    for (const elapsed of [0, 63, 64, 2 ** 31, 2 ** 40]) {
      const wheel = wheelAt(elapsed);
      for (const when of [0, elapsed]) {
        const timer = new Timer(when);
        assert.equal(wheel.insert(timer), false);
        assert.equal(timer.timerSlot, IDLE);
      }
      assert.equal(wheel.size, 0);
      assert.equal(wheel.nextExpiration(), Infinity);
      add(wheel, elapsed + 1);
      assert.equal(wheel.nextExpiration(), elapsed + 1);
    }
  });

  test("throws when the entry is in a wheel", () => {
    const wheel = new Wheel<Timer>();
    const timer = add(wheel, 5);
    assert.throws(() => wheel.insert(timer), /`entry` must not be in a wheel/);
    assert.equal(wheel.size, 1);
    assert.deepEqual(fired(wheel, 5), ["5@5"]);
  });

  test("throws when the deadline is larger than the largest safe integer", () => {
    const wheel = new Wheel<Timer>();
    for (const when of [Infinity, 2 ** 53]) {
      assert.throws(() => wheel.insert(new Timer(when)), RangeError);
    }
    assert.equal(wheel.size, 0);
    assert.equal(wheel.nextExpiration(), Infinity);
  });
});

describe("Wheel.remove()", () => {
  test("takes the first, a middle and the last entry out of a slot", () => {
    for (const gone of [0, 1, 2]) {
      for (const when of [7, 700, 70_000, 2 ** 31, 2 ** 37]) {
        const wheel = new Wheel<Timer>();
        const timers = ["a", "b", "c"].map((id) => add(wheel, when, id));
        const timer = timers[gone] as Timer;
        wheel.remove(timer);
        assert.equal(timer.timerSlot, IDLE);
        assert.equal(timer.timerNext, null);
        assert.equal(timer.timerPrev, null);
        assert.equal(wheel.size, 2);
        const rest = timers.filter((other) => other !== timer).map((other) => `${other.id}@${when}`);
        assert.deepEqual(fired(wheel, when), rest);
        assert.equal(wheel.size, 0);
      }
    }
  });

  test("does nothing for an entry that was never inserted, was removed or has fired", () => {
    const wheel = new Wheel<Timer>();
    const other = add(wheel, 20);
    const timer = new Timer(10);
    wheel.remove(timer);
    wheel.insert(timer);
    wheel.remove(timer);
    wheel.remove(timer);
    wheel.insert(timer);
    assert.deepEqual(fired(wheel, 10), ["10@10"]);
    wheel.remove(timer);
    assert.equal(wheel.size, 1);
    wheel.remove(other);
    assert.equal(wheel.size, 0);
  });

  test("clears the bit of every slot it empties, and no other", () => {
    const wheel = new Wheel<Timer>();
    const timers: Timer[] = [];
    for (const span of SPAN) {
      for (let slot = 1; slot < 64; slot++) timers.push(add(wheel, slot * span));
    }
    for (const timer of timers) {
      assert.equal(wheel.nextExpiration(), timer.timerWhen);
      wheel.remove(timer);
    }
    assert.equal(wheel.nextExpiration(), Infinity);
  });
});

describe("Wheel.nextExpiration()", () => {
  test("is Infinity when empty, however far the wheel has moved", () => {
    for (const elapsed of [0, 1, 2 ** 30, 2 ** 36, 2 ** 50]) assert.equal(wheelAt(elapsed).nextExpiration(), Infinity);
  });

  test("is a slot start above level 0 and the deadline in it", () => {
    const when = 5 * 64 ** 5 + 4 * 64 ** 4 + 3 * 64 ** 3 + 2 * 64 ** 2 + 64 + 9;
    const wheel = new Wheel<Timer>();
    add(wheel, when);
    assert.deepEqual(stepsUntilFired(wheel), [
      5 * 64 ** 5,
      5 * 64 ** 5 + 4 * 64 ** 4,
      5 * 64 ** 5 + 4 * 64 ** 4 + 3 * 64 ** 3,
      5 * 64 ** 5 + 4 * 64 ** 4 + 3 * 64 ** 3 + 2 * 64 ** 2,
      when - 9,
      when,
    ]);
  });

  test("skips levels at which the deadline has nothing to wait for", () => {
    const wheel = new Wheel<Timer>();
    add(wheel, 64 ** 4 + 3);
    assert.deepEqual(stepsUntilFired(wheel), [64 ** 4, 64 ** 4 + 3]);
  });

  test("wraps round the top level and takes the current slot last", () => {
    const span = SPAN[5] as number;
    // Every start position: the rotation has a case for each half and each bit.
    for (let at = 0; at < 64; at++) {
      const wheel = wheelAt(at * span + 17);
      const current = add(wheel, (at + 64) * span, "current");
      assert.equal(current.timerSlot, 5 * 64 + at);
      assert.equal(wheel.nextExpiration(), (at + 64) * span);
      for (const distance of [63, 40, 33, 32, 31, 2, 1]) {
        add(wheel, (at + distance) * span, String(distance));
        assert.equal(wheel.nextExpiration(), (at + distance) * span);
      }
      assert.deepEqual(
        fired(wheel, (at + 64) * span).map((line) => line.split("@")[0]),
        ["1", "2", "31", "32", "33", "40", "63", "current"],
      );
    }
  });
});

describe("Wheel.advance()", () => {
  test("fires nothing before the deadline, across each level boundary", () => {
    for (const span of [...SPAN, TURN]) {
      for (const start of [0, 1, span - 1, span + 1, 2 ** 32 + 5, 2 ** 36 - 1, 2 ** 45 + 3]) {
        for (const delay of [span - 1, span, span + 1, 63 * span, 64 * span - 1, 64 * span]) {
          if (delay === 0) continue;
          const wheel = wheelAt(start);
          add(wheel, start + delay, "t");
          assert.deepEqual(fired(wheel, start + delay - 1), [], `from ${start}, ${delay} later`);
          assert.deepEqual(fired(wheel, start + delay), [`t@${start + delay}`], `from ${start}, ${delay} later`);
        }
      }
    }
  });

  test("fires by deadline when it jumps over many levels at once", () => {
    const wheel = wheelAt(50);
    const deadlines: number[] = [51, 52];
    for (const span of SPAN) deadlines.push(50 + span * 2, 50 + span * 3 + 1, 50 + span * 64 - 1);
    deadlines.push(TURN + 49, TURN + 50, TURN + 51, 3 * TURN + 7, 2 ** 45);
    const sorted = [...new Set(deadlines)].sort((a, b) => a - b);
    for (const when of [...sorted].reverse()) add(wheel, when);
    assert.deepEqual(
      fired(wheel, 2 ** 50),
      sorted.map((when) => `${when}@${when}`),
    );
    assert.equal(wheel.elapsed, 2 ** 50);
    assert.equal(wheel.size, 0);
  });

  test("fires deadlines many turns of the top level away, past 2^36 and near the largest safe integer", () => {
    for (const when of [TURN, TURN + 1, 2 * TURN - 1, 5 * TURN + 12_345, 20 * TURN, 2 ** 42 + 1]) {
      for (const start of [0, 1000, 2 ** 30, 2 ** 35 + 77]) {
        const wheel = wheelAt(start);
        add(wheel, when, "far");
        const steps = stepsUntilFired(wheel);
        assert.equal(steps.at(-1), when);
        assert.ok(steps.length <= 6 + Math.ceil(when / TURN), `${steps.length} steps`);
      }
    }
    const wheel = wheelAt(2 ** 53 - 2 ** 37);
    add(wheel, Number.MAX_SAFE_INTEGER, "last");
    assert.deepEqual(fired(wheel, Number.MAX_SAFE_INTEGER - 1), []);
    assert.deepEqual(fired(wheel, Number.MAX_SAFE_INTEGER), [`last@${Number.MAX_SAFE_INTEGER}`]);
  });

  test("keeps registration order among equal deadlines inserted at different distances", () => {
    for (const when of [70, 5000, 300_000, 2 ** 30 + 4242, TURN + 4242, 4 * TURN + 99]) {
      const wheel = new Wheel<Timer>();
      const order: string[] = [];
      let count = 0;
      // From further and further along, some of them while the earlier ones wait in a higher level.
      for (const fraction of [0, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1 - 1 / when]) {
        const at = Math.floor(when * fraction);
        assert.deepEqual(fired(wheel, at), []);
        for (let i = 0; i < 3; i++) {
          const id = String(count++);
          add(wheel, when, id);
          order.push(`${id}@${when}`);
        }
      }
      assert.deepEqual(fired(wheel, when), order);
    }
  });

  test("keeps registration order through cascades that pass other deadlines of the same slot", () => {
    const wheel = new Wheel<Timer>();
    const base = 2 ** 30 + 2 ** 24;
    const order = [9, 3, 9, 70, 3, 5000, 70, 9, 5000, 3];
    order.forEach((offset, i) => {
      add(wheel, base + offset, String(i));
    });
    assert.deepEqual(
      fired(wheel, base + 5000).map((line) => line.split("@")[0]),
      ["1", "4", "9", "0", "2", "7", "3", "6", "5", "8"],
    );
  });

  test("does not move elapsed back", () => {
    const wheel = wheelAt(100);
    add(wheel, 150);
    assert.deepEqual(fired(wheel, 20), []);
    assert.equal(wheel.elapsed, 100);
    assert.deepEqual(fired(wheel, 150), ["150@150"]);
  });

  test("empties the wheel in order when given Infinity, and refuses inserts afterwards", () => {
    const wheel = new Wheel<Timer>();
    for (const when of [2 ** 45, 3, TURN * 2 + 5, 3]) add(wheel, when);
    assert.deepEqual(fired(wheel, Infinity), [
      "3@3",
      "3@3",
      `${TURN * 2 + 5}@${TURN * 2 + 5}`,
      `${2 ** 45}@${2 ** 45}`,
    ]);
    assert.equal(wheel.size, 0);
    assert.equal(wheel.insert(new Timer(Number.MAX_SAFE_INTEGER)), false);
    assert.equal(wheel.nextExpiration(), Infinity);
  });
});

describe("Wheel.advance() with a fire that changes the wheel", () => {
  function drive(wheel: Wheel<Timer>, now: number, onFire: (timer: Timer) => void): string[] {
    const log: string[] = [];
    wheel.advance(now, (timer) => {
      log.push(`${timer.id}@${wheel.elapsed}`);
      onFire(timer);
    });
    return log;
  }

  test("does not fire an entry removed before its turn: same deadline, later deadline, another level", () => {
    const wheel = new Wheel<Timer>();
    add(wheel, 10, "remover");
    const victims = [10, 11, 500, 2 ** 31, 2 ** 37].map((when) => add(wheel, when, `victim ${when}`));
    add(wheel, 10, "b");
    add(wheel, 11, "c");
    const log = drive(wheel, 2 ** 38, (timer) => {
      if (timer.id === "remover") for (const victim of victims) wheel.remove(victim);
    });
    assert.deepEqual(log, ["remover@10", "b@10", "c@11"]);
    assert.equal(wheel.size, 0);
    assert.ok(victims.every((victim) => victim.timerSlot === IDLE));
  });

  test("fires an entry that was inserted and is due by now, in its place in the order", () => {
    const wheel = new Wheel<Timer>();
    add(wheel, 10, "a");
    add(wheel, 12, "b");
    add(wheel, 5000, "c");
    const log = drive(wheel, 5000, (timer) => {
      if (timer.id !== "a") return;
      assert.equal(wheel.insert(new Timer(10)), false);
      add(wheel, 11, "a1");
      add(wheel, 12, "a2");
      add(wheel, 5000, "a3");
      add(wheel, 5001, "a4");
    });
    assert.deepEqual(log, ["a@10", "a1@11", "b@12", "a2@12", "c@5000", "a3@5000"]);
    assert.equal(wheel.size, 1);
    assert.equal(wheel.nextExpiration(), 5001);
  });

  test("re-inserts the fired entry itself, as a periodic timer does", () => {
    const wheel = new Wheel<Timer>();
    const timer = add(wheel, 1000, "tick");
    const log = drive(wheel, 5500, () => {
      timer.timerWhen += 1000;
      assert.equal(wheel.insert(timer), true);
    });
    assert.deepEqual(log, ["tick@1000", "tick@2000", "tick@3000", "tick@4000", "tick@5000"]);
    assert.equal(timer.timerWhen, 6000);
    assert.deepEqual(fired(wheel, 6000), ["tick@6000"]);
  });

  test("moves an entry that is due later in the same call", () => {
    const wheel = new Wheel<Timer>();
    add(wheel, 10, "a");
    const moved = add(wheel, 20, "moved");
    add(wheel, 30, "b");
    const log = drive(wheel, 30, (timer) => {
      if (timer.id !== "a") return;
      wheel.remove(moved);
      moved.timerWhen = 30;
      wheel.insert(moved);
    });
    assert.deepEqual(log, ["a@10", "b@30", "moved@30"]);
  });

  test("loses nothing when fire throws", () => {
    const wheel = new Wheel<Timer>();
    for (const id of ["a", "b", "c"]) add(wheel, 100, id);
    add(wheel, 101, "d");
    const boom = new Error("boom");
    assert.throws(
      () =>
        drive(wheel, 200, (timer) => {
          if (timer.id === "a") throw boom;
        }),
      boom,
    );
    assert.equal(wheel.elapsed, 100);
    assert.equal(wheel.size, 3);
    assert.equal(wheel.nextExpiration(), 100);
    assert.deepEqual(fired(wheel, 200), ["b@100", "c@100", "d@101"]);
  });

  test("never fires early when fire itself advances the wheel", () => {
    const wheel = new Wheel<Timer>();
    add(wheel, 10, "a");
    add(wheel, 10, "b");
    add(wheel, 60, "c");
    const log: string[] = [];
    const onFire = (timer: Timer): void => {
      log.push(`${timer.id}@${wheel.elapsed}`);
      if (timer.id !== "a") return;
      wheel.advance(70, onFire);
      // The same slot of level 0 as "a" and "b", one turn on.
      add(wheel, 64 + 10, "d");
    };
    wheel.advance(72, onFire);
    assert.deepEqual(log, ["a@10", "b@10", "c@60"]);
    assert.equal(wheel.elapsed, 72);
    wheel.advance(74, onFire);
    assert.deepEqual(log.at(-1), "d@74");
  });
});

/** What a wheel should do, from a list kept in registration order. */
class Model {
  elapsed = 0;
  timers: Timer[] = [];

  get size(): number {
    return this.timers.length;
  }

  insert(timer: Timer): boolean {
    if (timer.timerWhen <= this.elapsed) return false;
    this.timers.push(timer);
    return true;
  }

  remove(timer: Timer): void {
    this.timers = this.timers.filter((other) => other !== timer);
  }

  /** The earliest start of a slot that holds a timer: the first tick that agrees with it above the differing group. */
  nextExpiration(): number {
    let first = Infinity;
    const now = BigInt(this.elapsed);
    for (const { timerWhen } of this.timers) {
      const when = BigInt(timerWhen);
      let start: bigint;
      if (when >> 30n === now >> 30n) {
        let shift = 0n;
        while (when >> (shift + 6n) !== now >> (shift + 6n)) shift += 6n;
        start = (when >> shift) << shift;
      } else {
        start = ((now >> 30n) + 1n) << 30n;
        while (((start >> 30n) & 63n) !== ((when >> 30n) & 63n)) start += 1n << 30n;
      }
      first = Math.min(first, Number(start));
    }
    return first;
  }

  advance(now: number, fire: (timer: Timer) => void): void {
    for (;;) {
      let due: Timer | undefined;
      for (const timer of this.timers) {
        if (timer.timerWhen <= now && (due === undefined || timer.timerWhen < due.timerWhen)) due = timer;
      }
      if (due === undefined) break;
      this.elapsed = due.timerWhen;
      this.remove(due);
      fire(due);
    }
    this.elapsed = Math.max(this.elapsed, now);
  }
}

type Command =
  | { do: "insert"; delay: number; onFire: readonly Command[] }
  | { do: "insert like"; pick: number }
  | { do: "remove"; pick: number }
  | { do: "move"; pick: number; delay: number }
  | { do: "advance"; delay: number }
  | { do: "next" };

/** Runs a script and logs all that can be observed. Which timers a pick means depends on the script alone. */
function run(wheel: Wheel<Timer> | Model, script: readonly Command[]): string[] {
  const log: string[] = [];
  const timers: Timer[] = [];
  const actions = new Map<Timer, readonly Command[]>();
  const insert = (timer: Timer): void => {
    log.push(`insert ${timer.id} for ${timer.timerWhen}: ${wheel.insert(timer)}`);
  };
  const create = (when: number, onFire: readonly Command[]): void => {
    const timer = new Timer(when, `#${timers.length}`);
    timers.push(timer);
    actions.set(timer, onFire);
    insert(timer);
  };
  const execute = (command: Command): void => {
    const picked = "pick" in command ? timers[command.pick % timers.length] : undefined;
    if (command.do === "insert") {
      create(wheel.elapsed + command.delay, command.onFire);
    } else if (command.do === "insert like") {
      if (picked !== undefined) create(picked.timerWhen, []);
    } else if (command.do === "remove") {
      if (picked !== undefined) wheel.remove(picked);
    } else if (command.do === "move") {
      if (picked === undefined) return;
      wheel.remove(picked);
      picked.timerWhen = wheel.elapsed + command.delay;
      insert(picked);
    } else if (command.do === "advance") {
      wheel.advance(wheel.elapsed + command.delay, (timer) => {
        log.push(`${timer.id} at ${wheel.elapsed}`);
        const onFire = actions.get(timer) ?? [];
        // Once: a timer that moves itself would go on for as long as the call looks ahead.
        actions.set(timer, []);
        for (const action of onFire) execute(action);
      });
    } else {
      // One wake of a driver that sleeps until the wheel has something to do.
      const next = wheel.nextExpiration();
      if (next !== Infinity) execute({ do: "advance", delay: next - wheel.elapsed });
    }
    log.push(`elapsed ${wheel.elapsed}, size ${wheel.size}, next ${wheel.nextExpiration()}`);
  };
  for (const command of script) execute(command);
  wheel.advance(2 ** 52, (timer) => log.push(`${timer.id} at ${wheel.elapsed}, at the end`));
  return log;
}

describe("Wheel against a list", () => {
  // Each power of two, and what lies around it: the interesting ticks are where a group of bits changes.
  const delay = fc.oneof(
    fc.integer({ min: 0, max: 200 }),
    fc
      .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: -2, max: 2 }))
      .map(([power, off]) => Math.max(0, 2 ** power + off)),
    fc.integer({ min: 0, max: 40 }).chain((power) => fc.integer({ min: 0, max: 2 ** power })),
  );
  const pick = fc.nat(1000);
  const quiet: fc.Arbitrary<Command> = fc.oneof(
    fc.record({ do: fc.constant("insert" as const), delay, onFire: fc.constant([]) }),
    fc.record({ do: fc.constant("insert like" as const), pick }),
    fc.record({ do: fc.constant("remove" as const), pick }),
    fc.record({ do: fc.constant("move" as const), pick, delay }),
  );
  const command: fc.Arbitrary<Command> = fc.oneof(
    { weight: 4, arbitrary: quiet },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("insert" as const),
        delay,
        onFire: fc.array(quiet, { maxLength: 3 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), delay }) },
    { weight: 2, arbitrary: fc.constant<Command>({ do: "next" }) },
  );
  const start = fc.oneof(fc.constant(0), delay, fc.integer({ min: 0, max: 2 ** 50 }));

  test("does the same for any script, from any start", () => {
    fc.assert(
      fc.property(start, fc.array(command, { maxLength: 60 }), (from, script) => {
        const all: Command[] = [{ do: "advance", delay: from }, ...script];
        assert.deepEqual(run(new Wheel<Timer>(), all), run(new Model(), all));
      }),
      { numRuns: 1000 },
    );
  });
});
