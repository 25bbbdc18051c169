/* watch, OnceCell and SetOnce under many schedules. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, select, sleep, spawn, yieldNow } from "toki";
import type { WatchReceiver } from "toki/sync";
import { type ExploreTools, explore } from "toki/test";
import { implementations } from "../sync/implementations.js";
import { abortSome, RUNS, settle } from "./support.js";

for (const { name, module } of implementations) {
  const { OnceCell, SetOnce, watch } = module;

  describe(`${name} under many schedules`, () => {
    test("watch: each receiver sees rising values, and the last one before the end, whoever is aborted", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const [tx, rx] = watch(0);
        const follow = fn(function* follow(own: WatchReceiver<number>) {
          let last = 0;
          for (;;) {
            try {
              yield* own.changed();
            } catch (error) {
              assert.equal((error as Error).name, "WatchRecvError");
              return last;
            }
            const value = own.borrowAndUpdate();
            assert.equal(value > last, true, `${value} after ${last}`);
            last = value;
          }
        });
        const followers = [spawn(follow(rx.clone())), spawn(follow(rx.clone())), spawn(follow(rx))];
        const sender = spawn(function* () {
          using _ = tx;
          for (let i = 1; i <= 3; i++) {
            tx.send(i);
            yield* yieldNow();
          }
        });
        yield* abortSome(followers, choose);
        yield* sender;
        const finished = yield* settle(followers);
        for (const [i, follower] of followers.entries()) if (finished[i]) assert.equal(yield* follower, 3);
      }, RUNS);
    });

    test("watch: a change is not lost to a changed() that loses a select", async () => {
      await explore(function* () {
        const [tx, rx] = watch(0);
        const sender = spawn(function* () {
          yield* sleep(1);
          tx.send(1);
          yield* sleep(1);
          tx.send(2);
        });
        let value = 0;
        while (value < 2) {
          const { key } = yield* select({ changed: rx.changed(), tick: sleep(1) });
          if (key === "changed") value = rx.borrowAndUpdate();
        }
        yield* sender;
        assert.equal(rx.hasChanged(), false);
      }, RUNS);
    });

    test("watch: waitFor finds the value that it waits for, also if another comes right after", async () => {
      await explore(function* () {
        const [tx, rx] = watch(0);
        const waiters = [1, 2].map((least) =>
          spawn(
            fn(function* wait() {
              using own = rx.clone();
              const value = yield* own.waitFor((value) => value >= least);
              assert.equal(value >= least, true);
            })(),
          ),
        );
        const sender = spawn(function* () {
          tx.send(1);
          yield* yieldNow();
          tx.sendModify((ref) => {
            ref.value++;
          });
        });
        for (const waiter of waiters) yield* waiter;
        yield* sender;
      }, RUNS);
    });

    test("watch: closed() waits for the last receiver", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const [tx, rx] = watch(0);
        const receivers = [rx, rx.clone()];
        let left = receivers.length;
        const watchers = [0, 1].map(() =>
          spawn(
            fn(function* wait() {
              yield* tx.closed();
              assert.equal(left, 0);
            })(),
          ),
        );
        const leavers = receivers.map((receiver) =>
          spawn(
            fn(function* leave() {
              for (let i = choose(2); i > 0; i--) yield* yieldNow();
              left--;
              receiver[Symbol.dispose]();
            })(),
          ),
        );
        for (const leaver of leavers) yield* leaver;
        for (const watcher of watchers) yield* watcher;
      }, RUNS);
    });

    test("OnceCell: one initializer at a time, one value for all, whoever is aborted or fails", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const cell = new OnceCell<number>();
        let running = 0;
        let made = 0;
        const failing = choose(4);
        const init = fn(function* init(id: number) {
          assert.equal(++running, 1);
          try {
            yield* yieldNow();
            if (id === failing) throw new Error("planned");
            made++;
            return made;
          } finally {
            try {
              yield* yieldNow();
            } finally {
              running--;
            }
          }
        });
        const get = fn(function* get(id: number) {
          try {
            assert.equal(yield* cell.getOrInit(init(id)), made);
          } catch (error) {
            assert.equal((error as Error).message, "planned");
          }
        });
        const tasks = [0, 1, 2].map((id) => spawn(get(id)));
        yield* abortSome(tasks, choose);
        yield* settle(tasks);
        assert.equal(running, 0);
        // One that was aborted as it had just made the value may have taken it along; then it is made again, by the next.
        assert.equal(made <= 2, true);
        const value = yield* cell.getOrInit(init(9));
        assert.equal(cell.get(), value);
      }, RUNS);
    });

    test("OnceCell: set() beside initializers", async () => {
      await explore(function* () {
        const cell = new OnceCell<string>();
        const values = new Set<string | undefined>();
        const get = fn(function* get() {
          const value = yield* cell.getOrInit(function* () {
            yield* yieldNow();
            return "made";
          });
          values.add(value);
        });
        const set = fn(function* set() {
          try {
            cell.set("set");
            values.add("set");
          } catch (error) {
            assert.equal((error as { value?: string }).value, "set");
          }
        });
        const tasks = [spawn(get()), spawn(set()), spawn(get()), spawn(set())];
        for (const task of tasks) yield* task;
        assert.deepEqual([...values], [cell.get()]);
      }, RUNS);
    });

    test("SetOnce: the first value goes to all who wait, before or after", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const cell = new SetOnce<number>();
        const wait = fn(function* wait() {
          return yield* cell.wait();
        });
        const waiters = [spawn(wait()), spawn(wait()), spawn(wait())];
        let winner: number | undefined;
        const set = fn(function* set(value: number) {
          try {
            cell.set(value);
            winner = value;
          } catch (error) {
            assert.equal((error as { value?: number }).value, value);
          }
        });
        const setters = [spawn(set(1)), spawn(set(2))];
        yield* abortSome(waiters, choose);
        for (const setter of setters) yield* setter;
        const finished = yield* settle(waiters);
        assert.equal(cell.get(), winner);
        for (const [i, waiter] of waiters.entries()) if (finished[i]) assert.equal(yield* waiter, winner);
      }, RUNS);
    });
  });
}
