import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Pending } from "toki";
import type { WatchReceiver, WatchSender } from "toki/sync";
import { type Spawn, testTask } from "toki/test";
import fc from "../support/property.js";
import { implementations } from "./implementations.js";

for (const { name: implementation, module } of implementations) {
  const { DisposedError, WatchRecvError, WatchSendError, watch } = module;

  describe(implementation, () => {
    /*
     * A watch channel against its value, a version, and for each receiver the version it has seen. Waits are told when there is news; told is told, however
     * much is seen meanwhile. After each step: who was woken, and what everybody sees.
     */
    interface ModelReceiver {
      readonly real: WatchReceiver<number>;
      seen: number;
    }

    interface Wait {
      readonly task: Spawn<unknown>;
      readonly kind: "changed" | "waitFor" | "closed";
      readonly of: ModelReceiver | undefined;
      readonly tx: WatchSender<number> | undefined;
      state: "new" | "queued" | "changed" | "ended";
      woken: boolean;
    }

    const EVEN = (n: number) => n % 2 === 0;

    class Harness {
      value = 0;
      version = 0;
      next = 1;
      readonly senders: WatchSender<number>[];
      readonly receivers: ModelReceiver[];
      waits: Wait[] = [];

      constructor() {
        const [tx, rx] = watch(0);
        this.senders = [tx];
        this.receivers = [{ real: rx, seen: 0 }];
      }

      tell(state: "changed" | "ended", whom: (wait: Wait) => boolean): void {
        for (const wait of this.waits) {
          if (wait.state !== "queued" || !whom(wait)) continue;
          wait.state = state;
          wait.woken = true;
        }
      }

      publish(): void {
        this.version++;
        this.tell("changed", (wait) => wait.kind !== "closed");
      }

      send(which: number): void {
        const tx = this.senders[which % this.senders.length];
        if (tx === undefined) return;
        const value = this.next++;
        if (this.receivers.length === 0) {
          assert.throws(() => tx.send(value), WatchSendError);
          return;
        }
        tx.send(value);
        this.value = value;
        this.publish();
      }

      modify(which: number, how: "replace" | "modify" | "silent" | "throw"): void {
        const tx = this.senders[which % this.senders.length];
        if (tx === undefined) return;
        const value = this.next++;
        const before = this.value;
        this.value = value;
        if (how === "replace") assert.equal(tx.sendReplace(value), before);
        else if (how === "modify") {
          tx.sendModify((ref) => {
            assert.equal(ref.value, before);
            ref.value = value;
          });
        } else if (how === "silent") {
          const set = (ref: { value: number }) => {
            ref.value = value;
            return false;
          };
          assert.equal(tx.sendIfModified(set), false);
        } else {
          const set = (ref: { value: number }) => {
            ref.value = value;
            throw new RangeError("modify");
          };
          assert.throws(() => tx.sendModify(set), RangeError);
        }
        if (how === "replace" || how === "modify") this.publish();
      }

      receiver(which: number): ModelReceiver | undefined {
        return this.receivers[which % this.receivers.length];
      }

      start(kind: Wait["kind"], which: number): void {
        if (kind === "closed") {
          const tx = this.senders[which % this.senders.length];
          if (tx !== undefined)
            this.waits.push({ task: testTask(tx.closed()), kind, of: undefined, tx, state: "new", woken: false });
          return;
        }
        const of = this.receiver(which);
        if (of === undefined) return;
        const task: Spawn<unknown> = kind === "changed" ? testTask(of.real.changed()) : testTask(of.real.waitFor(EVEN));
        this.waits.push({ task, kind, of, tx: undefined, state: "new", woken: false });
      }

      /** What a poll has to come to. */
      private expected(wait: Wait): "pending" | "done" | "error" {
        const { kind, of, state } = wait;
        if (state === "queued") return "pending";
        if (kind === "closed") {
          if (this.receivers.length === 0) return "done";
          wait.state = "queued";
          return "pending";
        }
        const receiver = of as ModelReceiver;
        let isNews = state === "changed" || receiver.seen !== this.version;
        if (kind === "waitFor") {
          if (state === "new") isNews = true;
          if (isNews) {
            receiver.seen = this.version;
            if (EVEN(this.value)) return "done";
            isNews = false;
          }
        } else if (isNews) {
          receiver.seen = this.version;
          return "done";
        }
        if (this.senders.length === 0) return "error";
        wait.state = "queued";
        return "pending";
      }

      poll(which: number): void {
        const wait = this.waits[which % this.waits.length];
        if (wait === undefined) return;
        wait.woken = false;
        const isLost = wait.state === "new" && wait.tx !== undefined && !this.senders.includes(wait.tx);
        const expected = isLost ? "lost" : this.expected(wait);
        if (expected === "lost") assert.throws(() => wait.task.poll(), DisposedError);
        else if (expected === "error") assert.throws(() => wait.task.poll(), WatchRecvError);
        else assert.equal(wait.task.poll() === Pending ? "pending" : "done", expected);
        if (expected !== "pending") this.waits.splice(this.waits.indexOf(wait), 1);
      }

      drop(which: number, cancel: boolean): void {
        const wait = this.waits[which % this.waits.length];
        if (wait === undefined) return;
        if (cancel) wait.task.cancel();
        else wait.task[Symbol.dispose]();
        this.waits.splice(this.waits.indexOf(wait), 1);
      }

      look(which: number, how: "borrow" | "update" | "mark" | "unmark"): void {
        const receiver = this.receiver(which);
        if (receiver === undefined) return;
        if (how === "borrow") assert.equal(receiver.real.borrow(), this.value);
        else if (how === "update") {
          assert.equal(receiver.real.borrowAndUpdate(), this.value);
          receiver.seen = this.version;
        } else if (how === "mark") {
          receiver.real.markChanged();
          receiver.seen = -1;
          this.tell("changed", (wait) => wait.of === receiver);
        } else {
          receiver.real.markUnchanged();
          receiver.seen = this.version;
        }
      }

      add(which: number, what: "subscribe" | "cloneRx" | "cloneTx"): void {
        const tx = this.senders[which % this.senders.length];
        const rx = this.receiver(which);
        if (what === "subscribe" && tx !== undefined) this.receivers.push({ real: tx.subscribe(), seen: this.version });
        if (what === "cloneRx" && rx !== undefined) this.receivers.push({ real: rx.real.clone(), seen: rx.seen });
        if (what === "cloneTx" && tx !== undefined) this.senders.push(tx.clone());
      }

      dropTx(which: number): void {
        if (this.senders.length === 0) return;
        this.senders.splice(which % this.senders.length, 1)[0]?.[Symbol.dispose]();
        if (this.senders.length === 0) this.tell("ended", (wait) => wait.kind !== "closed");
      }

      /** With a receiver its waits go: what they see is in the other suite. */
      dropRx(which: number): void {
        const receiver = this.receiver(which);
        if (receiver === undefined) return;
        for (const wait of this.waits.filter((each) => each.of === receiver)) wait.task[Symbol.dispose]();
        this.waits = this.waits.filter((each) => each.of !== receiver);
        receiver.real[Symbol.dispose]();
        this.receivers.splice(this.receivers.indexOf(receiver), 1);
        if (this.receivers.length === 0) this.tell("ended", (wait) => wait.kind === "closed");
      }

      check(): void {
        for (const wait of this.waits) assert.equal(wait.task.isWoken, wait.woken);
        for (const { real, seen } of this.receivers) {
          assert.equal(real.borrow(), this.value);
          if (this.senders.length > 0) assert.equal(real.hasChanged(), seen !== this.version);
          else assert.throws(() => real.hasChanged(), WatchRecvError);
        }
        for (const tx of this.senders) {
          assert.equal(tx.borrow(), this.value);
          assert.deepEqual([tx.senderCount, tx.receiverCount], [this.senders.length, this.receivers.length]);
        }
      }

      end(): void {
        for (const wait of this.waits) wait.task[Symbol.dispose]();
        for (const half of [...this.senders, ...this.receivers.map(({ real }) => real)]) half[Symbol.dispose]();
      }
    }

    const steps: Record<string, (harness: Harness, which: number) => void> = {
      send: (h, n) => h.send(n),
      replace: (h, n) => h.modify(n, "replace"),
      modify: (h, n) => h.modify(n, "modify"),
      silent: (h, n) => h.modify(n, "silent"),
      throw: (h, n) => h.modify(n, "throw"),
      changed: (h, n) => h.start("changed", n),
      waitFor: (h, n) => h.start("waitFor", n),
      closed: (h, n) => h.start("closed", n),
      borrow: (h, n) => h.look(n, "borrow"),
      update: (h, n) => h.look(n, "update"),
      mark: (h, n) => h.look(n, "mark"),
      unmark: (h, n) => h.look(n, "unmark"),
      subscribe: (h, n) => h.add(n, "subscribe"),
      cloneRx: (h, n) => h.add(n, "cloneRx"),
      cloneTx: (h, n) => h.add(n, "cloneTx"),
      dropTx: (h, n) => h.dropTx(n),
      dropRx: (h, n) => h.dropRx(n),
      cancel: (h, n) => h.drop(n, true),
      dispose: (h, n) => h.drop(n, false),
    };
    const often = [
      "send",
      "changed",
      "changed",
      "poll",
      "poll",
      "poll",
      "poll",
      "poll",
      "waitFor",
      "cloneTx",
      "subscribe",
    ];
    const step = fc.record({ do: fc.constantFrom(...Object.keys(steps), ...often), which: fc.nat(20) });

    test("watch against its model: any order of sends, looks, waits, drops and polls", () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80 }), (taken) => {
          const harness = new Harness();
          for (const { do: name, which } of taken) {
            if (name === "poll") harness.poll(which);
            else steps[name]?.(harness, which);
            harness.check();
          }
          harness.end();
        }),
        { numRuns: 1000 },
      );
    });
  });
}
