import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Context,
  consumeBudget,
  cooperative,
  Future,
  hasBudgetRemaining,
  type JoinHandle,
  join,
  Pending,
  type Poll,
  pollFn,
  Runtime,
  ready,
  sleep,
  spawn,
  unconstrained,
  type Waker,
  yieldNow,
} from "toki";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import fc from "../support/property.js";

/** Wakes its own task each time it is polled, and is never ready: runnable for ever, without yielding. */
class Spinner extends Future<never> {
  readonly onPoll: () => void;

  constructor(onPoll: () => void) {
    super();
    this.onPoll = onPoll;
  }

  poll(cx: Context): Poll<never> {
    this.onPoll();
    cx.waker.wake();
    return Pending;
  }
}

/** Runnable until the condition holds, in turn with every other runnable task. */
const until = (condition: () => boolean) =>
  pollFn<void>((cx) => {
    if (condition()) return undefined;
    cx.waker.wake();
    return Pending;
  });

function* joinAll(handles: readonly JoinHandle<unknown>[]) {
  for (const handle of handles) yield* handle;
}

describe("order without a LIFO slot", () => {
  test("tasks run in the order they were spawned", async () => {
    const rt = new Runtime();
    const order: number[] = [];
    await rt.run(function* () {
      const handles = Array.from({ length: 5 }, (_, i) =>
        spawn(function* () {
          order.push(i);
        }),
      );
      yield* joinAll(handles);
    });
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
  });

  test("also from outside, and across many more than fit a queue at first", async () => {
    const rt = new Runtime();
    const order: number[] = [];
    for (let i = 0; i < 1000; i++) {
      rt.spawn(function* () {
        order.push(i);
      });
    }
    await rt.run(yieldNow());
    assert.deepEqual(
      order,
      Array.from({ length: 1000 }, (_, i) => i),
    );
  });

  test("tasks run in the order they were woken", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(
          Array.from({ length: 20 }, (_, i) => i),
          { minLength: 1 },
        ),
        async (wakes) => {
          const rt = new Runtime();
          const order: number[] = [];
          const gates = Array.from({ length: 20 }, () => new Gate());
          await rt.run(function* () {
            for (const [i, gate] of gates.entries()) {
              spawn(function* () {
                yield* gate;
                order.push(i);
              });
            }
            yield* yieldNow();
            for (const i of wakes) gates[i]?.open();
            yield* yieldNow();
          });
          assert.deepEqual(order, wakes);
          rt.shutdownBackground();
        },
      ),
      { numRuns: 50 },
    );
  });

  test("several wakes before the poll are one, and a wake after the end is none", async () => {
    const rt = new Runtime();
    let waker: Waker | undefined;
    let polls = 0;
    const value = await rt.run(function* () {
      const task = spawn(
        pollFn<string>((cx) => {
          polls++;
          waker = cx.waker;
          return polls === 3 ? "done" : Pending;
        }),
      );
      yield* yieldNow();
      assert.equal(polls, 1);
      for (let i = 0; i < 5; i++) waker?.wake();
      yield* yieldNow();
      assert.equal(polls, 2);
      waker?.wake();
      return yield* task;
    });
    assert.equal(value, "done");
    waker?.wake();
    await rt.run(yieldNow());
    assert.equal(polls, 3);
  });

  test("a wake during the poll leads to another poll", async () => {
    const rt = new Runtime();
    let polls = 0;
    await rt.run(
      pollFn<void>((cx) => {
        if (++polls === 2) return undefined;
        cx.waker.wake();
        return Pending;
      }),
    );
    assert.equal(polls, 2);
  });
});

describe("order with a LIFO slot", () => {
  test("spawning 0 to 4 from a task runs 4, 0, 1, 2, 3", async () => {
    const rt = new Runtime({ lifoSlot: true });
    const order: number[] = [];
    await rt.run(function* () {
      // Not joined: its end would wake this body, and that would take the slot.
      spawn(function* () {
        for (let i = 0; i < 5; i++) {
          spawn(function* () {
            order.push(i);
          });
        }
      });
      yield* yieldNow();
    });
    assert.deepEqual(order, [4, 0, 1, 2, 3]);
  });

  test("two tasks that wake each other run at most three times in a row before others get a turn", async () => {
    const rt = new Runtime({ lifoSlot: true });
    const log: string[] = [];
    await rt.run(function* () {
      const wakers: (Waker | undefined)[] = [undefined, undefined];
      let rounds = 0;
      const ping = (self: 0 | 1) =>
        pollFn<void>((cx) => {
          log.push("ping");
          wakers[self] = cx.waker;
          wakers[1 - self]?.wake();
          return rounds++ > 60 ? undefined : Pending;
        });
      spawn(
        new Spinner(() => {
          log.push("other");
          if (rounds > 60) throw new Error("enough");
        }),
      );
      const pair = [spawn(ping(0)), spawn(ping(1))];
      for (const handle of pair) {
        while (!handle.isFinished() && rounds <= 60) yield* yieldNow();
      }
    });
    const streaks = log
      .join(" ")
      .split("other")
      .map((part) => part.trim().split(" ").filter(Boolean).length);
    assert(streaks.length > 10, "the other task had its turns");
    // The first of a streak may come from the queue itself, the others from the slot.
    assert(Math.max(...streaks.slice(1)) <= 4, `streaks of ${streaks}`);
  });
});

for (const flavor of flavors) {
  describe(`wakes from outside [${flavor.name}]`, () => {
    for (const interval of [1, 5, 31]) {
      test(`run within ${interval} polls (globalQueueInterval), however busy the local queue is`, async () => {
        const rt = new Runtime({ ...flavor.options, globalQueueInterval: interval, eventInterval: 10 });
        let polls = 0;
        const waits: number[] = [];
        const stop = new Gate();
        const running = rt.run(function* () {
          // From a task, so that they are in the local queue.
          for (let i = 0; i < 50; i++) spawn(new Spinner(() => polls++));
          yield* stop;
        });
        for (let i = 0; i < 20; i++) {
          await new Promise((resolve) => setImmediate(resolve));
          const before = polls;
          rt.spawn(function* () {
            waits.push(polls - before);
          });
          while (waits.length <= i) await new Promise((resolve) => setImmediate(resolve));
        }
        stop.open();
        await running;
        rt.shutdownBackground();
        assert(Math.max(...waits) <= interval, `waited for ${waits} polls`);
      });
    }
  });

  describe(`cooperative budget [${flavor.name}]`, () => {
    test("is 128 operations a poll: then the task is put behind the others", async () => {
      const rt = new Runtime(flavor.options);
      const counts: number[] = [];
      await rt.run(function* () {
        let operations = 0;
        const consumer = spawn(function* () {
          for (; operations < 400; operations++) yield* consumeBudget();
        });
        const observer = spawn(new Spinner(() => counts.push(operations)));
        yield* consumer;
        observer.abort();
      });
      assert.deepEqual(
        [...new Set(counts)].filter((n) => n > 0 && n < 400),
        [128, 256, 384],
      );
    });

    test("counts each kind of operation: sleeps that are over, handles that are finished, wrapped futures", async () => {
      const rt = new Runtime(flavor.options);
      const operations: Record<string, () => Future<unknown>> = {
        "sleep(0)": () => sleep(0),
        "cooperative(ready())": () => cooperative(ready(1)),
        "consumeBudget()": () => consumeBudget(),
      };
      await rt.run(function* () {
        const finished = spawn(ready(1));
        yield* finished;
        operations["handle"] = () => finished;
        for (const [name, make] of Object.entries(operations)) {
          let done = 0;
          const task = spawn(function* () {
            yield* yieldNow(); // from the queue, with a budget of its own: out of the LIFO slot it would share its waker's
            for (; done < 129; done++) yield* make();
          });
          yield* until(() => done > 0);
          assert.equal(done, 128, name);
          yield* task;
        }
      });
    });

    test("an operation that ends up pending takes none", async () => {
      const rt = new Runtime(flavor.options);
      const gate = new Gate();
      await rt.run(function* () {
        let left: boolean | undefined;
        yield* spawn(
          pollFn<void>((cx) => {
            for (let i = 0; i < 1000; i++) assert.equal(cooperative(gate).poll(cx), Pending);
            left = hasBudgetRemaining();
            return undefined;
          }),
        );
        assert.equal(left, true);
      });
    });

    test("is full again at the next poll, and shared by the futures of one task", async () => {
      const rt = new Runtime(flavor.options);
      await rt.run(function* () {
        const seen: boolean[] = [];
        yield* spawn(function* () {
          for (let i = 0; i < 100; i++) yield* consumeBudget();
          yield* join(
            function* () {
              for (let i = 0; i < 28; i++) yield* consumeBudget();
            },
            function* () {
              seen.push(hasBudgetRemaining());
            },
          );
          yield* yieldNow();
          seen.push(hasBudgetRemaining());
        });
        assert.deepEqual(seen, [false, true]);
      });
    });

    test("unconstrained() lifts it for the future inside alone", async () => {
      const rt = new Runtime(flavor.options);
      await rt.run(function* () {
        let inside = 0;
        let polls = 0;
        yield* spawn(function* () {
          yield* unconstrained(
            pollFn<void>((cx) => {
              polls++;
              for (; inside < 1000; inside++) if (consumeBudget().poll(cx) === Pending) return Pending;
              return undefined;
            }),
          );
        });
        assert.deepEqual([inside, polls], [1000, 1]);
      });
    });

    test("hasBudgetRemaining() is true outside a task", () => {
      assert.equal(hasBudgetRemaining(), true);
    });

    test("a forced yield counts once, however many operations of the poll find the budget gone", async () => {
      const rt = new Runtime(flavor.options);
      await rt.run(function* () {
        yield* spawn(function* () {
          for (let i = 0; i < 128; i++) yield* consumeBudget();
          yield* join(consumeBudget(), consumeBudget(), consumeBudget());
        });
        assert.equal(rt.metrics().budgetForcedYieldCount, 1);
      });
    });

    test("a JoinHandle that finds it gone counts as a forced yield too", async () => {
      const rt = new Runtime(flavor.options);
      await rt.run(function* () {
        const finished = spawn(ready(1));
        yield* finished;
        yield* spawn(function* () {
          for (let i = 0; i < 128; i++) yield* consumeBudget();
          yield* finished;
        });
        assert.equal(rt.metrics().budgetForcedYieldCount, 1);
      });
    });
  });
}

describe("yieldNow()", () => {
  for (const flavor of flavors) {
    test(`every ready task runs before the one that yielded goes on [${flavor.name}]`, async () => {
      const rt = new Runtime(flavor.options);
      await rt.run(function* () {
        const ran = new Set<number>();
        const gates = Array.from({ length: 30 }, () => new Gate());
        for (const [i, gate] of gates.entries()) {
          spawn(function* () {
            yield* gate;
            ran.add(i);
          });
        }
        yield* yieldNow();
        for (const gate of gates) gate.open();
        yield* yieldNow();
        assert.equal(ran.size, 30);
      });
    });

    test(`no yielder gets ahead of another by more than a round [${flavor.name}]`, async () => {
      const rt = new Runtime(flavor.options);
      await rt.run(function* () {
        const steps = [0, 0, 0];
        const handles = steps.map((_, i) =>
          spawn(function* () {
            for (; (steps[i] as number) < 50; (steps[i] as number)++) {
              assert((steps[i] as number) - Math.min(...steps) <= 1, `${steps}`);
              yield* yieldNow();
            }
          }),
        );
        yield* joinAll(handles);
      });
    });

    if (flavor.canPause)
      test(`is pending exactly once, and does not move a paused clock [${flavor.name}]`, async () => {
        const rt = new Runtime({ ...flavor.options, startPaused: true });
        await rt.run(function* () {
          let fired = false;
          spawn(function* () {
            yield* sleep(1);
            fired = true;
          });
          for (let i = 0; i < 200; i++) yield* yieldNow();
          assert.equal(fired, false);
          let polls = 0;
          const inner = yieldNow();
          yield* pollFn<void>((cx) => {
            polls++;
            return inner.poll(cx);
          });
          assert.equal(polls, 2);
        });
        rt.shutdownBackground();
      });

    test(`inside a join it lets the other branches run and comes back [${flavor.name}]`, async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      await rt.run(
        join(
          function* () {
            log.push("a1");
            yield* yieldNow();
            log.push("a2");
          },
          function* () {
            log.push("b1");
            yield* yieldNow();
            log.push("b2");
          },
        ),
      );
      assert.deepEqual(log.slice(0, 2), ["a1", "b1"]);
      assert.deepEqual(log.slice(2).sort(), ["a2", "b2"]);
    });
  }
});
