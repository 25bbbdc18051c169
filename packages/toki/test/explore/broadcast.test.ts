/* broadcast under many schedules: each receiver gets all that was sent since it subscribed, in order, but for what it is told it missed. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, spawn, yieldNow } from "toki";
import type { BroadcastReceiver, BroadcastSender } from "toki/sync";
import { type ExploreTools, explore } from "toki/test";
import { implementations } from "../sync/implementations.js";
import { abortSome, RUNS, settle } from "./support.js";

/** What a receiver saw: values, and how many it missed in between. */
interface Seen {
  readonly values: number[];
  missed: number;
  isClosed: boolean;
}

const listen = fn(function* listen(rx: BroadcastReceiver<number>, seen: Seen) {
  for (;;) {
    try {
      seen.values.push(yield* rx.recv());
    } catch (error) {
      const { kind, skipped } = error as { kind?: string; skipped?: number };
      if (kind === "lagged") seen.missed += skipped as number;
      else if (kind === "closed") {
        seen.isClosed = true;
        return;
      } else throw error;
    }
  }
});

const nothing = (): Seen => ({ values: [], missed: 0, isClosed: false });

/** Two senders' messages, 10 and 20 and so on, in each sender's order. */
function assertInOrder(values: readonly number[]): void {
  for (const sender of [1, 2]) {
    const own = values.filter((value) => Math.floor(value / 10) === sender);
    assert.deepEqual(own, own.toSorted());
    assert.equal(new Set(own).size, own.length, "received twice");
  }
}

for (const { name, module } of implementations) {
  const { broadcast } = module;

  describe(`broadcast of ${name} under many schedules`, () => {
    test("each receiver accounts for every value, in one order for all, whoever is aborted", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const [tx, rx] = broadcast<number>(2);
        const other = tx.subscribe();
        const seen = [nothing(), nothing()];
        const receivers = [spawn(listen(rx, seen[0]!)), spawn(listen(other, seen[1]!))];
        let sent = 0;
        const send = fn(function* send(sender: BroadcastSender<number>, id: number) {
          using _ = sender;
          for (let i = 0; i < 3; i++) {
            // Without receivers a send fails, with the value.
            try {
              sender.send(id * 10 + i);
              sent++;
            } catch (error) {
              assert.equal((error as { value?: number }).value, id * 10 + i);
            }
            yield* yieldNow();
          }
        });
        const senders = [spawn(send(tx.clone(), 1)), spawn(send(tx, 2))];
        yield* abortSome(receivers, choose);
        yield* settle(senders);
        const finished = yield* settle(receivers);
        for (const [i, { values, missed, isClosed }] of seen.entries()) {
          assertInOrder(values);
          if (!finished[i]) continue;
          assert.equal(isClosed, true);
          assert.equal(values.length + missed, sent);
        }
        const [a, b] = seen.map(({ values }) => values) as [number[], number[]];
        assert.deepEqual(
          a.filter((value) => b.includes(value)),
          b.filter((value) => a.includes(value)),
        );
      }, RUNS);
    });

    test("who subscribes gets all that is sent from then on", async () => {
      await explore(function* () {
        const [tx, rx] = broadcast<number>(8);
        let sent = 0;
        const sender = spawn(function* () {
          using _ = tx;
          for (; sent < 4; sent++) {
            tx.send(sent);
            yield* yieldNow();
          }
        });
        const late = fn(function* late() {
          yield* yieldNow();
          const from = sent;
          const own = rx.resubscribe();
          const isDone = own.isClosed;
          const seen = nothing();
          yield* listen(own, seen);
          if (!isDone) assert.equal(seen.values.length <= 4 - from + 1, true);
          assert.equal(seen.missed, 0);
          assert.deepEqual(seen.values, [0, 1, 2, 3].slice(4 - seen.values.length));
        });
        const tasks = [spawn(late()), spawn(late())];
        for (const task of tasks) yield* task;
        yield* sender;
        const all = nothing();
        yield* listen(rx, all);
        assert.deepEqual(all.values, [0, 1, 2, 3]);
      }, RUNS);
    });

    test("closed() waits for the last receiver", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const [tx, rx] = broadcast<number>(2);
        const receivers = [rx, tx.subscribe()];
        let left = receivers.length;
        const watcher = spawn(function* () {
          yield* tx.closed();
          assert.equal(left, 0);
        });
        const tasks = receivers.map((receiver) =>
          spawn(
            fn(function* leave() {
              for (let i = choose(2); i > 0; i--) yield* yieldNow();
              left--;
              receiver[Symbol.dispose]();
            })(),
          ),
        );
        for (const task of tasks) yield* task;
        yield* watcher;
        tx[Symbol.dispose]();
      }, RUNS);
    });
  });
}
