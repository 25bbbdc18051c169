/* CancellationToken under many schedules. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, select, sleep, spawn, yieldNow } from "toki";
import * as shared from "toki/shared";
import { type ExploreTools, explore } from "toki/test";
import * as util from "toki/util";
import { abortSome, RUNS, settle } from "./support.js";

const implementations = [
  { name: "toki/util", module: util },
  { name: "toki/shared", module: shared as unknown as typeof util },
];

for (const { name, module } of implementations) {
  const { CancellationToken } = module;

  describe(`CancellationToken of ${name} under many schedules`, () => {
    test("cancel() ends every wait, of the token and of its children, and nobody else's", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const root = new CancellationToken();
        const child = root.childToken();
        const grandchild = child.childToken();
        const tokens = [root, child, grandchild];
        const wait = fn(function* wait(token: util.CancellationToken) {
          yield* token.cancelled();
          assert.equal(token.isCancelled, true);
        });
        const waits = tokens.map((token) => spawn(wait(token.clone())));
        const cancelled = choose(3);
        const canceller = spawn(function* () {
          tokens[cancelled]?.cancel();
        });
        for (const task of waits.slice(cancelled)) yield* task;
        yield* canceller;
        assert.deepEqual(
          tokens.map((token) => token.isCancelled),
          [0, 1, 2].map((level) => level >= cancelled),
        );
        for (const task of waits.slice(0, cancelled)) assert.equal(task.isFinished(), false);
      }, RUNS);
    });

    test("a child made while its parent is cancelled is cancelled", async () => {
      await explore(function* () {
        const root = new CancellationToken();
        const canceller = spawn(function* () {
          yield* yieldNow();
          root.cancel();
        });
        const makers = [1, 2].map(() =>
          spawn(function* () {
            yield* yieldNow();
            const child = root.childToken();
            yield* child.cancelled();
          }),
        );
        for (const task of [canceller, ...makers]) yield* task;
      }, RUNS);
    });

    test("a waiter that is aborted takes nothing from the others", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const token = new CancellationToken();
        const waits = [1, 2, 3].map(() =>
          spawn(
            fn(function* wait() {
              yield* token.cancelled();
            })(),
          ),
        );
        yield* abortSome(waits, choose);
        token.cancel();
        const finished = yield* settle(waits);
        assert.equal(finished.filter(Boolean).length >= 2, true);
      }, RUNS);
    });

    test("runUntilCancelled gives the value or nothing, and ends what it ran", async () => {
      await explore(function* () {
        const token = new CancellationToken();
        let isRunning = false;
        const work = fn(function* work() {
          isRunning = true;
          try {
            yield* sleep(5);
            return "value";
          } finally {
            isRunning = false;
          }
        });
        const task = spawn(
          fn(function* run() {
            return yield* token.runUntilCancelled(work());
          })(),
        );
        const canceller = spawn(function* () {
          yield* sleep(5);
          token.cancel();
        });
        const value = yield* task;
        assert.equal(isRunning, false);
        assert.equal(value === "value" || (value === undefined && token.isCancelled), true);
        yield* canceller;
      }, RUNS);
    });

    test("a drop guard cancels, whatever ends its holder", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const token = new CancellationToken();
        const holder = spawn(function* () {
          using _ = token.dropGuard();
          yield* select({ a: sleep(1), b: yieldNow() });
        });
        if (choose(2) === 1) {
          yield* yieldNow();
          holder.abort();
        }
        const [finished] = yield* settle([holder]);
        if (finished) yield* token.cancelled();
      }, RUNS);
    });
  });
}
