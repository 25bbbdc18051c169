/*
 * RwLock and Barrier between threads under every schedule within a bound. What a writer writes is plain: a reader that is let in too early shows as a race.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Future, Pending } from "toki";
import { Barrier } from "toki/shared";
import * as acquire from "../../dist/shared/acquire-future.js";
import * as holdings from "../../dist/shared/holding.js";
import { check, type Model } from "../support/loom/index.js";
import { drive, handleOf, type ModelShare, OBJECT, options, pollOnce, program } from "./model-thread.js";

const RW_LOCK = 12;
const BARRIER = 13;
const PERMITS = OBJECT + 2;
const QUEUE = OBJECT + 4;
/** What the lock protects: two words that are equal while nobody writes. */
const [A, B] = [OBJECT + 30, OBJECT + 31];
const MAX_READERS = 3;

interface Holding {
  unlockRead(): void;
  downgrade(): void;
}

const { AcquireFuture } = acquire as unknown as { AcquireFuture: new (handle: unknown, n: number) => any };
const { Holding } = holdings as unknown as {
  Holding: new (share: ModelShare, permits: number, where: string) => Holding;
};

/** The futures of a lock; those of the public class differ in their guards alone. */
class Take extends AcquireFuture {
  acquired(): Holding {
    return new Holding(this.share, this.n, "");
  }
}

const take = (share: ModelShare, n: number) => new Take({ share }, n) as unknown as Future<Holding>;

function look({ thread: { memory } }: ModelShare): number {
  const a = memory.read(A);
  assert.equal(a, memory.read(B), "a reader saw a writer halfway");
  return a;
}

function write({ thread: { memory } }: ModelShare): void {
  memory.write(A, memory.read(A) + 1);
  memory.write(B, memory.read(B) + 1);
}

const reads = (share: ModelShare) => {
  const holding = drive(share, take(share, 1));
  const seen = look(share);
  holding.unlockRead();
  return seen;
};

const writes = (share: ModelShare) => {
  const holding = drive(share, take(share, MAX_READERS));
  write(share);
  holding.unlockRead();
};

const downgrades = (share: ModelShare) => {
  const holding = drive(share, take(share, MAX_READERS));
  write(share);
  const written = look(share);
  holding.downgrade();
  assert.equal(look(share), written, "a writer came between");
  holding.unlockRead();
};

const writerGivesUp = (share: ModelShare) => {
  const holding = pollOnce(take(share, MAX_READERS));
  if (holding === Pending) return 0;
  write(share);
  holding.unlockRead();
  return 1;
};

const lock = (bodies: Record<string, (share: ModelShare) => unknown>, written: (results: any[]) => number) =>
  program(
    RW_LOCK,
    (memory) => memory.store(PERMITS, MAX_READERS),
    bodies,
    (results, memory) => {
      assert.equal(memory.load(PERMITS), MAX_READERS);
      assert.deepEqual([memory.load(QUEUE), memory.load(QUEUE + 1)], [0, 0]);
      assert.deepEqual([memory.load(A), memory.load(B)], [written(results), written(results)]);
    },
  );

const arrives = (rounds: number) => (share: ModelShare) => {
  const barrier = handleOf(Barrier, share);
  let leads = 0;
  for (let round = 0; round < rounds; round++) if (drive(share, barrier.wait()).isLeader) leads++;
  return leads;
};

const barrier = (n: number, bodies: Record<string, (share: ModelShare) => unknown>, leaders: number) =>
  program(
    BARRIER,
    (memory) => memory.store(OBJECT + 2, n),
    bodies,
    (results, memory) => {
      assert.equal(memory.load(OBJECT + 3), 0, "arrived");
      assert.deepEqual([memory.load(QUEUE), memory.load(QUEUE + 1)], [0, 0]);
      const led = results.reduce((sum, leads) => sum + leads, 0);
      assert.equal(led, leaders);
    },
  );

const models: Record<string, (model: Model) => void> = {
  "RwLock: a reader and two writers": lock({ reads, writes, "writes too": writes }, () => 2),
  "RwLock: a downgrade, a reader and a writer": lock({ downgrades, reads, writes }, () => 2),
  "RwLock: two downgrades": lock({ downgrades, "downgrades too": downgrades }, () => 2),
  "RwLock: a writer that gives up, between a reader and a reader": lock(
    { reads, "gives up": writerGivesUp, "reads too": reads },
    ([, n]) => n,
  ),
  "RwLock: a writer that gives up during a downgrade": lock(
    { downgrades, "gives up": writerGivesUp },
    ([, n]) => n + 1,
  ),
  "Barrier: two threads, twice": barrier(2, { a: arrives(2), b: arrives(2) }, 2),
  "Barrier: three threads": barrier(3, { a: arrives(1), b: arrives(1), c: arrives(1) }, 1),
  "Barrier: one that gives up after it has arrived": barrier(
    3,
    {
      a: arrives(1),
      "gives up"(share) {
        const result = pollOnce(handleOf(Barrier, share).wait());
        return result !== Pending && result.isLeader ? 1 : 0;
      },
      c: arrives(1),
    },
    1,
  ),
  "Barrier: a task and a blocking thread": barrier(
    2,
    { a: arrives(1), blocks: (share) => (handleOf(Barrier, share).blockingWait().isLeader ? 1 : 0) },
    1,
  ),
};

describe("RwLock and Barrier under all schedules", () => {
  for (const [name, build] of Object.entries(models)) {
    test(name, { timeout: 120_000 }, (t) => {
      const { schedules, complete } = check(options, build);
      t.diagnostic(`${schedules} schedules${complete ? "" : ", not all"}`);
      assert.ok(schedules > 20);
    });
  }

  test("finds a downgrade that is a release and a read", { timeout: 120_000 }, () => {
    const { downgrade } = Holding.prototype;
    Holding.prototype.downgrade = function (this: any) {
      this.give(this.permits);
      drive(this.share, take(this.share, 1));
      this.permits = 1;
    };
    try {
      assert.throws(() => check(options, models["RwLock: two downgrades"] as never), /a writer came between/);
    } finally {
      Holding.prototype.downgrade = downgrade;
    }
  });

  test("finds a downgrade that lets a writer in", { timeout: 120_000 }, () => {
    const { downgrade } = Holding.prototype;
    Holding.prototype.downgrade = function (this: any) {
      this.give(this.permits);
    };
    try {
      assert.throws(() => check(options, models["RwLock: a downgrade, a reader and a writer"] as never), /race/);
    } finally {
      Holding.prototype.downgrade = downgrade;
    }
  });
});
