import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Pending } from "toki";
import type { BroadcastReceiver, BroadcastSender } from "toki/sync";
import { type Spawn, testTask } from "toki/test";
import fc from "../support/property.js";
import { implementations } from "./implementations.js";

for (const { name: implementation, module } of implementations) {
  const { broadcast, BroadcastRecvError, LaggedError, SendError } = module;

  describe(implementation, () => {
    /*
     * A broadcast channel against a list of all that was ever sent: who has still to read each value, and how far each receiver has come. After each step the
     * observable state, and who was woken, must agree.
     */
    interface Value {
      readonly n: number;
      readonly unreadBy: Set<Listener>;
    }

    interface Listener {
      readonly rx: BroadcastReceiver<number>;
      next: number;
      wait: { task: Spawn<number>; woken: boolean } | undefined;
    }

    interface ClosedWait {
      readonly task: Spawn<void>;
      woken: boolean;
    }

    type Outcome = number | "closed" | "empty" | { readonly skipped: number };

    class Harness {
      readonly sent: Value[] = [];
      readonly listeners: Listener[] = [];
      readonly senders: BroadcastSender<number>[];
      readonly closedWaits: ClosedWait[] = [];
      readonly slots: number;

      constructor(capacity: number) {
        const [tx, rx] = broadcast<number>(capacity);
        this.slots = 2 ** Math.ceil(Math.log2(capacity));
        this.senders = [tx];
        this.listen(rx);
      }

      get oldest(): number {
        return Math.max(0, this.sent.length - this.slots);
      }

      listen(rx: BroadcastReceiver<number>): void {
        this.listeners.push({ rx, next: this.sent.length, wait: undefined });
      }

      /** What a receiver has to get now. */
      expected(listener: Listener): Outcome {
        const { next } = listener;
        if (next < this.oldest) {
          listener.next = this.oldest;
          return { skipped: this.oldest - next };
        }
        const value = this.sent[next];
        if (value === undefined) return this.senders.length === 0 ? "closed" : "empty";
        listener.next++;
        value.unreadBy.delete(listener);
        return value.n;
      }

      private nudge(): void {
        for (const { wait } of this.listeners) if (wait !== undefined) wait.woken = true;
      }

      send(at: number): void {
        const tx = this.senders[at];
        if (tx === undefined) return;
        const n = this.sent.length;
        if (this.listeners.length === 0) {
          assert.throws(
            () => tx.send(n),
            (error) => error instanceof SendError && error.value === n,
          );
          return;
        }
        assert.equal(tx.send(n), this.listeners.length);
        this.sent.push({ n, unreadBy: new Set(this.listeners) });
        this.nudge();
      }

      private check(what: () => number, expected: Outcome): void {
        if (typeof expected === "number") assert.equal(what(), expected);
        else if (typeof expected === "string") {
          assert.throws(what, (error) => error instanceof BroadcastRecvError && error.kind === expected);
        } else assert.throws(what, (error) => error instanceof LaggedError && error.skipped === expected.skipped);
      }

      tryRecv(at: number): void {
        const listener = this.listeners[at];
        if (listener !== undefined) this.check(() => listener.rx.tryRecv(), this.expected(listener));
      }

      recv(at: number): void {
        const listener = this.listeners[at];
        if (listener === undefined) return;
        listener.wait ??= { task: testTask(listener.rx.recv()), woken: false };
        const { wait } = listener;
        wait.woken = false;
        const expected = this.expected(listener);
        if (expected === "empty") {
          assert.equal(wait.task.poll(), Pending);
          return;
        }
        listener.wait = undefined;
        this.check(() => wait.task.poll() as number, expected);
      }

      dropRecv(at: number, cancel: boolean): void {
        const listener = this.listeners[at];
        const wait = listener?.wait;
        if (listener === undefined || wait === undefined) return;
        listener.wait = undefined;
        if (cancel) wait.task.cancel();
        else wait.task[Symbol.dispose]();
      }

      subscribe(at: number): void {
        const tx = this.senders[at];
        if (tx !== undefined && this.listeners.length < 6) this.listen(tx.subscribe());
      }

      resubscribe(at: number): void {
        const listener = this.listeners[at];
        if (listener !== undefined && this.listeners.length < 6) this.listen(listener.rx.resubscribe());
      }

      disposeReceiver(at: number): void {
        const [listener] = this.listeners.splice(at, 1);
        if (listener === undefined) return;
        listener.rx[Symbol.dispose]();
        for (const value of this.sent) value.unreadBy.delete(listener);
        const { wait } = listener;
        if (wait !== undefined) {
          assert.equal(wait.task.isWoken, true);
          this.check(() => wait.task.poll() as number, "closed");
        }
        if (this.listeners.length === 0) for (const wait of this.closedWaits) wait.woken = true;
      }

      closed(at: number): void {
        const tx = this.senders[at];
        if (tx !== undefined) this.pollClosed({ task: testTask(tx.closed()), woken: false });
      }

      pollClosed(wait: ClosedWait | undefined): void {
        if (wait === undefined) return;
        const at = this.closedWaits.indexOf(wait);
        wait.woken = false;
        const isOver = wait.task.poll() !== Pending;
        assert.equal(isOver, this.listeners.length === 0);
        if (isOver && at >= 0) this.closedWaits.splice(at, 1);
        else if (!isOver && at < 0) this.closedWaits.push(wait);
      }

      dropClosed(at: number, cancel: boolean): void {
        const [wait] = this.closedWaits.splice(at, 1);
        if (cancel) wait?.task.cancel();
        else wait?.task[Symbol.dispose]();
      }

      cloneSender(): void {
        const tx = this.senders[0];
        if (tx !== undefined) this.senders.push(tx.clone());
      }

      disposeSender(): void {
        this.senders.pop()?.[Symbol.dispose]();
        if (this.senders.length === 0) this.nudge();
      }

      verify(): void {
        const { senders, listeners, sent } = this;
        const unread = sent.slice(this.oldest).filter(({ unreadBy }) => unreadBy.size > 0).length;
        for (const tx of senders) {
          assert.deepEqual([tx.length, tx.isEmpty, tx.receiverCount], [unread, unread === 0, listeners.length]);
          assert.equal(tx.strongCount, senders.length);
        }
        for (const { rx, next, wait } of listeners) {
          assert.deepEqual([rx.length, rx.isEmpty], [sent.length - next, sent.length === next]);
          assert.deepEqual([rx.isClosed, rx.senderStrongCount], [senders.length === 0, senders.length]);
          if (wait !== undefined) assert.equal(wait.task.isWoken, wait.woken);
        }
        for (const { task, woken } of this.closedWaits) assert.equal(task.isWoken, woken);
      }
    }

    const step = fc.record({
      do: fc.constantFrom(
        ...["send", "send", "send", "send", "send", "tryRecv", "tryRecv", "recv", "recv", "recv", "recv", "dropRecv"],
        ...["subscribe", "resubscribe", "disposeReceiver", "closed", "pollClosed", "dropClosed", "clone"],
      ),
      which: fc.nat(20),
    });
    type Step = { do: string; which: number };

    function apply(h: Harness, { do: what, which }: Step): void {
      const at = (list: readonly unknown[]) => which % Math.max(1, list.length);
      const actions: Record<string, () => void> = {
        send: () => h.send(at(h.senders)),
        tryRecv: () => h.tryRecv(at(h.listeners)),
        recv: () => h.recv(at(h.listeners)),
        dropRecv: () => h.dropRecv(at(h.listeners), which % 2 === 0),
        subscribe: () => h.subscribe(at(h.senders)),
        resubscribe: () => h.resubscribe(at(h.listeners)),
        disposeReceiver: () => h.disposeReceiver(at(h.listeners)),
        closed: () => h.closed(at(h.senders)),
        pollClosed: () => h.pollClosed(h.closedWaits[at(h.closedWaits)]),
        dropClosed: () => h.dropClosed(at(h.closedWaits), which % 2 === 0),
        clone: () => h.cloneSender(),
        disposeSender: () => h.disposeSender(),
      };
      const action = actions[what];
      assert.ok(action, what);
      action();
    }

    function run(capacity: number, steps: readonly Step[]): void {
      const h = new Harness(capacity);
      for (const s of steps) {
        apply(h, s);
        h.verify();
      }
      // The senders go; each receiver gets what it has not read, then the end.
      while (h.senders.length > 0) h.disposeSender();
      h.verify();
      for (const [at, listener] of h.listeners.entries()) {
        while (listener.next < h.sent.length) h.recv(at);
        h.recv(at);
        assert.equal(listener.wait, undefined, "recv should have ended");
      }
      while (h.listeners.length > 0) h.disposeReceiver(0);
      while (h.closedWaits.length > 0) h.pollClosed(h.closedWaits[0]);
    }

    describe("broadcast against its model", () => {
      const capacity = fc.integer({ min: 1, max: 6 });

      test("any order of sends, receives, subscriptions, drops and polls", () => {
        fc.assert(fc.property(capacity, fc.array(step, { maxLength: 100 }), run), { numRuns: 600 });
      });

      test("and the senders disposed somewhere in between", () => {
        const steps = fc.array(step, { maxLength: 40 });
        fc.assert(
          fc.property(capacity, steps, steps, steps, (n, before, between, after) => {
            const dispose = { do: "disposeSender", which: 0 };
            run(n, [...before, dispose, ...between, dispose, dispose, ...after]);
          }),
          { numRuns: 400 },
        );
      });
    });
  });
}
