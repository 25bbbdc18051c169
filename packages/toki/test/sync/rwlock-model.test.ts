import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Pending } from "toki";
import type { RwLockReadGuard, RwLockWriteGuard } from "toki/sync";
import { type Spawn, testTask } from "toki/test";
import fc from "../support/property.js";
import { implementations } from "./implementations.js";

type Kind = "read" | "write";

interface ModelWaiter {
  readonly kind: Kind;
  /** Let in, and not looked since. */
  isIn: boolean;
  /** Told since its last poll. */
  woken: boolean;
}

/** A fair reader-writer lock as one would explain it: who is in, and a line in which nobody overtakes. */
class ModelRwLock {
  readers = 0;
  isWritten = false;
  line: ModelWaiter[] = [];
  readonly maxReaders: number;

  constructor(maxReaders: number) {
    this.maxReaders = maxReaders;
  }

  /** Whether one that comes now would get in. */
  isOpenTo(kind: Kind): boolean {
    return this.line.length === 0 && this.fits(kind);
  }

  private fits(kind: Kind): boolean {
    return !this.isWritten && (kind === "read" ? this.readers < this.maxReaders : this.readers === 0);
  }

  private enter(kind: Kind): void {
    if (kind === "read") this.readers++;
    else this.isWritten = true;
  }

  /** Undefined: let in at once. */
  ask(kind: Kind): ModelWaiter | undefined {
    if (this.isOpenTo(kind)) {
      this.enter(kind);
      return undefined;
    }
    const waiter = { kind, isIn: false, woken: false };
    this.line.push(waiter);
    return waiter;
  }

  leave(kind: Kind): void {
    if (kind === "read") this.readers--;
    else this.isWritten = false;
    this.admit();
  }

  downgrade(): void {
    this.isWritten = false;
    this.readers++;
    this.admit();
  }

  giveUp(waiter: ModelWaiter): void {
    if (waiter.isIn) this.leave(waiter.kind);
    else {
      this.line = this.line.filter((other) => other !== waiter);
      this.admit();
    }
  }

  private admit(): void {
    for (let first = this.line[0]; first !== undefined && this.fits(first.kind); first = this.line[0]) {
      this.enter(first.kind);
      first.isIn = true;
      first.woken = true;
      this.line.shift();
    }
  }
}

for (const { name: implementation, module } of implementations) {
  const { RwLock, TryLockError } = module;

  describe(implementation, () => {
    type Guard = RwLockReadGuard<number> | RwLockWriteGuard<number>;
    interface Wait {
      readonly task: Spawn<Guard>;
      readonly model: ModelWaiter;
    }

    const step = fc.record({
      do: fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom("read", "write", "release", "poll") },
        { weight: 2, arbitrary: fc.constantFrom("tryRead", "tryWrite", "cancel", "dispose", "downgrade") },
      ),
      which: fc.nat(20),
    });
    type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

    function run(maxReaders: number, steps: readonly Step[]): void {
      const real = new RwLock(0, { maxReaders });
      const model = new ModelRwLock(maxReaders);
      const waits: Wait[] = [];
      const held: { kind: Kind; guard: Guard }[] = [];
      /** What the writers so far have made of the value. */
      let written = 0;

      const take = (kind: Kind, guard: Guard) => {
        held.push({ kind, guard });
        assert.equal(guard.value, written, "not what the last writer left");
        assert.ok(held.length === 1 || held.every((each) => each.kind === "read"), "a writer is not alone");
        if (kind === "write") (guard as RwLockWriteGuard<number>).value = ++written;
      };

      for (const { do: what, which } of steps) {
        const at = which % Math.max(1, waits.length);
        const holder = held[which % Math.max(1, held.length)];
        switch (what) {
          case "read":
          case "write": {
            const task = testTask<Guard>(what === "read" ? real.read() : real.write());
            const waiter = model.ask(what);
            const outcome = task.poll();
            assert.equal(outcome === Pending, waiter !== undefined);
            if (outcome !== Pending) take(what, outcome);
            else if (waiter !== undefined) waits.push({ task, model: waiter });
            break;
          }
          case "tryRead":
          case "tryWrite": {
            const kind = what === "tryRead" ? "read" : "write";
            if (!model.isOpenTo(kind)) assert.throws(() => real[what](), TryLockError);
            else {
              model.ask(kind);
              take(kind, real[what]());
            }
            break;
          }
          case "poll": {
            const wait = waits[at];
            if (wait === undefined) break;
            wait.model.woken = false;
            const outcome = wait.task.poll();
            assert.equal(outcome === Pending, !wait.model.isIn);
            if (outcome === Pending) break;
            waits.splice(at, 1);
            take(wait.model.kind, outcome);
            break;
          }
          case "cancel":
          case "dispose": {
            const [wait] = waits.splice(at, 1);
            if (wait === undefined) break;
            if (what === "cancel") assert.equal(wait.task.cancel(), undefined);
            else wait.task[Symbol.dispose]();
            model.giveUp(wait.model);
            break;
          }
          case "release":
            if (holder === undefined) break;
            held.splice(held.indexOf(holder), 1);
            holder.guard.release();
            model.leave(holder.kind);
            break;
          case "downgrade":
            if (holder?.kind !== "write") break;
            holder.kind = "read";
            holder.guard = (holder.guard as RwLockWriteGuard<number>).downgrade();
            model.downgrade();
            assert.equal(holder.guard.value, written);
            break;
        }
        for (const wait of waits) assert.equal(wait.task.isWoken, wait.model.woken);
      }
      for (const { task } of waits) task[Symbol.dispose]();
      for (const { guard } of held) guard.release();
      assert.equal(real.intoInner(), written, "something was not given back");
    }

    describe("RwLock against its model", () => {
      test("any order of requests, releases, downgrades, drops and polls", () => {
        fc.assert(
          fc.property(fc.constantFrom(1, 2, 3, 100), fc.array(step, { maxLength: 80 }), (maxReaders, steps) =>
            run(maxReaders, steps),
          ),
          { numRuns: 500 },
        );
      });
    });
  });
}
