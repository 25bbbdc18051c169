import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Pending } from "toki";
import type { mpsc } from "toki/sync";
import { type Spawn, testTask } from "toki/test";
import fc from "../support/property.js";
import { implementations } from "./implementations.js";
import { ModelSemaphore, type ModelWaiter } from "./semaphore-model.js";

for (const { name: implementation, module } of implementations) {
  const { mpsc, SendError } = module;

  describe(implementation, () => {
    /*
     * A bounded channel against arrays: a fair semaphore of slots and a list of messages. After each step the observable state, and who was woken, must
     * agree; at the end everything is given up, and what was accepted must have been received, in order.
     */
    type Outcome = mpsc.PermitIterator<number> | undefined;

    interface Wait {
      readonly task: Spawn<Outcome>;
      readonly model: ModelWaiter;
      readonly message: number | undefined;
    }

    class Harness {
      readonly rx: mpsc.Receiver<number>;
      readonly senders: mpsc.Sender<number>[];
      readonly slots: ModelSemaphore;
      readonly messages: number[] = [];
      readonly waits: Wait[] = [];
      readonly permits: mpsc.Permit<number>[] = [];
      receiving: { task: Spawn<number | undefined>; woken: boolean } | undefined;
      closed = false;
      nextMessage = 0;
      readonly capacity: number;

      constructor(capacity: number) {
        const [tx, rx] = mpsc.channel<number>(capacity);
        this.capacity = capacity;
        this.senders = [tx];
        this.rx = rx;
        this.slots = new ModelSemaphore(capacity);
      }

      get ended(): boolean {
        const noMore = this.closed || this.senders.length === 0;
        return noMore && this.messages.length === 0 && this.slots.free === this.capacity;
      }

      /** The receiver has to look again, if it waits. */
      nudge(): void {
        if (this.receiving !== undefined && (this.ended || this.messages.length > 0)) this.receiving.woken = true;
      }

      deliver(message: number): void {
        this.messages.push(message);
        if (this.receiving !== undefined) this.receiving.woken = true;
      }

      start(n: number, message: number | undefined): void {
        const tx = this.senders[0];
        if (tx === undefined) return;
        const task = (
          message === undefined ? testTask(tx.reserveMany(n)) : testTask(tx.send(message))
        ) as Spawn<Outcome>;
        if (this.closed) {
          assert.throws(() => task.poll(), SendError);
          return;
        }
        const model = this.slots.acquire(n);
        const outcome = task.poll();
        if (model === undefined) this.finish(outcome, message);
        else {
          assert.equal(outcome, Pending);
          this.waits.push({ task, model, message });
        }
      }

      private finish(outcome: Outcome | typeof Pending, message: number | undefined): void {
        assert.notEqual(outcome, Pending);
        if (message !== undefined) this.deliver(message);
        else for (const permit of outcome as mpsc.PermitIterator<number>) this.permits.push(permit);
      }

      poll(at: number): void {
        const wait = this.waits[at];
        if (wait === undefined) return;
        wait.model.woken = false;
        if (this.closed) {
          assert.throws(
            () => wait.task.poll(),
            (error) => error instanceof SendError && error.value === wait.message,
          );
          this.waits.splice(at, 1);
          this.slots.leave(wait.model);
          this.nudge();
          return;
        }
        const outcome = wait.task.poll();
        assert.equal(outcome === Pending, wait.model.missing > 0);
        if (outcome === Pending) return;
        this.waits.splice(at, 1);
        this.finish(outcome, wait.message);
      }

      drop(at: number, cancel: boolean): void {
        const [wait] = this.waits.splice(at, 1);
        if (wait === undefined) return;
        if (cancel) wait.task.cancel();
        else wait.task[Symbol.dispose]();
        this.slots.leave(wait.model);
        this.nudge();
      }

      usePermit(at: number, send: boolean): void {
        const [permit] = this.permits.splice(at, 1);
        if (permit === undefined) return;
        if (send) {
          const message = this.nextMessage++;
          permit.send(message);
          this.deliver(message);
        } else {
          permit.release();
          this.slots.give(1);
          this.nudge();
        }
      }

      trySend(): void {
        const tx = this.senders[0];
        if (tx === undefined) return;
        const message = this.nextMessage++;
        if (!this.closed && this.slots.free > 0) {
          tx.trySend(message);
          this.slots.free--;
          this.deliver(message);
        } else {
          const kind = this.closed ? "closed" : "full";
          assert.throws(
            () => tx.trySend(message),
            (error) => error instanceof mpsc.TrySendError && error.kind === kind && error.value === message,
          );
        }
      }

      recv(): void {
        this.receiving ??= { task: testTask(this.rx.recv()), woken: false };
        this.receiving.woken = false;
        const outcome = this.receiving.task.poll();
        if (outcome !== Pending) this.receiving = undefined;
        if (this.messages.length > 0) {
          assert.equal(outcome, this.messages.shift());
          this.slots.give(1);
        } else assert.equal(outcome, this.ended ? undefined : Pending);
      }

      dropRecv(cancel: boolean): void {
        if (cancel) this.receiving?.task.cancel();
        else this.receiving?.task[Symbol.dispose]();
        this.receiving = undefined;
      }

      tryRecv(): void {
        if (this.messages.length > 0) {
          assert.equal(this.rx.tryRecv(), this.messages.shift());
          this.slots.give(1);
        } else {
          const kind = this.ended ? "disconnected" : "empty";
          assert.throws(
            () => this.rx.tryRecv(),
            (error) => error instanceof mpsc.TryRecvError && error.kind === kind,
          );
        }
      }

      recvMany(limit: number): void {
        const task = testTask(this.rx.recvMany(limit));
        if (this.messages.length > 0 || this.ended || limit === 0) {
          const expected = this.messages.splice(0, limit);
          assert.deepEqual(task.poll(), expected);
          this.slots.give(expected.length);
        } else if (this.receiving === undefined) {
          assert.equal(task.poll(), Pending);
          task.cancel();
        }
      }

      close(): void {
        this.rx.close();
        if (this.closed) return;
        this.closed = true;
        this.slots.close();
        if (this.receiving !== undefined) this.receiving.woken = true;
      }

      cloneSender(): void {
        const tx = this.senders[0];
        if (tx !== undefined) this.senders.push(tx.clone());
      }

      disposeSender(): void {
        this.senders.pop()?.[Symbol.dispose]();
        if (this.senders.length === 0 && this.receiving !== undefined) this.receiving.woken = true;
      }

      check(): void {
        assert.equal(this.rx.capacity, this.slots.free);
        assert.equal(this.rx.length, this.messages.length);
        assert.equal(this.rx.isClosed, this.closed || this.senders.length === 0);
        assert.equal(this.rx.senderStrongCount, this.senders.length);
        for (const wait of this.waits) assert.equal(wait.task.isWoken, wait.model.woken);
        // A receiver may be told once more than it needs to be (the last sender went, a permit is still out), never once less.
        if (this.receiving?.woken === true) assert.equal(this.receiving.task.isWoken, true);
        const assigned = this.waits.reduce((sum, { model }) => sum + model.n - model.missing, 0);
        assert.equal(this.slots.free + assigned + this.permits.length + this.messages.length, this.capacity);
      }
    }

    const step = fc.record({
      do: fc.constantFrom(
        ...[
          "send",
          "send",
          "send",
          "send",
          "trySend",
          "reserve",
          "reserve",
          "poll",
          "poll",
          "poll",
          "cancel",
          "dispose",
        ],
        ...[
          "permitSend",
          "permitSend",
          "permitRelease",
          "recv",
          "recv",
          "recv",
          "recv",
          "tryRecv",
          "recvMany",
          "dropRecv",
          "clone",
        ],
      ),
      which: fc.nat(20),
    });
    type Step = { do: string; which: number };

    function apply(h: Harness, { do: what, which }: Step): void {
      const at = (list: readonly unknown[]) => which % Math.max(1, list.length);
      const actions: Record<string, () => void> = {
        send: () => h.start(1, h.nextMessage++),
        trySend: () => h.trySend(),
        reserve: () => h.start(Math.min(which % 4, h.capacity), undefined),
        poll: () => h.poll(at(h.waits)),
        cancel: () => h.drop(at(h.waits), true),
        dispose: () => h.drop(at(h.waits), false),
        permitSend: () => h.usePermit(at(h.permits), true),
        permitRelease: () => h.usePermit(at(h.permits), false),
        recv: () => h.recv(),
        tryRecv: () => h.tryRecv(),
        recvMany: () => h.recvMany(which % 5),
        dropRecv: () => h.dropRecv(which % 2 === 0),
        clone: () => h.cloneSender(),
        close: () => h.close(),
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
        h.check();
      }
      // Everything is given up or taken: the channel has to come to its end, with all slots free.
      while (h.senders.length > 0) h.disposeSender();
      while (h.waits.length > 0) h.drop(0, true);
      while (h.permits.length > 0) h.usePermit(0, false);
      while (h.messages.length > 0) h.recv();
      h.check();
      h.recv();
      assert.equal(h.receiving, undefined, "recv should have ended");
      assert.equal(h.rx.capacity, capacity);
    }

    describe("bounded mpsc against its model", () => {
      const capacity = fc.integer({ min: 1, max: 4 });

      test("any order of sends, reservations, receives, drops and polls", () => {
        fc.assert(fc.property(capacity, fc.array(step, { maxLength: 100 }), run), { numRuns: 600 });
      });

      for (const end of ["close", "disposeSender"]) {
        test(`and a ${end} somewhere in between`, () => {
          fc.assert(
            fc.property(
              capacity,
              fc.array(step, { maxLength: 40 }),
              fc.array(step, { maxLength: 40 }),
              (n, before, after) => run(n, [...before, { do: end, which: 0 }, ...after]),
            ),
            { numRuns: 400 },
          );
        });
      }
    });
  });
}
