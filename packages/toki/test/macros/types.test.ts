/* What the compiler has to infer, and what it has to refuse: checked by the build; the tests only keep the values honest. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  branch,
  type Future,
  fn,
  type Instant,
  type Interval,
  type JoinHandle,
  join,
  ready,
  type Sleep,
  select,
  type Timeout,
  timeout,
  tryJoin,
} from "toki";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._: Equal<A, B> extends true ? [] : [never]): void => {};

type Outcome<F> = F extends Future<infer T> ? T : never;

const user = fn(function* user(id: number) {
  return { id, name: "alice" };
});
declare const handle: JoinHandle<"joined">;
declare const nap: Sleep;
declare const every: Interval;

function shapes() {
  const joined = join(user(1), ready(2), function* () {
    return "three" as const;
  });
  same<Outcome<typeof joined>, [{ id: number; name: string }, number, "three"]>();

  const tried = tryJoin(handle, nap);
  same<Outcome<typeof tried>, ["joined", void]>();

  const list: Future<number>[] = [];
  const many = join(...list);
  same<Outcome<typeof many>, number[]>();

  const none = join();
  same<Outcome<typeof none>, []>();

  const timed = timeout(5, user(1));
  same<typeof timed, Timeout<{ id: number; name: string }>>();

  const raced = select({ user: user(1), tick: every.tick(), off: undefined as Sleep | undefined | false });
  type Raced = Outcome<typeof raced>;
  same<Raced["key"], "user" | "tick" | "off">();

  const orElse = select({ a: ready(1) }, { else: () => "none" });
  same<Outcome<typeof orElse>["key"], "a" | "else">();

  const biased = select.biased({ a: ready(1), b: ready("x") });
  same<Outcome<typeof biased>["key"], "a" | "b">();

  // @ts-expect-error a promise is no branch
  select({ a: Promise.resolve(1) });
  // @ts-expect-error nor is a plain function
  select({ a: () => 1 });
  // @ts-expect-error a promise cannot be joined
  join(ready(1), Promise.resolve(2));
  // @ts-expect-error `when` gets the branch's own type
  branch(ready(1), { when: (value: string) => value === "" });

  return { raced, orElse, biased };
}

function* values() {
  const winner = yield* select({ user: user(1), handle, conditional: branch(ready(4), { when: (n) => n > 3 }) });
  switch (winner.key) {
    case "user":
      return winner.value;
    case "handle":
      return winner.value;
    case "conditional":
      return winner.value;
  }
}

describe("types", () => {
  test("hold", () => {
    assert.equal(typeof shapes, "function");
    assert.equal(typeof values, "function");
  });
});

/* The values of a select, key by key. */
type Values<R> = { [K in (R & { key: string })["key"]]: Extract<R, { key: K }> extends { value: infer V } ? V : never };
type RacedValues = Values<Outcome<ReturnType<typeof shapes>["raced"]>>;
type ElseValues = Values<Outcome<ReturnType<typeof shapes>["orElse"]>>;
type BiasedValues = Values<Outcome<ReturnType<typeof shapes>["biased"]>>;
same<RacedValues, { user: { id: number; name: string }; tick: Instant; off: void }>();
same<ElseValues, { a: number; else: string }>();
same<BiasedValues, { a: number; b: string }>();
type Returned = ReturnType<typeof values> extends Generator<infer _, infer R, infer _> ? R : never;
same<Returned, { id: number; name: string } | "joined" | number>();
