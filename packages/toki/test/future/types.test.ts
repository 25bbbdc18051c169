import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Context,
  Future,
  fn,
  type IntoFuture,
  type JoinHandle,
  join,
  main,
  type Output,
  Pending,
  type Poll,
  pending,
  pin,
  pollFn,
  Runtime,
  ready,
  type Suspend,
  select,
  sleep,
  spawn,
  timeout,
  tryJoin,
  yieldNow,
} from "toki";
import { assertReady, assertReadyErr, type Spawn, testBlockOn, testTask, test as tokiTest } from "toki/test";

/*
 * The compiler is the test: what is inferred is compared with what it should be, and each `@ts-expect-error` is an error unless the next line is one.
 * The bodies of `compiles` never run.
 */

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `expectType<Expected>()(value)` compiles when the type of `value` is exactly `Expected`. */
function expectType<Expected>() {
  return <Found>(_value: Found, ..._mismatch: Equal<Found, Expected> extends true ? [] : [never]): void => {};
}

function compiles(name: string, _body: () => void): void {
  test(name, () => {
    assert.ok(true, "it compiled");
  });
}

interface User {
  id: number;
  name: string;
}

const fetchUser = fn(function* fetchUser(id: number) {
  yield* sleep(200);
  return { id, name: "alice" } as User;
});

describe("inference through yield*", () => {
  compiles("an fn's result is what its body returns", () => {
    expectType<Future<User>>()(fetchUser(1));
    expectType<Future<number>>()(
      fn(function* () {
        return 5 as number;
      })(),
    );
    expectType<Future<void>>()(fn(function* () {})());
    expectType<Future<string | undefined>>()(
      fn(function* (fails: boolean) {
        yield* yieldNow();
        if (fails) return undefined;
        return "text" as string;
      })(true),
    );
    expectType<Future<never>>()(
      fn(function* (): Generator<Suspend, never, unknown> {
        yield* yieldNow();
        throw new Error("always");
      })(),
    );
  });

  compiles("an await has the type of the future's value", () => {
    fn(function* () {
      expectType<User>()(yield* fetchUser(1));
      expectType<void>()(yield* sleep(1));
      expectType<never>()(yield* pending());
      const { id, name } = yield* fetchUser(1);
      expectType<number>()(id);
      expectType<string>()(name);
    });
  });

  compiles("it goes through any number of calls", () => {
    const one = fn(function* one() {
      return (yield* fetchUser(1)).name;
    });
    const two = fn(function* two() {
      const name = yield* one();
      return [name, name.length] as const;
    });
    const three = fn(function* three() {
      return yield* two();
    });
    expectType<Future<readonly [string, number]>>()(three());
  });

  compiles("parameters and `this` are kept", () => {
    class Client {
      requests = 0;
      call = fn(function* call(this: Client, id: number, ...tags: string[]) {
        this.requests++;
        return { id, tags };
      });
    }
    const client = new Client();
    expectType<Future<{ id: number; tags: string[] }>>()(client.call(1, "a", "b"));
    // @ts-expect-error the id is a number
    client.call("1");
    // @ts-expect-error the id is missing
    fetchUser();
    // @ts-expect-error one argument too many
    fetchUser(1, 2);
    const { call } = client;
    // @ts-expect-error `this` has to be a Client
    call(1);
    const optional = fn(function* (a: number, b?: string) {
      return [a, b] as const;
    });
    expectType<Future<readonly [number, string | undefined]>>()(optional(1));
  });

  compiles("generics are kept", () => {
    const identity = fn(function* identity<T>(value: T) {
      yield* yieldNow();
      return value;
    });
    expectType<Future<string>>()(identity("x" as string));
    expectType<Future<User>>()(identity({ id: 1, name: "alice" } as User));
  });

  compiles("recursion needs the return type, as everywhere in TypeScript", () => {
    const count = fn(function* (n: number): Generator<Suspend, number, unknown> {
      return n === 0 ? 0 : 1 + (yield* count(n - 1));
    });
    expectType<Future<number>>()(count(3));
  });

  compiles("bodies that are passed inline", () => {
    const body = function* () {
      return (yield* fetchUser(1)).id;
    };
    expectType<JoinHandle<number>>()(spawn(body));
    expectType<Promise<number>>()(main(body));
    expectType<Promise<number>>()(new Runtime().run(body));
    expectType<number>()(new Runtime().blockOn(body));
    expectType<Future<number>>()(Future.from(body));
    expectType<Future<number>>()(Future.from(body()));
    expectType<Future<number>>()(pin(body));
    fn(function* () {
      expectType<number>()(yield* timeout(1, body));
      expectType<number>()(yield* spawn(body));
    });
  });

  compiles("a task's handle is a promise too", () => {
    void (async () => {
      expectType<User>()(await spawn(fetchUser(1)));
    });
  });

  compiles("join and tryJoin give tuples", () => {
    expectType<Future<[User, string, void]>>()(
      join(fetchUser(1), ready("x" as string), function* () {
        yield* sleep(1);
      }),
    );
    expectType<Future<[number, string]>>()(tryJoin(ready(1 as number), ready("x" as string)));
    expectType<Future<[]>>()(join());
    expectType<Future<number[]>>()(join(...[1, 2].map((n) => ready(n))));
  });

  compiles("select gives a union that the key decides", () => {
    fn(function* () {
      const winner = yield* select({
        user: fetchUser(1),
        timeout: sleep(5),
        off: undefined as Future<boolean> | undefined,
      });
      expectType<"user" | "timeout" | "off">()(winner.key);
      if (winner.key === "user") expectType<User>()(winner.value);
      if (winner.key === "timeout") expectType<void>()(winner.value);
      if (winner.key === "off") expectType<boolean>()(winner.value);
      const other = yield* select({ user: fetchUser(1) }, { else: () => 42 as number });
      if (other.key === "else") expectType<number>()(other.value);
      else expectType<User>()(other.value);
    });
  });

  compiles("poll functions and hand-written futures", () => {
    class Delayed<T> extends Future<T> {
      poll(_cx: Context): Poll<T> {
        return Pending;
      }
    }
    expectType<number | Pending>()(new Delayed<number>().poll(undefined as never));
    expectType<Future<string>>()(pollFn((): Poll<string> => Pending));
    fn(function* () {
      expectType<string>()(yield* new Delayed<string>());
    });
    expectType<string>()(undefined as never as Output<Delayed<string>>);
    expectType<User>()(undefined as never as Output<ReturnType<typeof fetchUser>>);
  });

  compiles("the test harness", () => {
    const task = testTask(fetchUser(1));
    expectType<Spawn<User>>()(task);
    expectType<User | Pending>()(task.poll());
    expectType<User>()(assertReady(task.poll()));
    expectType<void | Pending>()(task.cancel());
    expectType<Future<User>>()(task.intoInner());
    expectType<boolean>()(task.enter((cx) => cx.waker !== undefined));
    expectType<unknown>()(assertReadyErr(() => task.poll()));
    expectType<User>()(testBlockOn(fetchUser(1)));
    const run = tokiTest(function* (t: { name: string }) {
      expectType<string>()(t.name);
      yield* sleep(1);
    });
    expectType<Promise<void>>()(run({ name: "x" }));
    // @ts-expect-error the body wants a context
    run();
    void tokiTest("named", function* () {})();
  });
});

describe("what does not compile", () => {
  compiles("yield without the star", () => {
    // @ts-expect-error a future is awaited with yield*
    fn(function* () {
      yield sleep(1);
    });
    // @ts-expect-error so is one in a spawned body
    spawn(function* () {
      yield fetchUser(1);
    });
  });

  compiles("a promise in place of a future", () => {
    // @ts-expect-error a promise cannot be yielded
    fn(function* () {
      yield Promise.resolve(1);
    });
    // @ts-expect-error nor spawned
    spawn(Promise.resolve(1));
    // @ts-expect-error nor joined
    join(Promise.resolve(1));
    // @ts-expect-error nor raced
    select({ a: Promise.resolve(1) });
    // @ts-expect-error nor limited
    timeout(1, Promise.resolve(1));
    const body = function* () {
      // @ts-expect-error nor awaited
      yield* Promise.resolve(1);
    };
    assert.ok(body);
  });

  compiles("await of a future, and a future where its value is wanted", () => {
    const wantsUser = (user: User) => user;
    // @ts-expect-error the await is missing
    wantsUser(fetchUser(1));
    void (async () => {
      // An `await` gives the future itself back: it is no promise.
      expectType<Future<User>>()(await fetchUser(1));
    });
  });

  compiles("functions that are no generators", () => {
    // @ts-expect-error an fn is made of a function*
    fn(() => 1);
    // @ts-expect-error not of an async function
    fn(async () => 1);
    // @ts-expect-error not of an async generator
    fn(async function* () {});
    // @ts-expect-error a function that returns a future has to be called
    const source: IntoFuture<User> = () => fetchUser(1);
    assert.ok(source);
  });

  compiles("other generators in place of a body", () => {
    function* numbers() {
      yield 1;
      yield 2;
    }
    // @ts-expect-error a generator of numbers awaits nothing
    spawn(numbers);
    fn(
      // @ts-expect-error and cannot be delegated to
      function* () {
        yield* numbers();
      },
    );
  });

  compiles("a wrong value type", () => {
    const task: JoinHandle<User> = spawn(fetchUser(1));
    // @ts-expect-error the task gives a user
    const wrong: JoinHandle<string> = spawn(fetchUser(1));
    assert.ok([task, wrong]);
  });
});
