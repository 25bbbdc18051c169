import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, spawn, yieldNow } from "toki";
import { ExploreError, type ExploreTools, explore } from "toki/test";
import { LetsBargeIn, Lock, LosesPermits, LosesWakeUps } from "./planted-lock.js";
import { failureOf } from "./support.js";

/** Three tasks under one lock, one of which is aborted at any moment: the others get it, one at a time, in the order they asked. */
const useLock = (Copy: new () => Lock, aborts: boolean) =>
  function* useLock({ choose }: ExploreTools) {
    const lock = new Copy();
    const asked: number[] = [];
    const got: number[] = [];
    let inside = 0;
    const holder = fn(function* holder(id: number) {
      for (let i = 0; i < id; i++) yield* yieldNow();
      asked.push(id);
      yield* lock.acquire();
      try {
        got.push(id);
        assert.equal(++inside, 1, "two hold the lock");
        yield* yieldNow();
      } finally {
        inside--;
        lock.release();
      }
    });
    const handles = [0, 1, 2].map((id) => spawn(holder(id), { name: `holder ${id}` }));
    const victim = aborts ? 1 : -1;
    if (aborts) {
      for (let i = choose(8); i > 0; i--) yield* yieldNow();
      handles[victim]?.abort();
    }
    for (const [id, handle] of handles.entries()) {
      if (id !== victim) yield* handle;
    }
    const expected = asked.filter((id) => id !== victim);
    assert.deepEqual(
      got.filter((id) => id !== victim),
      expected,
      "overtaken",
    );
    yield* lock.acquire();
  };

const planted = [
  { name: "a lost wake-up", Copy: LosesWakeUps, aborts: false, kind: "deadlock", says: /lock \(free\)/ },
  { name: "a lock that lets others barge in", Copy: LetsBargeIn, aborts: false, kind: "threw", says: /overtaken/ },
  {
    name: "a permit that is lost in a cancellation",
    Copy: LosesPermits,
    aborts: true,
    kind: "deadlock",
    says: /lock \(held\)/,
  },
] as const;

describe("a mistake planted in a copy of a lock", () => {
  for (const { name, Copy, aborts, kind, says } of planted) {
    describe(name, () => {
      const body = useLock(Copy, aborts);

      test("does not show in the usual order", async () => {
        await explore(body, { strategy: "exhaustive", preemptions: 0 });
      });

      for (const strategy of ["mixed", "random", "pct", "exhaustive"] as const) {
        test(`is found within 10 s (${strategy}), and the message replays it`, async () => {
          const found = await failureOf(
            explore(body, { strategy, preemptions: 3, seed: 1, runs: 1e6, maxTime: { seconds: 10 } }),
          );
          assert.equal(found.kind, kind);
          assert.match(found.message, says);
          assert.equal(found.isDeterministic, true);
          assert.ok(found.steps.length < 40, found.message);

          const replay = /explore\(body, \{ replay: "([^"]+)" \}\)/.exec(found.message)?.[1];
          assert.ok(replay !== undefined, found.message);
          const again = await failureOf(explore(body, { replay }));
          assert.equal(again.kind, kind);
          assert.equal(again.replay, replay);
          assert.deepEqual(again.steps, found.steps);
        });
      }

      test("is not in the lock that was copied", async () => {
        await explore(useLock(Lock, aborts), { runs: 1000, seed: 1 });
        await explore(useLock(Lock, aborts), { strategy: "exhaustive", runs: 2000 });
      });

      test("is gone from the replay once it is corrected", async () => {
        const found = await failureOf(explore(body, { seed: 1, runs: 10_000 }));
        assert.ok(found instanceof ExploreError);
        const { runs } = await explore(useLock(Lock, aborts), { replay: found.replay });
        assert.equal(runs, 1);
      });
    });
  }
});
