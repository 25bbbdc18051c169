/* Channels under many schedules: order is kept, nothing is lost or doubled, whoever is aborted at whatever moment. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, select, sleep, spawn, yieldNow } from "toki";
import type { mpsc as channels } from "toki/sync";
import { type ExploreTools, explore } from "toki/test";
import { implementations } from "../sync/implementations.js";
import { abortSome, RUNS, settle } from "./support.js";

type Sender<T> = channels.Sender<T>;
type UnboundedSender<T> = channels.UnboundedSender<T>;

for (const { name, module } of implementations) {
  const { mpsc, oneshot } = module;

  describe(`${name} under many schedules`, () => {
    test("mpsc: what was sent is received once, each sender's messages in order", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const [tx, rx] = mpsc.channel<number>(1 + choose(2));
        const sent: number[] = [];
        const senders = [1, 2, 3].map(() => tx.clone());
        const produce = fn(function* produce(sender: Sender<number>, id: number) {
          using _ = sender;
          for (let i = 0; i < 3; i++) {
            const message = id * 10 + i;
            yield* sender.send(message);
            sent.push(message);
          }
        });
        const tasks = senders.map((sender, i) => spawn(produce(sender, i + 1)));
        tx[Symbol.dispose]();
        const received: number[] = [];
        const consumer = spawn(function* () {
          for (;;) {
            const message = yield* rx.recv();
            if (message === undefined) return;
            received.push(message);
          }
        });
        yield* abortSome(tasks, choose);
        yield* settle(tasks);
        for (const sender of senders) sender[Symbol.dispose](); // that of a task that never began
        yield* consumer;
        for (const id of [1, 2, 3]) {
          const all = received.filter((message) => Math.floor(message / 10) === id);
          assert.deepEqual(
            all,
            [0, 1, 2].slice(0, all.length).map((i) => id * 10 + i),
          );
        }
        // A send that is aborted has sent nothing, or had got through: then it is the one message more.
        for (const message of sent) assert.equal(received.includes(message), true);
        assert.equal(received.length - sent.length <= 1, true);
      }, RUNS);
    });

    test("mpsc: a recv that loses a select takes no message", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const [tx, rx] = mpsc.channel<number>(1);
        const producer = spawn(function* () {
          using sender = tx;
          for (let i = 0; i < 4; i++) {
            if (choose(2) === 1) yield* sleep(1);
            yield* sender.send(i);
          }
        });
        const received: number[] = [];
        for (;;) {
          const { key, value } = yield* select({ message: rx.recv(), tick: sleep(1) });
          if (key === "tick") continue;
          if (value === undefined) break;
          received.push(value);
        }
        yield* producer;
        assert.deepEqual(received, [0, 1, 2, 3]);
      }, RUNS);
    });

    test("mpsc: permits are served in order, and one that is dropped goes to the next", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const [tx, rx] = mpsc.channel<number>(1);
        const asked: number[] = [];
        const use = fn(function* use(id: number) {
          asked.push(id);
          using permit = yield* tx.reserve();
          if (choose(3) > 0) permit.send(id);
          else asked.splice(asked.indexOf(id), 1);
        });
        const tasks = [0, 1, 2].map((id) => spawn(use(id)));
        const received: number[] = [];
        const consumer = spawn(function* () {
          for (let message = yield* rx.recv(); message !== undefined; message = yield* rx.recv())
            received.push(message);
        });
        yield* abortSome(tasks, choose);
        const finished = yield* settle(tasks);
        tx[Symbol.dispose]();
        yield* consumer;
        const expected = asked.filter((id) => finished[id]);
        assert.deepEqual(
          received.filter((id) => finished[id]),
          expected,
        );
        assert.equal(rx.isEmpty, true);
      }, RUNS);
    });

    test("mpsc: close() lets what was promised through, and refuses the rest with the value", async () => {
      await explore(function* () {
        const [tx, rx] = mpsc.channel<number>(1);
        const outcomes: string[] = [];
        const produce = fn(function* produce(tx: Sender<number>, id: number) {
          using sender = tx;
          try {
            yield* sender.send(id);
            outcomes.push("sent");
          } catch (error) {
            assert.equal((error as { value?: number }).value, id);
            outcomes.push("refused");
          }
        });
        const tasks = [1, 2, 3].map((id) => spawn(produce(tx.clone(), id)));
        tx[Symbol.dispose]();
        yield* yieldNow();
        rx.close();
        let received = 0;
        while ((yield* rx.recv()) !== undefined) received++;
        for (const task of tasks) yield* task;
        assert.equal(outcomes.length, 3);
        assert.equal(outcomes.filter((outcome) => outcome === "sent").length, received);
      }, RUNS);
    });

    test("mpsc, unbounded: the last sender's end comes after its messages", async () => {
      await explore(function* () {
        const [tx, rx] = mpsc.unboundedChannel<number>();
        const produce = fn(function* produce(tx: UnboundedSender<number>, id: number) {
          using sender = tx;
          sender.send(id);
          yield* yieldNow();
          sender.send(id + 1);
        });
        const tasks = [spawn(produce(tx.clone(), 10)), spawn(produce(tx.clone(), 20))];
        tx[Symbol.dispose]();
        const received: number[] = [];
        for (let message = yield* rx.recv(); message !== undefined; message = yield* rx.recv()) received.push(message);
        for (const task of tasks) yield* task;
        assert.deepEqual(received.toSorted(), [10, 11, 20, 21]);
        assert.equal(received.indexOf(10) < received.indexOf(11), true);
        assert.equal(received.indexOf(20) < received.indexOf(21), true);
      }, RUNS);
    });

    test("oneshot: the value arrives, or the sender has it back", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const [tx, rx] = oneshot.channel<string>();
        let received: string | undefined;
        let isGone = false;
        const receiver = spawn(function* () {
          try {
            received = yield* rx;
          } finally {
            rx[Symbol.dispose]();
            isGone = true;
          }
        });
        let isSent = false;
        let kept: string | undefined;
        const sender = spawn(function* () {
          for (let i = choose(2); i > 0; i--) yield* yieldNow();
          try {
            tx.send("value");
            isSent = !isGone;
          } catch (error) {
            kept = (error as { value?: string }).value;
          }
        });
        if (choose(2) === 1) {
          yield* yieldNow();
          receiver.abort();
        }
        yield* settle([receiver]);
        yield* sender;
        if (received !== undefined) assert.deepEqual([received, kept], ["value", undefined]);
        else if (kept !== undefined) assert.deepEqual([kept, isGone], ["value", true]);
        // Nobody began to receive: it is there still. Or the receiver was dropped with the value in it.
        else if (!isGone) assert.equal(rx.tryRecv(), "value");
        else assert.equal(isSent, true);
      }, RUNS);
    });

    test("oneshot: a sender that ends without a value, and one that waits for the receiver's end", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const [tx, rx] = oneshot.channel<number>();
        const drops = choose(2) === 0;
        const watcher = spawn(function* () {
          using _ = tx;
          if (!drops) yield* tx.closed();
        });
        const receiver = spawn(function* () {
          using receiving = rx;
          if (!drops) {
            yield* yieldNow();
            return "gone";
          }
          try {
            yield* receiving;
            return "value";
          } catch (error) {
            return (error as { code: string }).code;
          }
        });
        assert.match(yield* receiver, drops ? /^TOKI_/ : /^gone$/);
        yield* watcher;
      }, RUNS);
    });
  });
}
