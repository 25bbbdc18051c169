import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { describe, it } from "node:test";
import { MessageChannel } from "node:worker_threads";
import {
  type Context,
  Future,
  fn,
  fromPromise,
  join,
  Pending,
  type Poll,
  Runtime,
  spawn,
  type Waker,
  yieldNow,
} from "toki";
import { test, testTask } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import fc from "../support/property.js";
import { settle, turn } from "../task/support.js";

/** A way for code outside of Toki to call back later. */
const SOURCES: Record<string, (callback: () => void) => void> = {
  queueMicrotask: (callback) => queueMicrotask(callback),
  "a promise reaction": (callback) => void Promise.resolve().then(callback),
  "a promise reaction, ten deep": (callback) => {
    let chain = Promise.resolve();
    for (let i = 0; i < 10; i++) chain = chain.then(() => {});
    void chain.then(callback);
  },
  "process.nextTick": (callback) => process.nextTick(callback),
  setImmediate: (callback) => void setImmediate(callback),
  setTimeout: (callback) => void setTimeout(callback, 1),
  "an event emitter": (callback) => {
    const emitter = new EventEmitter();
    emitter.once("done", callback);
    setImmediate(() => emitter.emit("done"));
  },
  "a message port": (callback) => {
    const { port1, port2 } = new MessageChannel();
    port1.once("message", () => {
      port1.close();
      callback();
    });
    port2.postMessage(0);
  },
  "a rejected promise": (callback) => {
    Promise.reject(new Error("expected")).catch(callback);
  },
  "right away, during the poll": (callback) => callback(),
};

/** Ready once a source has called back. */
class Callback extends Future<string> {
  readonly #start: (callback: () => void) => void;
  #state: "idle" | "waiting" | "called" = "idle";
  #waker: Waker | undefined;

  constructor(start: (callback: () => void) => void) {
    super();
    this.#start = start;
  }

  poll(cx: Context): Poll<string> {
    this.#waker = cx.waker;
    if (this.#state === "idle") {
      this.#state = "waiting";
      this.#start(() => {
        this.#state = "called";
        this.#waker?.wake();
      });
    }
    return (this.#state as string) === "called" ? "called" : Pending;
  }
}

for (const { name, options } of flavors) {
  describe(`wakes from anywhere [${name}]`, () => {
    for (const [source, start] of Object.entries(SOURCES)) {
      it(
        `from ${source}`,
        test(function* () {
          assert.equal(yield* new Callback(start), "called");
          const many = yield* join(...Array.from({ length: 50 }, () => spawn(new Callback(start))));
          assert.equal(many.length, 50);
        }, options),
      );
    }

    it("from all of them at once, a thousand times over", async () => {
      await using rt = new Runtime(options);
      const starts = Object.values(SOURCES);
      const worker = fn(function* worker(n: number) {
        for (let i = 0; i < 10; i++) yield* new Callback(starts[(n + i) % starts.length] as (typeof starts)[0]);
        return n;
      });
      const sum = await rt.run(function* () {
        const handles = Array.from({ length: 100 }, (_, n) => spawn(worker(n)));
        let sum = 0;
        for (const handle of handles) sum += yield* handle;
        return sum;
      });
      assert.equal(sum, 4950);
    });

    it("several wakes before the poll are one poll, wakes after the end none", async () => {
      await using rt = new Runtime(options);
      const gate = new Gate();
      const handle = rt.spawn(gate);
      await rt.run(settle());
      assert.equal(gate.polls, 1);
      let waker!: Waker;
      const probe = rt.spawn(
        new (class Probe extends Future<void> {
          polls = 0;
          poll(cx: Context): Poll<void> {
            waker = cx.waker;
            return ++this.polls === 2 ? undefined : Pending;
          }
        })(),
      );
      await rt.run(settle());
      for (let i = 0; i < 5; i++) waker.wake();
      await rt.run(settle());
      assert(probe.isFinished());
      for (let i = 0; i < 5; i++) waker.wake();
      await rt.run(settle());
      gate.open();
      await handle;
      assert.equal(gate.polls, 2);
    });

    it("a wake while nothing drives the runtime is kept until something does", async () => {
      await using rt = new Runtime(options);
      const gate = new Gate<string>();
      const handle = rt.spawn(gate);
      await rt.run(settle());
      queueMicrotask(() => gate.open("kept"));
      await turn();
      assert(!handle.isFinished());
      assert.equal(await handle, "kept");
    });

    it("a wake of a task of another runtime, from inside a task", async () => {
      await using one = new Runtime(options);
      await using two = new Runtime(options);
      const gate = new Gate<string>();
      const waiting = one.run(function* () {
        return yield* gate;
      });
      await turn();
      await two.run(function* () {
        yield* yieldNow();
        gate.open("from the other");
        yield* yieldNow();
      });
      assert.equal(await waiting, "from the other");
    });

    it("plain async code and tasks hand a value to and fro", async () => {
      await using rt = new Runtime(options);
      const there: Gate<number>[] = [];
      const back: ((n: number) => void)[] = [];
      const outside = (async () => {
        for (let i = 0; i < 200; i++) {
          const value = await new Promise<number>((resolve) => {
            back.push(resolve);
            there[i]?.open(i);
          });
          assert.equal(value, i * 2);
        }
      })();
      await rt.run(function* () {
        for (let i = 0; i < 200; i++) {
          const gate = new Gate<number>();
          there[i] = gate;
          if (back.length > i) gate.open(i);
          const n = yield* gate;
          while (back.length <= i) yield* fromPromise(async () => {});
          back[i]?.(n * 2);
          if (i < 199) yield* fromPromise(async () => {});
        }
      });
      await outside;
    });
  });
}

describe("microtasks and the event loop", () => {
  it("a long storm of microtasks and a task that waits for promises both get to their end", async () => {
    await using rt = new Runtime();
    let storm = 50_000;
    const blow = () => {
      if (--storm > 0) queueMicrotask(blow);
    };
    queueMicrotask(blow);
    const rounds = await rt.run(function* () {
      let rounds = 0;
      for (; rounds < 1000; rounds++) yield* fromPromise(async () => {});
      return rounds;
    });
    assert.equal(rounds, 1000);
    while (storm > 0) await turn();
  });

  it("tasks that wait for promises that are already settled do not starve timers", async () => {
    await using rt = new Runtime();
    let fired = false;
    const timer = setTimeout(() => {
      fired = true;
    }, 1);
    const rounds = await rt.run(function* () {
      let rounds = 0;
      const start = performance.now();
      // Far beyond what a runtime that lets the loop have its turn could need.
      while (!fired && performance.now() - start < 5000) {
        yield* fromPromise(async () => {});
        rounds++;
      }
      return rounds;
    });
    clearTimeout(timer);
    assert(fired, `the timer did not fire in ${rounds} rounds`);
  });

  it("callback-heavy code: a chatty socket pair drives a thousand tasks", async () => {
    await using rt = new Runtime();
    const server: Server = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const socket = connect(port, "127.0.0.1");
    const waiting: Gate[] = [];
    let received = 0;
    socket.on("data", (chunk) => {
      for (let i = 0; i < chunk.length; i++) waiting[received++]?.open();
    });
    const done = await rt.run(function* () {
      const handles = Array.from({ length: 1000 }, (_, i) => {
        const gate = new Gate();
        waiting.push(gate);
        return spawn(function* () {
          yield* gate;
          return i;
        });
      });
      yield* settle();
      for (let i = 0; i < 1000; i++) {
        socket.write("x");
        if (i % 10 === 0) yield* yieldNow();
      }
      let done = 0;
      for (const handle of handles) {
        yield* handle;
        done++;
      }
      return done;
    });
    socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    assert.equal(done, 1000);
  });
});

it("any interleaving of wakes from microtasks, ticks and immediates: no wake is lost", async () => {
  const source = fc.constantFrom<(callback: () => void) => void>(
    (callback) => queueMicrotask(callback),
    (callback) => process.nextTick(callback),
    (callback) => void setImmediate(callback),
    (callback) => callback(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(source, { maxLength: 6 }), { minLength: 1, maxLength: 8 }), async (plans) => {
      const rt = new Runtime();
      const ends = await rt.run(function* () {
        const handles = plans.map((plan) =>
          spawn(function* () {
            for (const start of plan) yield* new Callback(start);
            return plan.length;
          }),
        );
        const ends: number[] = [];
        for (const handle of handles) ends.push(yield* handle);
        return ends;
      });
      assert.deepEqual(
        ends,
        plans.map((plan) => plan.length),
      );
      await rt.shutdown();
    }),
    { numRuns: 100 },
  );
});

it("a future polled by hand is woken from anywhere too", async () => {
  for (const start of Object.values(SOURCES)) {
    const task = testTask(new Callback(start));
    if (task.poll() === Pending) {
      while (!task.isWoken) await turn();
      assert.equal(task.poll(), "called");
    }
  }
});
