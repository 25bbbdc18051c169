import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Pending } from "toki";
import type { Notified } from "toki/sync";
import { type Spawn, testTask } from "toki/test";
import fc from "../support/property.js";
import { implementations } from "./implementations.js";

for (const { name: implementation, module } of implementations) {
  const { Notify } = module;

  describe(implementation, () => {
    type How = "one" | "last" | "all";

    /** Notify with arrays. A wait is created, queued, told (how), or over. */
    interface Wait {
      readonly task: Spawn<void>;
      state: "created" | "queued" | "told" | "ready";
      how: How | undefined;
      woken: boolean;
    }

    class Model {
      stored = false;
      queue: Wait[] = [];

      tell(how: "one" | "last"): void {
        const wait = how === "one" ? this.queue.shift() : this.queue.pop();
        if (wait === undefined) this.stored = true;
        else this.mark(wait, how);
      }

      tellAll(all: readonly Wait[]): void {
        for (const wait of all) {
          if (wait.state === "created") wait.state = "ready";
          if (wait.state === "queued") this.mark(wait, "all");
        }
        this.queue = [];
      }

      private mark(wait: Wait, how: How): void {
        wait.state = "told";
        wait.how = how;
        wait.woken = true;
      }

      /** Whether it is ready now. */
      look(wait: Wait): boolean {
        if (wait.state === "created" && this.stored) {
          this.stored = false;
          wait.state = "ready";
        } else if (wait.state === "created") {
          wait.state = "queued";
          this.queue.push(wait);
        } else if (wait.state === "told") wait.state = "ready";
        return wait.state === "ready";
      }

      drop(wait: Wait): void {
        if (wait.state === "queued") this.queue = this.queue.filter((other) => other !== wait);
        if (wait.state === "told" && wait.how !== "all") this.tell(wait.how as "one" | "last");
      }
    }

    describe("Notify against its model", () => {
      const step = fc.record({
        do: fc.constantFrom(
          "create",
          "create",
          "poll",
          "poll",
          "poll",
          "enable",
          "one",
          "one",
          "last",
          "all",
          "cancel",
          "dispose",
        ),
        which: fc.nat(20),
      });

      test("any order of waits, notifications, drops and polls", () => {
        fc.assert(
          fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
            const real = new Notify();
            const model = new Model();
            const waits: Wait[] = [];
            for (const s of steps) {
              const at = s.which % Math.max(1, waits.length);
              const wait = waits[at];
              if (s.do === "create") {
                waits.push({ task: testTask(real.notified()), state: "created", how: undefined, woken: false });
              } else if (s.do === "one") {
                real.notifyOne();
                model.tell("one");
              } else if (s.do === "last") {
                real.notifyLast();
                model.tell("last");
              } else if (s.do === "all") {
                real.notifyWaiters();
                model.tellAll(waits);
              } else if (wait === undefined) {
                continue;
              } else if (s.do === "poll") {
                wait.woken = false;
                const ready = model.look(wait);
                assert.equal(wait.task.poll() !== Pending, ready);
                if (ready) waits.splice(at, 1);
              } else if (s.do === "enable") {
                const polledBefore = wait.state !== "created";
                const ready = model.look(wait);
                assert.equal((wait.task.inner as Notified).enable(), ready);
                // Nobody polled it yet: there is no waker to call.
                if (!ready && !polledBefore) wait.task.poll();
              } else {
                if (s.do === "cancel") wait.task.cancel();
                else wait.task[Symbol.dispose]();
                waits.splice(at, 1);
                model.drop(wait);
              }
              for (const left of waits) assert.equal(left.task.isWoken, left.woken);
            }
          }),
          { numRuns: 1000 },
        );
      });
    });
  });
}
