import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, Instant, InvalidArgumentError, MisuseError, Runtime, ready, sleep, spawn, timeout } from "toki";
import { assertErr, test as toki } from "toki/test";
import { exponential, type FailedAttempt, fixed, RetryPolicy, retry } from "toki/util";
import fc from "../../support/property.js";

const virtual = { startPaused: true };

/** The first `n` delays a policy gives, undefined when it gave up. */
function delays(policy: RetryPolicy, n: number, failed: Partial<FailedAttempt> = {}): (number | undefined)[] {
  const backoff = policy.begin();
  return Array.from({ length: n }, (_, i) => backoff({ attempt: i + 1, error: undefined, elapsed: 0, ...failed }));
}

describe("RetryPolicy", () => {
  test("exponential doubles, or as its factor says", () => {
    assert.deepEqual(delays(exponential(100), 4), [100, 200, 400, 800]);
    assert.deepEqual(delays(exponential({ seconds: 1 }, { factor: 1.5 }), 3), [1000, 1500, 2250]);
    assert.ok(delays(exponential(1e300), 100).every((delay) => delay !== Number.POSITIVE_INFINITY));
  });

  test("fixed stays the same", () => assert.deepEqual(delays(fixed(7), 3), [7, 7, 7]));

  test("capped limits each delay", () => {
    assert.deepEqual(delays(exponential(100).capped(250), 4), [100, 200, 250, 250]);
  });

  test("upTo counts the retries of a run", () => {
    const policy = fixed(1).upTo(2);
    assert.deepEqual(delays(policy, 4), [1, 1, undefined, undefined]);
    assert.deepEqual(delays(policy, 3), [1, 1, undefined]);
    assert.deepEqual(delays(fixed(1).upTo(0), 1), [undefined]);
  });

  test("within counts the delay in", () => {
    assert.deepEqual(delays(fixed(40).within(100), 1, { elapsed: 60 }), [40]);
    assert.deepEqual(delays(fixed(40).within(100), 1, { elapsed: 61 }), [undefined]);
  });

  test("when looks at the error", () => {
    const policy = fixed(1).when((error) => error === "again");
    assert.deepEqual(delays(policy, 1, { error: "again" }), [1]);
    assert.deepEqual(delays(policy, 1, { error: "fatal" }), [undefined]);
  });

  test("followedBy goes on where the first gives up, for good", () => {
    const policy = fixed(0).upTo(2).followedBy(exponential(10).upTo(2));
    assert.deepEqual(delays(policy, 6), [0, 0, 10, 20, undefined, undefined]);
  });

  test("jittered takes away at most its fraction, and is seeded by the runtime", async () => {
    const draw = async (seed: number) => {
      await using rt = new Runtime({ flavor: "currentThread", rngSeed: seed });
      using _entered = rt.enter();
      return delays(fixed(1000).jittered(0.5), 50) as number[];
    };
    const drawn = await draw(1);
    assert.ok(drawn.every((delay) => delay > 500 && delay <= 1000));
    assert.ok(new Set(drawn).size > 40);
    assert.deepEqual(await draw(1), drawn);
    assert.notDeepEqual(await draw(2), drawn);
    assert.deepEqual(delays(fixed(10).jittered(0), 2), [10, 10]);
    assert.ok((delays(fixed(10).jittered(), 100) as number[]).some((delay) => delay < 5));
  });

  test("any composition is a value: runs do not disturb each other", () => {
    const policies = fc.letrec<{ policy: RetryPolicy }>((tie) => ({
      policy: fc.oneof(
        { depthSize: "small" },
        fc.nat(100).map((ms) => fixed(ms)),
        fc.nat(100).map((ms) => exponential(ms)),
        fc.tuple(tie("policy"), fc.nat(50)).map(([policy, max]) => policy.capped(max)),
        fc.tuple(tie("policy"), fc.nat(4)).map(([policy, n]) => policy.upTo(n)),
        fc.tuple(tie("policy"), tie("policy")).map(([a, b]) => a.followedBy(b)),
      ),
    })).policy;
    fc.assert(
      fc.property(policies, (policy) => {
        const alone = delays(policy, 8);
        const [a, b] = [policy.begin(), policy.begin()];
        const failed = { attempt: 1, error: undefined, elapsed: 0 };
        for (const expected of alone) assert.deepEqual([a(failed), b(failed)], [expected, expected]);
      }),
    );
  });

  test("refuses bad input", () => {
    const bad: [() => unknown, string][] = [
      [() => new RetryPolicy(1 as never), "begin"],
      [() => exponential(-1), "initial"],
      [() => exponential(1, { factor: 0.5 }), "options.factor"],
      [() => exponential(1, { factor: Number.NaN }), "options.factor"],
      [() => fixed("1" as never), "delay"],
      [() => fixed(1).capped(Number.NaN), "max"],
      [() => fixed(1).upTo(-1), "retries"],
      [() => fixed(1).upTo(1.5), "retries"],
      [() => fixed(1).within(-1), "duration"],
      [() => fixed(1).when(true as never), "isWorthRetrying"],
      [() => fixed(1).jittered(1.1), "fraction"],
      [() => fixed(1).followedBy(undefined as never), "next"],
      [() => retry({} as never, () => ready(1)), "policy"],
    ];
    for (const [call, argument] of bad) {
      const error = assertErr(call);
      assert.ok(error instanceof InvalidArgumentError, String(error));
      assert.equal(error.argument, argument);
    }
    assert.ok(assertErr(() => retry(fixed(1), ready(1) as never)) instanceof MisuseError);
  });
});

describe("retry", () => {
  /** Fails so many times; notes when it was called, and with what. */
  function flaky(failures: number) {
    const start = Instant.now();
    const calls: [number, number][] = [];
    const attempt = fn(function* attempt(number: number) {
      calls.push([number, Math.round(start.elapsed())]);
      yield* sleep(1);
      if (calls.length <= failures) throw new Error(`failure ${calls.length}`);
      return "ok";
    });
    return { calls, attempt };
  }

  test(
    "is lazy, numbers the attempts, and waits as the policy says",
    toki(function* () {
      const { calls, attempt } = flaky(3);
      const retrying = retry(exponential(100), attempt);
      assert.equal(calls.length, 0);
      assert.equal(yield* retrying, "ok");
      assert.deepEqual(calls, [
        [1, 0],
        [2, 101],
        [3, 302],
        [4, 703],
      ]);
    }, virtual),
  );

  test(
    "upTo(n) makes n + 1 attempts, then throws the last error itself",
    toki(function* () {
      const { calls, attempt } = flaky(100);
      try {
        yield* retry(fixed(10).upTo(2), attempt);
        assert.fail("it cannot succeed");
      } catch (error) {
        assert.equal((error as Error).message, "failure 3");
      }
      assert.equal(calls.length, 3);
    }, virtual),
  );

  test(
    "a delay of 0 lets others run",
    toki(function* () {
      const { calls, attempt } = flaky(2);
      const instant = Instant.now();
      yield* retry(fixed(0), attempt);
      assert.deepEqual([calls.length, instant.elapsed()], [3, 3]);
      let turns = 0;
      const other = spawn(function* () {
        for (;;) {
          turns++;
          yield* sleep(0);
        }
      });
      let left = 1000;
      yield* retry(fixed(0), () => {
        if (left-- > 0) throw new Error("at once");
        return sleep(0);
      });
      assert.ok(turns > 0);
      other.abort();
    }, virtual),
  );

  test(
    "takes a function* body, and a function that throws before it has a future",
    toki(function* () {
      let calls = 0;
      const value = yield* retry(fixed(1), function* (number) {
        calls++;
        yield* sleep(1);
        if (number === 1) throw new Error("once");
        return number;
      });
      assert.deepEqual([value, calls], [2, 2]);
    }, virtual),
  );

  test(
    "mistakes in the program are not tried again",
    toki(function* () {
      let calls = 0;
      for (const mistake of [() => Promise.resolve() as never, () => sleep(-1)]) {
        calls = 0;
        try {
          yield* retry(fixed(1), () => {
            calls++;
            return mistake();
          });
          assert.fail("it is a mistake");
        } catch (error) {
          assert.ok(error instanceof MisuseError || error instanceof InvalidArgumentError);
        }
        assert.equal(calls, 1);
      }
    }, virtual),
  );

  test(
    "onRetry hears of each wait",
    toki(function* () {
      const heard: [number, string, number, number][] = [];
      const { attempt } = flaky(2);
      yield* retry(exponential(10), attempt, {
        onRetry: ({ attempt, error, elapsed }, delay) =>
          heard.push([attempt, (error as Error).message, Math.round(elapsed), delay]),
      });
      assert.deepEqual(heard, [
        [1, "failure 1", 1, 10],
        [2, "failure 2", 12, 20],
      ]);
    }, virtual),
  );

  test(
    "a policy that gives nonsense is reported",
    toki(function* () {
      const { attempt } = flaky(1);
      try {
        yield* retry(new RetryPolicy(() => () => Number.NaN), attempt);
        assert.fail("NaN is no delay");
      } catch (error) {
        assert.match((error as Error).message, /the policy must give milliseconds/);
      }
    }, virtual),
  );

  test(
    "cancelled in an attempt, its cleanup is awaited and no other attempt is made",
    toki(function* () {
      const log: string[] = [];
      const task = spawn(
        retry(fixed(1), function* () {
          log.push("begin");
          try {
            yield* sleep(1000);
          } finally {
            yield* sleep(10);
            log.push("end");
          }
        }),
      );
      yield* sleep(5);
      task.abort();
      yield* sleep(5000);
      assert.deepEqual(log, ["begin", "end"]);
    }, virtual),
  );

  test(
    "a timeout around it ends the wait between attempts",
    toki(function* () {
      const { calls, attempt } = flaky(100);
      try {
        yield* timeout(500, retry(fixed(300), attempt));
        assert.fail("it cannot succeed");
      } catch (error) {
        assert.equal((error as { code?: string }).code, "TOKI_ELAPSED");
      }
      yield* sleep(10_000);
      assert.equal(calls.length, 2);
    }, virtual),
  );
});
