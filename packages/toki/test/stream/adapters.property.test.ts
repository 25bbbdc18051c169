/*
 * Adapters against arrays: a finite stream with pending polls and error items at random, a random chain of adapters on it, and a `next()` that is dropped
 * at random. What comes out must be what the chain makes of an array of the same items and errors.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { consumeBudget, Future, Pending, type Poll, Runtime } from "toki";
import { fromIter, type Stream, StreamMap } from "toki/stream";
import { testTask } from "toki/test";
import { busy } from "../support/gate.js";
import fc from "../support/property.js";
import { Script, type Step } from "./support.js";

/** An item, or an error by its message. */
type Outcome = number | string;

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 1, arbitrary: fc.constantFrom("e1", "e2") },
);

interface Source {
  readonly outcomes: Outcome[];
  readonly steps: Step<number>[];
}

/** Outcomes with pending polls in between, one before the end perhaps. */
const source: fc.Arbitrary<Source> = fc
  .tuple(fc.array(fc.tuple(outcome, fc.nat({ max: 2 })), { maxLength: 12 }), fc.nat({ max: 1 }))
  .map(([pairs, last]) => {
    const steps: Step<number>[] = [];
    for (const [value, pendings] of pairs) {
      for (let i = 0; i < pendings; i++) steps.push("pending");
      steps.push(typeof value === "number" ? { item: value } : { error: new Error(value) });
    }
    if (last > 0) steps.push("pending");
    return { outcomes: pairs.map(([value]) => value), steps };
  });

/** One adapter, and what it makes of an array. */
interface Link {
  readonly name: string;
  readonly apply: (s: Stream<number>) => Stream<number>;
  readonly model: (outcomes: Outcome[]) => Outcome[];
}

const values = (f: (n: number) => Outcome | undefined) => (outcomes: Outcome[]) =>
  outcomes.map((o) => (typeof o === "number" ? f(o) : o)).filter((o) => o !== undefined);

/** Up to the first value for which `isLast` is true. */
const until = (isLast: (n: number) => boolean) => (outcomes: Outcome[]) => {
  const end = outcomes.findIndex((o) => typeof o === "number" && isLast(o));
  return end < 0 ? outcomes : outcomes.slice(0, end);
};

const throwing = (n: number) => {
  if (n === 7) throw new Error("seven");
  return n;
};

const small = fc.nat({ max: 9 });

const link: fc.Arbitrary<Link> = fc.oneof(
  fc.constant<Link>({ name: "map", apply: (s) => s.map((n) => (n + 1) % 10), model: values((n) => (n + 1) % 10) }),
  fc.constant<Link>({
    name: "map that throws",
    apply: (s) => s.map(throwing),
    model: values((n) => (n === 7 ? "seven" : n)),
  }),
  small.map<Link>((m) => ({
    name: `filter ${m}`,
    apply: (s) => s.filter((n) => n !== m),
    model: values((n) => (n === m ? undefined : n)),
  })),
  small.map<Link>((m) => ({
    name: `filterMap ${m}`,
    apply: (s) => s.filterMap((n) => (n < m ? n : undefined)),
    model: values((n) => (n < m ? n : undefined)),
  })),
  small.map<Link>((m) => ({
    name: `takeWhile ${m}`,
    apply: (s) => s.takeWhile((n) => n !== m),
    model: until((n) => n === m),
  })),
  small.map<Link>((m) => ({
    name: `mapWhile ${m}`,
    apply: (s) => s.mapWhile((n) => (n === m ? undefined : n)),
    model: until((n) => n === m),
  })),
  small.map<Link>((m) => ({ name: `take ${m}`, apply: (s) => s.take(m), model: (o) => o.slice(0, m) })),
  small.map<Link>((m) => ({
    name: `skip ${m}`,
    apply: (s) => s.skip(m),
    model: (o) => o.filter((x, i) => i >= m || typeof x === "string"),
  })),
  small.map<Link>((m) => ({
    name: `skipWhile ${m}`,
    apply: (s) => s.skipWhile((n) => n !== m),
    model: (o) => {
      const first = o.indexOf(m);
      return o.filter((x, i) => typeof x === "string" || (first >= 0 && i >= first));
    },
  })),
  fc.constant<Link>({ name: "fuse", apply: (s) => s.fuse(), model: (o) => o }),
  fc.constant<Link>({ name: "peekable", apply: (s) => s.peekable(), model: (o) => o }),
  fc.constant<Link>({ name: "byRef", apply: (s) => s.byRef(), model: (o) => o }),
  fc.constant<Link>({ name: "throttle", apply: (s) => s.throttle(0), model: (o) => o }),
  fc.constant<Link>({
    name: "results",
    apply: (s) =>
      s.results().map((r) => {
        if (r.ok) return r.value;
        throw r.error;
      }),
    model: (o) => o,
  }),
  fc.array(fc.nat({ max: 2 }), { maxLength: 6 }).map<Link>((delays) => {
    let i = 0;
    return {
      name: "mapAsync",
      apply: (s) =>
        s.mapAsync(function* (n) {
          yield* busy(delays[i++ % (delays.length || 1)] ?? 0);
          return n;
        }),
      model: (o) => o,
    };
  }),
  fc.tuple(fc.integer({ min: 1, max: 40 }), fc.array(fc.nat({ max: 3 }), { maxLength: 6 })).map<Link>(([n, delays]) => {
    let i = 0;
    return {
      name: `buffered ${n}`,
      apply: (s) =>
        s
          .map((value) => {
            const delay = delays[i++ % (delays.length || 1)] ?? 0;
            return Future.from(function* () {
              yield* busy(delay);
              return throwing(value);
            });
          })
          .buffered(n),
      model: values((value) => (value === 7 ? "seven" : value)),
    };
  }),
  fc.array(small, { maxLength: 4 }).map<Link>((more) => ({
    name: `chain ${more}`,
    apply: (s) => s.chain(fromIter(more)),
    model: (o) => [...o, ...more],
  })),
);

/** Takes everything out, dropping a wait where `drops` says so. */
function drain(s: Stream<number>, drops: readonly boolean[], rt: Runtime): Outcome[] {
  const got: Outcome[] = [];
  let polls = 0;
  const limit = 2000;
  for (;;) {
    const task = testTask(s.next(), { runtime: rt });
    for (;;) {
      assert.ok(++polls < limit, "no end");
      let poll: Poll<number | undefined>;
      try {
        poll = task.poll();
      } catch (error) {
        got.push((error as Error).message);
        break;
      }
      if (poll === undefined) return got;
      if (poll !== Pending) {
        got.push(poll as number);
        break;
      }
      assert.ok(task.isWoken, "pending, and nobody will wake it");
      if (drops[polls % drops.length] === true) {
        if (polls % 2 === 0) task[Symbol.dispose]();
        else assert.notEqual(task.cancel(), Pending);
        break;
      }
    }
  }
}

describe("adapters against arrays", () => {
  const rt = new Runtime({ startPaused: true });

  it("any chain, with pending polls, error items and dropped waits", () => {
    fc.assert(
      fc.property(
        source,
        fc.array(link, { maxLength: 4 }),
        fc.array(fc.boolean(), { minLength: 1 }),
        (from, links, drops) => {
          const script = new Script(from.steps);
          let s: Stream<number> = script;
          let expected = from.outcomes;
          for (const { apply, model } of links) {
            s = apply(s);
            expected = model(expected);
          }
          assert.deepEqual(drain(s, drops, rt), expected, links.map(({ name }) => name).join(" | "));
          const owned = links.every(({ name }) => name !== "byRef");
          testTask(s.cancel(), { runtime: rt }).poll();
          if (owned) assert.ok(script.isDropped);
        },
      ),
      { numRuns: 600 },
    );
  });

  it("collect: all, or the first error", () => {
    fc.assert(
      fc.property(source, fc.array(link, { maxLength: 3 }), (from, links) => {
        let s: Stream<number> = new Script(from.steps);
        let expected = from.outcomes;
        for (const { apply, model } of links) {
          s = apply(s);
          expected = model(expected);
        }
        const error = expected.find((o) => typeof o === "string");
        const task = testTask(s.collect(), { runtime: rt });
        if (error === undefined) assert.deepEqual(task.pollUntilIdle(), expected);
        else assert.throws(() => task.pollUntilIdle(), { message: error });
      }),
      { numRuns: 300 },
    );
  });

  it("forEach and fold see what next() gives, up to the first error, and take no more", () => {
    fc.assert(
      fc.property(
        source,
        fc.array(link, { maxLength: 3 }),
        fc.array(fc.nat({ max: 2 }), { minLength: 1 }),
        fc.boolean(),
        (from, links, delays, isFold) => {
          const script = new Script(from.steps);
          let s: Stream<number> = script;
          let expected = from.outcomes;
          for (const { apply, model } of links) {
            s = apply(s);
            expected = model(expected);
          }
          const end = expected.findIndex((o) => typeof o === "string");
          const got: number[] = [];
          const body = (n: number) => {
            got.push(n);
            const delay = delays[got.length % delays.length] as number;
            return delay === 0 ? undefined : busy(delay);
          };
          const task = testTask<unknown>(
            isFold
              ? s.fold(got, (all, n) => {
                  all.push(n);
                  return all;
                })
              : s.forEach(body),
            { runtime: rt },
          );
          if (end < 0) assert.notEqual(task.pollUntilIdle(), Pending);
          else assert.throws(() => task.pollUntilIdle(), { message: expected[end] as string });
          assert.deepEqual(got, end < 0 ? expected : expected.slice(0, end));
          if (links.every(({ name }) => name !== "byRef")) assert.ok(script.isDropped);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("an array of any length, whatever the budget: each item once, others run in between", () => {
    fc.assert(
      fc.property(fc.nat({ max: 600 }), fc.nat({ max: 130 }), fc.boolean(), (length, used, throws) => {
        const items = Array.from({ length }, (_, i) => i);
        const got: number[] = [];
        const task = testTask(
          Future.from(function* () {
            for (let i = 0; i < used; i++) yield* consumeBudget();
            yield* fromIter(items)
              .map((n) => n)
              .filter((n) => n % 3 !== 0)
              .forEach((n) => {
                if (throws && n === 400) throw new Error("400");
                got.push(n);
              });
            return got.length;
          }),
        );
        const fails = throws && length > 400;
        if (fails) assert.throws(() => task.pollUntilIdle(), { message: "400" });
        else assert.notEqual(task.pollUntilIdle(), Pending);
        const all = items.filter((n) => n % 3 !== 0);
        assert.deepEqual(got, fails ? all.slice(0, all.indexOf(400)) : all);
      }),
      { numRuns: 100 },
    );
  });

  it("bufferUnordered: the same outcomes, in any order, never more than n at a time", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(small, fc.nat({ max: 4 })), { maxLength: 50 }),
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.boolean(), { minLength: 1 }),
        (items, n, drops) => {
          let running = 0;
          const s = fromIter(items)
            .map(([value, delay]) =>
              Future.from(function* () {
                assert.ok(++running <= n);
                try {
                  yield* busy(delay);
                  return throwing(value);
                } finally {
                  running--;
                }
              }),
            )
            .bufferUnordered(n);
          const expected = items.map(([value]) => (value === 7 ? "seven" : value));
          assert.deepEqual(drain(s, drops, rt).toSorted(), expected.toSorted());
        },
      ),
      { numRuns: 300 },
    );
  });

  it("merge: each side in its order, nothing lost", () => {
    fc.assert(
      fc.property(source, source, fc.array(fc.boolean(), { minLength: 1 }), (a, b, drops) => {
        const tag = (s: Script<number>, by: number) => s.results().map((r) => (r.ok ? r.value + by : by + 50));
        const got = drain(tag(new Script(a.steps), 0).merge(tag(new Script(b.steps), 100)), drops, rt) as number[];
        const plain = (outcomes: Outcome[]) => outcomes.map((o) => (typeof o === "number" ? o : 50));
        assert.deepEqual(
          got.filter((n) => n < 100),
          plain(a.outcomes),
        );
        assert.deepEqual(
          got.filter((n) => n >= 100).map((n) => n - 100),
          plain(b.outcomes),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("chunksTimeout: joined, the batches are the items; none is empty or too long; error items keep their place", () => {
    fc.assert(
      fc.property(
        source,
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.boolean(), { minLength: 1 }),
        (from, size, drops) => {
          const got: Outcome[] = [];
          const batches = new Script(from.steps).chunksTimeout(size, 10).map((batch) => {
            assert.ok(batch.length > 0 && batch.length <= size);
            got.push(...batch);
            return 0;
          });
          const watched = batches.results().map((r) => {
            if (!r.ok) got.push((r.error as Error).message);
            return 0;
          });
          drain(watched, drops, rt);
          assert.deepEqual(got, from.outcomes);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("peek and next in any order: every item once", () => {
    fc.assert(
      fc.property(source, fc.array(fc.constantFrom("peek", "next", "drop"), { minLength: 1 }), (from, actions) => {
        const s = new Script(from.steps).peekable();
        const got: Outcome[] = [];
        let peeked: Outcome | "end" | undefined;
        for (let i = 0, ends = 0; ends === 0; i++) {
          const action = i > 500 ? "next" : (actions[i % actions.length] as string);
          const task = testTask(action === "peek" ? s.peek() : s.next(), { runtime: rt });
          let found: Outcome | "end";
          try {
            const poll = action === "drop" && i <= 500 ? Pending : task.pollUntilIdle();
            if (poll === Pending) {
              task[Symbol.dispose]();
              continue;
            }
            found = poll === undefined ? "end" : poll;
          } catch (error) {
            found = (error as Error).message;
          }
          if (peeked !== undefined) assert.equal(found, peeked);
          peeked = action === "peek" ? found : undefined;
          if (action !== "peek" && found === "end") ends++;
          else if (action !== "peek") got.push(found);
          if (i <= 500 && !actions.includes("next") && i > 50) break;
        }
        if (actions.includes("next")) assert.deepEqual(got, from.outcomes);
      }),
      { numRuns: 200 },
    );
  });

  it("StreamMap: the items of each key in order, nothing lost, whatever is dropped", () => {
    fc.assert(
      fc.property(
        fc.array(source, { maxLength: 5 }),
        fc.array(fc.boolean(), { minLength: 1 }),
        fc.boolean(),
        (sources, drops, many) => {
          const map = new StreamMap<number, number>();
          for (const [key, { steps }] of sources.entries()) {
            map.insert(
              key,
              new Script(steps).results().map((r) => (r.ok ? r.value : 50)),
            );
          }
          const got = sources.map((): number[] => []);
          const flat = many
            ? map
            : map.map((pair) => {
                got[pair[0]]!.push(pair[1]);
                return 0;
              });
          if (many) {
            for (;;) {
              const task = testTask(map.nextMany(3), { runtime: rt });
              const batch = task.pollUntilIdle();
              if (batch === Pending) assert.fail("pending, and nobody will wake it");
              if (batch.length === 0) break;
              for (const [key, n] of batch) got[key]!.push(n);
            }
          } else drain(flat as Stream<number>, drops, rt);
          assert.deepEqual(
            got,
            sources.map(({ outcomes }) => outcomes.map((o) => (typeof o === "number" ? o : 50))),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
