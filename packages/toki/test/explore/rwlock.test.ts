/* RwLock and Barrier under many schedules. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, spawn, yieldNow } from "toki";
import { type ExploreTools, explore } from "toki/test";
import { implementations } from "../sync/implementations.js";
import { abortSome, RUNS, settle } from "./support.js";

for (const { name, module } of implementations) {
  const { Barrier, RwLock } = module;

  describe(`${name} under many schedules`, () => {
    test("RwLock: a writer is alone, and nobody overtakes one or is overtaken by one, whoever is aborted", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const lock = new RwLock(0);
        const asked: number[] = [];
        const got: number[] = [];
        let readers = 0;
        let writers = 0;
        const read = fn(function* read(id: number) {
          asked.push(id);
          using _ = yield* lock.read();
          got.push(id);
          readers++;
          assert.equal(writers, 0);
          try {
            yield* yieldNow();
          } finally {
            readers--;
          }
        });
        const write = fn(function* write(id: number) {
          asked.push(id);
          using guard = yield* lock.write();
          got.push(id);
          writers++;
          assert.deepEqual([readers, writers], [0, 1]);
          try {
            yield* yieldNow();
            guard.value++;
          } finally {
            writers--;
          }
        });
        const tasks = [spawn(read(0)), spawn(write(1)), spawn(read(2)), spawn(write(3))];
        yield* abortSome(tasks, choose);
        const finished = yield* settle(tasks);
        const rank = (id: number) => got.indexOf(id);
        for (const [i, first] of asked.entries()) {
          for (const second of asked.slice(i + 1)) {
            const isExclusive = first % 2 === 1 || second % 2 === 1;
            if (isExclusive && finished[first] && finished[second]) {
              assert.equal(rank(first) < rank(second), true, `asked ${asked}, got ${got}`);
            }
          }
        }
        lock.tryWrite()[Symbol.dispose]();
      }, RUNS);
    });

    test("RwLock: a downgrade lets readers in, and no writer before them", async () => {
      await explore(function* () {
        const lock = new RwLock(0);
        let isWritten = false;
        const reader = fn(function* reader() {
          using guard = yield* lock.read();
          if (isWritten) assert.equal(guard.value, 1);
          yield* yieldNow();
        });
        const downgrader = fn(function* downgrader() {
          const guard = yield* lock.write();
          guard.value = 1;
          isWritten = true;
          yield* yieldNow();
          using read = guard.downgrade();
          yield* yieldNow();
          assert.equal(read.value, 1, "a writer came in between");
        });
        const writer = fn(function* writer() {
          using guard = yield* lock.write();
          guard.value = isWritten ? 1 : guard.value;
        });
        const tasks = [spawn(downgrader()), spawn(reader()), spawn(writer()), spawn(reader())];
        for (const task of tasks) yield* task;
        lock.tryWrite()[Symbol.dispose]();
      }, RUNS);
    });

    test("Barrier: nobody goes on before all have arrived, and each round has one leader", async () => {
      await explore(function* () {
        const barrier = new Barrier(3);
        const arrived = [0, 0];
        const leaders = [0, 0];
        const party = fn(function* party() {
          for (const round of [0, 1]) {
            arrived[round]!++;
            const { isLeader } = yield* barrier.wait();
            assert.equal(arrived[round], 3);
            if (isLeader) leaders[round]!++;
          }
        });
        const tasks = [spawn(party()), spawn(party()), spawn(party())];
        for (const task of tasks) yield* task;
        assert.deepEqual(leaders, [1, 1]);
      }, RUNS);
    });
  });
}
