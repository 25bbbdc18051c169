// A thread that dies at each of its operations in turn, while others use the same queue, the same sleepers, the same lists; then somebody clears up after it. In every
// schedule (bounded preemptions) the others come to an end, no task runs twice, and what is lost is what the dead had in its hands.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as arenas from "../../dist/memory/arena.js";
import type { Memory } from "../../dist/memory/memory.js";
import * as locks from "../../dist/memory/shared-lock.js";
import { Idle } from "../../dist/runtime/scheduler/multi-thread/idle.js";
import { InjectQueue } from "../../dist/runtime/scheduler/multi-thread/inject-queue.js";
import { LocalQueue, NO_TASK } from "../../dist/runtime/scheduler/multi-thread/local-queue.js";
import { check, type Model, type Options } from "../support/loom/index.js";
import { MortalMemory } from "../support/loom/mortal.js";
import { drain } from "./queue.model.js";

type OnLock = (kind: number, word: number) => unknown;
const { breakHeld, IDLE, INJECT_QUEUE, FREE_LIST } = locks as unknown as {
  breakHeld(memory: Memory, entry: number, owner: number, repair: OnLock, tell: OnLock): void;
  IDLE: number;
  INJECT_QUEUE: number;
  FREE_LIST: number;
};
const { Arena, repairFreeList } = arenas as unknown as {
  Arena: new (
    buffer: object,
    slot: number,
    memory: Memory,
  ) => { alloc(k: number): number; free(block: number, k: number): void };
  repairFreeList(memory: Memory, lock: number): void;
};

const HELD = 0;
const DEAD = 8;
/** The first thread of a model is the one that dies: as `ModelMemory.owner` counts. */
const VICTIM = 2;
const QUEUE = 16;
const OTHER = 64;
const INJECT = 112;
const LINKS = { base: 120, stride: 1 };
const SLEEPERS = 160;

/** Waits for the death, and clears up. */
function clearUp(memory: Memory, repair = repairLock, tell = tellWoken): void {
  while (memory.load(DEAD) === 0) memory.wait(DEAD, 0);
  for (let i = 7; i >= 0; i--) {
    const entry = memory.load(HELD + i);
    if (entry === 0) continue;
    breakHeld(
      memory,
      entry,
      VICTIM,
      (kind, word) => repair(memory, kind, word),
      (kind, word) => tell(memory, kind, word),
    );
    memory.store(HELD + i, 0);
  }
}

function repairLock(memory: Memory, kind: number, word: number): void {
  if (kind === INJECT_QUEUE) InjectQueue.repair(memory, word, LINKS);
  else if (kind === IDLE) Idle.recount(memory, word);
  else if (kind === FREE_LIST) repairFreeList(memory, word);
}

function tellWoken(memory: Memory, kind: number, word: number): void {
  if (kind === IDLE) Idle.notifyWoken(memory, word);
}

/** Checks a model for a death at each operation until the victim has more operations than it makes. Returns how many those are. */
function atEachMoment(options: Options, build: (model: Model, after: number) => void, most = 200): number {
  for (let after = 0; ; after++) {
    let survived = false;
    const report = check(options, (model) => {
      build(model, after);
      model.after(() => {
        survived = model.memory.load(SURVIVED) === 1;
      });
    });
    assert.ok(report.complete);
    if (survived) return after;
    assert.ok(after < most, "the victim does not come to its end");
  }
}
/** Set by a victim as its last operation. */
const SURVIVED = 9;
/** Tells a worker that sleeps that it is over. */
const STOP = 10;

describe("a thread that dies at any moment", { timeout: 120_000 }, () => {
  const queue = (clear = clearUp) =>
    atEachMoment({ words: 256, preemptions: 2 }, (model, after) => {
      InjectQueue.init(model.memory, INJECT);
      LocalQueue.init(model.memory, QUEUE);
      const inject = (memory: Memory) => new InjectQueue(memory, INJECT, LINKS);
      for (const task of [0, 1, 2]) inject(model.memory).push(task);
      model.thread("victim", (memory) =>
        MortalMemory.run(memory, after, HELD, DEAD, (memory) => {
          const own = new LocalQueue(memory, QUEUE, 4);
          inject(memory).pushBatch([10, 11]);
          inject(memory).popInto(own, 2);
          inject(memory).pop();
          inject(memory).push(12);
          memory.store(SURVIVED, 1);
        }),
      );
      model.thread("other", (memory) => {
        inject(memory).push(20);
        const taken = [inject(memory).pop()];
        inject(memory).push(21);
        return taken;
      });
      model.thread("supervisor", clear);
      model.after(([, taken]) => {
        const all: number[] = taken.filter((task: number) => task !== NO_TASK);
        drain(new LocalQueue(model.memory, QUEUE, 4), all);
        const rest = inject(model.memory);
        for (let task = rest.pop(); task !== NO_TASK; task = rest.pop()) {
          all.push(task);
          assert.ok(all.length < 20);
        }
        assert.equal(new Set(all).size, all.length, `twice: ${all}`);
        // One that it took with another into its ring, and one that it popped.
        const lost = [0, 1, 2, 20, 21].filter((task) => !all.includes(task));
        assert.ok(lost.length <= 2, `lost: ${lost}`);
      });
    });

  test("with the inject queue in its hands: the others push and pop, each task at most once, and no more is lost than it had taken", (t) => {
    t.diagnostic(`${queue()} moments`);
  });

  const sleepers = (clear: (memory: Memory) => void) =>
    atEachMoment({ words: 256, preemptions: 2 }, (model, after) => {
      Idle.init(model.memory, SLEEPERS, 3);
      const idle = (memory: Memory) => new Idle(memory, SLEEPERS, 3);
      model.thread("victim", (memory) =>
        MortalMemory.run(memory, after, HELD, DEAD, (memory) => {
          const own = idle(memory);
          const searches = own.beginSearch(0);
          own.enlist(0, searches);
          own.wakeOne();
          if (own.leave(0)) own.endSearch(0);
          own.wake(1);
          memory.store(SURVIVED, 1);
        }),
      );
      model.thread("other", (memory) => {
        const own = idle(memory);
        if (own.beginSearch(1)) own.endSearch(1);
        own.enlist(1, false);
        if (own.leave(1)) own.endSearch(1);
      });
      model.thread("supervisor", clear);
      model.after(() => {
        const after = idle(model.memory);
        assert.deepEqual([after.unparked, after.searching], [3, 0]);
        after.enlist(2, false);
        assert.equal(after.wakeOne(), 2);
      });
    });

  test("as a searcher, a sleeper, a waker: the counts are right again, and the others sleep and wake", (t) => {
    const moments = sleepers((memory) => {
      clearUp(memory);
      new Idle(memory, SLEEPERS, 3).bury(0);
    });
    t.diagnostic(`${moments} moments`);
  });

  const woken = (clear: (memory: Memory) => void) =>
    atEachMoment({ words: 256, preemptions: 2 }, (model, after) => {
      Idle.init(model.memory, SLEEPERS, 2);
      const idle = (memory: Memory) => new Idle(memory, SLEEPERS, 2);
      model.thread("victim", (memory) =>
        MortalMemory.run(memory, after, HELD, DEAD, (memory) => {
          const own = idle(memory);
          own.wakeOne();
          own.wake(1);
          memory.store(SURVIVED, 1);
        }),
      );
      model.thread("sleeper", (memory) => {
        const own = idle(memory);
        for (const _ of [0, 1]) {
          own.enlist(1, false);
          // As a look at its inbox.
          if (memory.load(STOP) === 0) own.sleep(1);
          if (own.leave(1)) own.endSearch(1);
        }
      });
      model.thread("supervisor", (memory) => {
        clear(memory);
        memory.store(STOP, 1);
        idle(memory).wake(1);
      });
    });

  test("before it has told whom it woke: the worker wakes all the same", (t) => {
    t.diagnostic(`${woken(clearUp)} moments`);
    assert.throws(() => woken((memory) => clearUp(memory, repairLock, () => {})), /deadlock.*sleeper sleeps on/);
  });

  const thieves = (forget: (memory: Memory) => void) =>
    atEachMoment({ words: 256, preemptions: 2 }, (model, after) => {
      for (const base of [QUEUE, OTHER]) LocalQueue.init(model.memory, base);
      InjectQueue.init(model.memory, INJECT);
      const inject = (memory: Memory) => new InjectQueue(memory, INJECT, LINKS);
      const owner = new LocalQueue(model.memory, OTHER, 4);
      for (const task of [0, 1, 2, 3]) owner.push(task, inject(model.memory));
      model.thread("victim", (memory) =>
        MortalMemory.run(memory, after, HELD, DEAD, (memory) => {
          new LocalQueue(memory, QUEUE, 4).stealFrom(new LocalQueue(memory, OTHER, 4));
          memory.store(SURVIVED, 1);
        }),
      );
      model.thread("owner", (memory) => {
        const own = new LocalQueue(memory, OTHER, 4);
        own.push(4, inject(memory));
        const taken = [own.pop()];
        own.push(5, inject(memory));
        return taken;
      });
      model.thread("supervisor", (memory) => {
        clearUp(memory);
        forget(memory);
      });
      model.after(([, taken]) => {
        const queue = new LocalQueue(model.memory, OTHER, 4);
        assert.ok(queue.isEmpty || queue.isStealable);
        const all: number[] = taken.filter((task: number) => task !== NO_TASK);
        for (const base of [QUEUE, OTHER]) drain(new LocalQueue(model.memory, base, 4), all);
        const rest = inject(model.memory);
        for (let task = rest.pop(); task !== NO_TASK; task = rest.pop()) all.push(task);
        assert.equal(new Set(all).size, all.length, `twice: ${all}`);
        for (const task of [4, 5]) assert.ok(all.includes(task), `${task} is lost: ${all}`);
      });
    });

  test("as a thief: its victim's owner goes on, others can steal, each task at most once", (t) => {
    const moments = thieves((memory) => new LocalQueue(memory, OTHER, 4).forget(new LocalQueue(memory, QUEUE, 4)));
    t.diagnostic(`${moments} moments`);
  });

  test("the loom finds that nobody frees its locks, and that nobody counts", () => {
    const nobody = (memory: Memory) => {
      while (memory.load(DEAD) === 0) memory.wait(DEAD, 0);
    };
    assert.throws(() => queue(nobody), { kind: "deadlock" });
    assert.throws(() => queue((memory) => clearUp(memory, () => {})), { kind: "assertion" });
    assert.throws(() => sleepers(nobody), { kind: "deadlock" });
    assert.throws(() => sleepers((memory) => clearUp(memory, () => {})), { kind: "assertion" });
    assert.throws(() => thieves(() => {}), { kind: "assertion" });
  });

  test("with blocks in its hands: no block is handed out twice, and at most a batch is lost", (t) => {
    const K = 6;
    const WORDS = 1024;
    const BASE = 1024;
    const moments = atEachMoment({ words: BASE + 16 * WORDS, preemptions: 1 }, (model, after) => {
      const buffer = { byteLength: 2 ** 30, maxByteLength: 2 ** 30 };
      // Words 0 to 255 are the arena's own: what a dead thread leaves is elsewhere here.
      model.memory.store(0, BASE);
      model.thread("victim", (memory) =>
        MortalMemory.run(memory, after, AWAY, AWAY + 8, (memory) => {
          const arena = new Arena(buffer, 0, signed(memory));
          const blocks = [arena.alloc(K), arena.alloc(K), arena.alloc(K), arena.alloc(K)];
          for (const block of blocks) arena.free(block, K);
          arena.alloc(K);
          memory.store(AWAY + 9, 1);
        }),
      );
      model.thread("other", (memory) => {
        const arena = new Arena(buffer, 1, memory);
        const blocks = [arena.alloc(K), arena.alloc(K), arena.alloc(K), arena.alloc(K)];
        for (const block of blocks) arena.free(block, K);
        return [arena.alloc(K), arena.alloc(K), arena.alloc(K)];
      });
      model.thread("supervisor", (memory) => {
        while (memory.load(AWAY + 8) === 0) memory.wait(AWAY + 8, 0);
        for (let i = 7; i >= 0; i--) {
          const entry = memory.load(AWAY + i);
          const mend: OnLock = (kind, word) => kind === FREE_LIST && repairFreeList(memory, word);
          if (entry !== 0) breakHeld(memory, entry, VICTIM, mend, () => {});
        }
      });
      model.after(([, kept]) => {
        const { memory } = model;
        // The tests' own words: see SURVIVED.
        const survived = memory.load(AWAY + 9);
        const all: number[] = [...kept];
        const walk = (head: number) => {
          for (let block = head; block !== 0; block = memory.read(block)) {
            all.push(block);
            assert.ok(all.length < 30, "a list runs in a circle");
          }
        };
        for (const slot of [0, 1]) walk(memory.load(256 + 80 * slot + 32 + K));
        walk(memory.load(16 + 16 * K + 1));
        assert.equal(new Set(all).size, all.length, `twice: ${all}`);
        const made = (memory.load(0) - BASE) / WORDS;
        // What it had allocated (four), and a batch (two) on its way.
        assert.ok(made - all.length <= 6, `${made - all.length} of ${made} are lost`);
        memory.store(SURVIVED, survived);
      });
    });
    t.diagnostic(`${moments} moments`);
  });
});

/** Words between the arena's slots that a model uses and its first block. */
const AWAY = 900;

/** What the arena asks of its memory beside the operations. */
function signed(memory: Memory): Memory {
  return Object.assign(memory, { sign() {} });
}
