/*
 * AsyncLocalStorage, used for the first time in a process at the moment the argument names. Prints what each place sees, as JSON.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Context,
  Future,
  fn,
  fromPromise,
  JoinSet,
  main,
  Pending,
  type Poll,
  pending,
  Runtime,
  scope,
  select,
  sleep,
  spawn,
  taskLocal,
  timeout,
  type Waker,
  yieldNow,
} from "toki";

const storage = new AsyncLocalStorage<string>();
const seen: Record<string, unknown> = {};
const note = (place: string) => {
  seen[place] = storage.getStore() ?? null;
};

/** Ready once somebody opens it from wherever they are. */
class Door extends Future<void> {
  isOpen = false;
  waker: Waker | undefined;

  poll(cx: Context): Poll<void> {
    if (this.isOpen) return undefined;
    this.waker = cx.waker;
    return Pending;
  }

  open(): void {
    this.isOpen = true;
    this.waker?.wake();
  }
}

const look = fn(function* look(place: string) {
  note(`${place} before`);
  yield* yieldNow();
  note(`${place} after yield`);
  yield* sleep(2);
  note(`${place} after sleep`);
});

const cases: Record<string, () => Promise<void>> = {
  async "run before the runtime exists"() {
    await storage.run("outer", async () => {
      await main(function* () {
        note("body");
        yield* sleep(1);
        note("body after sleep");
        yield* spawn(look("task"));
      });
    });
  },

  async "run before spawn, inside main"() {
    await main(function* () {
      yield* yieldNow();
      const inside = storage.run("inside", () => spawn(look("inside")));
      const outside = spawn(look("outside"));
      yield* inside;
      yield* outside;
      note("body");
    });
  },

  async "run in a task that has been running"() {
    await main(function* () {
      const earlier = spawn(look("earlier"));
      yield* yieldNow();
      storage.run("late", () => spawn(look("late")));
      yield* earlier;
      yield* sleep(5);
      note("body");
    });
  },

  async "enterWith in a task"() {
    await main(function* () {
      const other = spawn(look("other"));
      const entered = spawn(function* () {
        yield* yieldNow();
        storage.enterWith("entered");
        note("entered before");
        yield* yieldNow();
        note("entered after yield");
        yield* sleep(2);
        note("entered after sleep");
        yield* spawn(look("its child"));
      });
      yield* other;
      yield* entered;
      yield* sleep(1);
      note("body");
    });
  },

  async "each task its own"() {
    await main(function* () {
      const handles = ["a", "b", "c"].map((name) => storage.run(name, () => spawn(look(name))));
      for (const handle of handles) yield* handle;
      note("body");
    });
  },

  async "a join that runs the task in place"() {
    storage.run("warm", () => {});
    await main(function* () {
      const inside = storage.run("inside", () =>
        spawn(function* () {
          note("inside");
        }),
      );
      yield* inside;
      note("body");
    });
  },

  async "woken from another context"() {
    const door = new Door();
    await main(function* () {
      const waiting = storage.run("waiter", () =>
        spawn(function* () {
          yield* door;
          note("waiter after wake");
        }),
      );
      yield* yieldNow();
      storage.run("waker", () => setTimeout(() => door.open(), 1));
      yield* waiting;
      note("body");
    });
  },

  async "a runtime driven from two contexts"() {
    const rt = new Runtime();
    storage.run("first", () => rt.spawn(look("first")));
    await storage.run("second", () =>
      rt.run(function* () {
        yield* look("second");
        yield* sleep(5);
        note("second at the end");
      }),
    );
    note("outside");
    await rt.shutdown();
  },

  async "cleanup, combinators, scopes, sets, promises"() {
    const key = taskLocal<string>();
    await main(
      function* () {
        const body = fn(function* body() {
          yield* scope(function* (s) {
            yield* s.spawn(look("scope child"));
            note("scope body");
          });
          const set = new JoinSet<void>();
          set.spawn(look("set"));
          yield* set.joinAll();
          yield* select({ a: look("branch") });
          yield* timeout(1000, look("timeout"));
          yield* key.scope("local", look("task-local"));
          yield* fromPromise(async () => {
            note("promise");
            await null;
            note("promise after await");
          });
          note("after promise");
          try {
            yield* pending();
          } finally {
            note("cleanup");
            yield* sleep(1);
            note("cleanup after sleep");
          }
        });
        const task = storage.run("followed", () => spawn(body()));
        yield* sleep(100);
        storage.run("aborter", () => task.abort());
        yield* sleep(10);
        note("body");
      },
      { startPaused: true },
    );
  },

  async "nothing used"() {
    await main(function* () {
      yield* spawn(look("task"));
    });
  },
};

await cases[process.argv[2] as string]?.();
console.log(JSON.stringify(seen));
