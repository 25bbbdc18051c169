import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, test } from "node:test";
import { type Context, Future, Pending, type Poll, Runtime, ready, sleep, spawn, yieldNow } from "toki";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";

/** Ready through a promise reaction, as plain async code would be. */
class AfterMicrotask extends Future<void> {
  private state = 0;

  poll(cx: Context): Poll<void> {
    if (this.state === 2) return undefined;
    if (this.state === 0) {
      this.state = 1;
      const { waker } = cx;
      void Promise.resolve().then(() => {
        this.state = 2;
        waker.wake();
      });
    }
    return Pending;
  }
}

/** Each gives a task that is runnable until `stop()`, or until it has taken `limit` steps: then the loop never had its turn. */
const BUSY: Record<string, (stop: () => boolean, limit: number) => () => Generator<never, number>> = {
  "that yields all the time": (stop, limit) =>
    function* () {
      let steps = 0;
      while (!stop() && steps < limit) {
        steps++;
        yield* yieldNow();
      }
      return steps;
    } as never,
  "whose wakes come from promise reactions": (stop, limit) =>
    function* () {
      let steps = 0;
      while (!stop() && steps < limit) {
        steps++;
        yield* new AfterMicrotask();
      }
      return steps;
    } as never,
  "that spawns and joins all the time": (stop, limit) =>
    function* () {
      let steps = 0;
      while (!stop() && steps < limit) {
        steps++;
        yield* spawn(ready(1));
      }
      return steps;
    } as never,
  "that runs into its budget all the time": (stop, limit) =>
    function* () {
      let steps = 0;
      while (!stop() && steps < limit) {
        steps++;
        yield* sleep(0);
      }
      return steps;
    } as never,
};

const LIMIT = 300_000;

for (const flavor of flavors) {
  describe(`the event loop beside a task that is always runnable [${flavor.name}]`, () => {
    for (const [kind, body] of Object.entries(BUSY)) {
      test(`callbacks get their turn beside one ${kind}`, async () => {
        const rt = new Runtime(flavor.options);
        let turns = 0;
        const count = () => {
          if (++turns < 20) setImmediate(count);
        };
        setImmediate(count);
        const steps = await rt.run(body(() => turns >= 20, LIMIT));
        assert(turns >= 20, `the loop had ${turns} turns in ${steps} steps`);
      });

      test(`a host timer fires beside one ${kind}`, async () => {
        const rt = new Runtime(flavor.options);
        let fired = false;
        setTimeout(() => (fired = true), 1);
        await rt.run(body(() => fired, 10 * LIMIT));
        assert(fired);
      });

      test(`a timer of a task fires beside one ${kind}`, async () => {
        const rt = new Runtime({ ...flavor.options, startPaused: false });
        let fired = false;
        const steps = await rt.run(function* () {
          spawn(function* () {
            yield* sleep(1);
            fired = true;
          });
          return yield* spawn(body(() => fired, 10 * LIMIT));
        });
        assert(fired, `the timer did not fire in ${steps} steps`);
      });
    }

    test("a socket is served beside a task that yields all the time", async () => {
      const rt = new Runtime(flavor.options);
      const server = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      assert(address !== null && typeof address === "object");
      const socket = connect(address.port, "127.0.0.1");
      let echoed = "";
      socket.on("data", (chunk) => (echoed += chunk));
      socket.write("through a busy loop");
      const done = () => echoed === "through a busy loop";
      await rt.run((BUSY["that yields all the time"] as (typeof BUSY)[string])(done, 100 * LIMIT));
      assert(done());
      socket.destroy();
      server.close();
    });

    test("with an explicit eventInterval the loop gets a turn each time", async () => {
      const rt = new Runtime({ ...flavor.options, eventInterval: 4 });
      let turns = 0;
      let stopped = false;
      const count = () => {
        turns++;
        if (!stopped) setImmediate(count);
      };
      setImmediate(count);
      let polls = 0;
      await rt.run(function* () {
        for (; polls < 400; polls++) yield* yieldNow();
      });
      stopped = true;
      assert(turns >= 90 && turns <= 110, `${turns} turns in 400 polls`);
    });
  });

  describe(`tasks beside a busy event loop [${flavor.name}]`, () => {
    test("a flood of wakes from callbacks does not keep other tasks and timers from running", async () => {
      const rt = new Runtime({ ...flavor.options, startPaused: false });
      let stopped = false;
      let floods = 0;
      const gate = new Gate();
      const flood = () => {
        floods++;
        gate.wake();
        if (!stopped) setImmediate(flood);
      };
      await rt.run(function* () {
        spawn(gate);
        yield* yieldNow();
        flood();
        let steps = 0;
        const other = spawn(function* () {
          while (steps < 1000) {
            steps++;
            yield* yieldNow();
          }
        });
        yield* sleep(2);
        yield* other;
      });
      stopped = true;
      rt.shutdownBackground();
      assert(floods > 0);
    });

    test("a flood of wakes from promise reactions does not either", async () => {
      const rt = new Runtime({ ...flavor.options, startPaused: false });
      let stopped = false;
      const gate = new Gate();
      const flood = async () => {
        while (!stopped) {
          for (let i = 0; i < 1000; i++) {
            await undefined;
            gate.wake();
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      let flooding: Promise<void> | undefined;
      await rt.run(function* () {
        spawn(gate);
        yield* yieldNow();
        flooding = flood();
        let steps = 0;
        const other = spawn(function* () {
          for (; steps < 1000; steps++) yield* yieldNow();
        });
        yield* sleep(2);
        yield* other;
        // The flood had no turn yet if the machine gave this thread none meanwhile.
        while (gate.polls < 2) yield* yieldNow();
      });
      stopped = true;
      await flooding;
      rt.shutdownBackground();
    });
  });
}
