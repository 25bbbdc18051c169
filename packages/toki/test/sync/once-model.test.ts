import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Pending } from "toki";
import { type Spawn, testTask } from "toki/test";
import { Gate } from "../support/gate.js";
import fc from "../support/property.js";
import { implementations } from "./implementations.js";

for (const { name: implementation, module } of implementations) {
  const { OnceCell, SetError, SetOnce, SetOnceError } = module;

  describe(implementation, () => {
    /*
     * A cell against a value and a line of requests. A request is new, in line, told (its turn, or to look), at its initializer, or over. At most one has the
     * turn, from the moment it is given to it; nobody waits while nobody has it.
     */
    interface Request {
      readonly task: Spawn<number>;
      readonly gate: Gate<number>;
      state: "new" | "queued" | "turn" | "look" | "running";
      /** The initializer was let go, with this; it throws if it is odd. */
      opened: number | undefined;
      woken: boolean;
    }

    class Harness {
      readonly cell = new OnceCell<number>();
      value: number | undefined;
      busy = false;
      line: Request[] = [];
      readonly requests: Request[] = [];
      next = 1;

      ask(): void {
        const gate = new Gate<number>();
        const task = testTask(this.cell.getOrInit(() => gate));
        this.requests.push({ task, gate, state: "new", opened: undefined, woken: false });
      }

      private passTurn(): void {
        const next = this.line.shift();
        this.busy = next !== undefined;
        if (next === undefined) return;
        next.state = "turn";
        next.woken = true;
      }

      private fill(value: number): void {
        this.value = value;
        this.busy = false;
        for (const request of this.line) {
          request.state = "look";
          request.woken = true;
        }
        this.line = [];
      }

      poll(which: number): void {
        const request = this.requests[which % this.requests.length];
        if (request === undefined) return;
        request.woken = false;
        if (request.state === "new" || request.state === "look") {
          if (this.value !== undefined) {
            this.finish(request, this.value);
            return;
          }
          if (this.busy) {
            if (request.state === "new" || request.state === "look") this.line.push(request);
            request.state = "queued";
          } else {
            this.busy = true;
            request.state = "running";
          }
        } else if (request.state === "turn") request.state = "running";
        if (request.state !== "running" || request.opened === undefined) {
          assert.equal(request.task.poll(), Pending);
          return;
        }
        if (request.opened % 2 === 1) {
          assert.throws(() => request.task.poll(), /odd/);
          this.remove(request);
          this.passTurn();
        } else {
          const value = request.opened;
          this.finish(request, value);
          this.fill(value);
        }
      }

      private finish(request: Request, value: number): void {
        assert.equal(request.task.poll(), value);
        this.remove(request);
      }

      private remove(request: Request): void {
        this.requests.splice(this.requests.indexOf(request), 1);
      }

      /** Lets an initializer go. */
      open(which: number): void {
        const request = this.requests[which % this.requests.length];
        if (request === undefined || request.opened !== undefined) return;
        request.opened = this.next++;
        if (request.opened % 2 === 1) request.gate.fail(new Error("odd"));
        else request.gate.open(request.opened);
        if (request.state === "running") request.woken = true;
      }

      drop(which: number, cancel: boolean): void {
        const request = this.requests[which % this.requests.length];
        if (request === undefined) return;
        if (cancel) assert.notEqual(request.task.cancel(), Pending);
        else request.task[Symbol.dispose]();
        this.remove(request);
        if (request.state === "queued") this.line = this.line.filter((other) => other !== request);
        else if (request.state === "turn" || request.state === "running") this.passTurn();
      }

      set(): void {
        const value = this.next++ * 2;
        const kind = this.value !== undefined ? "alreadyInitialized" : this.busy ? "initializing" : undefined;
        if (kind === undefined) {
          this.cell.set(value);
          this.fill(value);
          return;
        }
        assert.throws(
          () => this.cell.set(value),
          (error) => error instanceof SetError && error.kind === kind && error.value === value,
        );
      }

      take(): void {
        assert.equal(this.cell.take(), this.value);
        this.value = undefined;
      }

      check(): void {
        assert.deepEqual([this.cell.get(), this.cell.initialized], [this.value, this.value !== undefined]);
        for (const request of this.requests) assert.equal(request.task.isWoken, request.woken, request.state);
        assert.ok(this.requests.filter(({ state }) => state === "running" || state === "turn").length <= 1);
        assert.ok(this.busy || this.line.length === 0);
      }
    }

    test("OnceCell against its model: any order of requests, failures, drops, sets and takes", () => {
      const names = [
        "ask",
        "ask",
        "poll",
        "poll",
        "poll",
        "poll",
        "open",
        "open",
        "cancel",
        "dispose",
        "set",
        "take",
      ] as const;
      const step = fc.record({ do: fc.constantFrom(...names), which: fc.nat(20) });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
          const harness = new Harness();
          for (const { do: name, which } of steps) {
            if (name === "ask") harness.ask();
            else if (name === "poll") harness.poll(which);
            else if (name === "open") harness.open(which);
            else if (name === "set") harness.set();
            else if (name === "take") harness.take();
            else harness.drop(which, name === "cancel");
            harness.check();
          }
          // Nobody is left behind: whoever is polled on with an initializer that is let go ends.
          for (let i = 0; harness.requests.length > 0; i++) {
            assert.ok(i < 1000, "somebody waits for ever");
            harness.open(i);
            harness.poll(i);
            harness.check();
          }
        }),
        { numRuns: 1000 },
      );
    });

    test("SetOnce against its model: any order of waits, drops, sets and polls", () => {
      interface Wait {
        readonly task: Spawn<number>;
        isQueued: boolean;
        woken: boolean;
      }
      const names = ["wait", "wait", "poll", "poll", "poll", "cancel", "dispose", "set"] as const;
      const step = fc.record({ do: fc.constantFrom(...names), which: fc.nat(20) });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
          const once = new SetOnce<number>();
          const waits: Wait[] = [];
          let value: number | undefined;
          steps.forEach(({ do: name, which }, index) => {
            const at = which % Math.max(1, waits.length);
            const wait = waits[at];
            if (name === "wait") waits.push({ task: testTask(once.wait()), isQueued: false, woken: false });
            else if (name === "set" && value !== undefined) assert.throws(() => once.set(index), SetOnceError);
            else if (name === "set") {
              once.set(index);
              value = index;
              for (const each of waits) each.woken = each.isQueued;
            } else if (wait !== undefined && name === "poll") {
              wait.woken = false;
              wait.isQueued = value === undefined;
              assert.equal(wait.task.poll(), value ?? Pending);
              if (value !== undefined) waits.splice(at, 1);
            } else if (wait !== undefined) {
              if (name === "cancel") wait.task.cancel();
              else wait.task[Symbol.dispose]();
              waits.splice(at, 1);
            }
            assert.equal(once.get(), value);
            for (const each of waits) assert.equal(each.task.isWoken, each.woken);
          });
        }),
        { numRuns: 500 },
      );
    });
  });
}
