import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InvalidArgumentError, NotSendError, Pending, pending } from "toki";
import * as shared from "toki/shared";
import * as sync from "toki/sync";
import { assertPending, assertReady, type Spawn, testTask } from "toki/test";
import { PollSemaphore, PollSendError, PollSender } from "toki/util";

/** Something to be woken. */
const harness = (): Spawn<never> => testTask(pending());

const implementations = [
  { name: "toki/sync", module: sync, isShared: false },
  { name: "toki/shared", module: shared as unknown as typeof sync, isShared: true },
];

for (const { name, module, isShared } of implementations) {
  const { Semaphore, mpsc } = module;

  describe(`PollSemaphore [${name}]`, () => {
    it("gives a permit at once, or wakes when there is one", () => {
      const semaphore = new Semaphore(1);
      const poller = new PollSemaphore(semaphore);
      assert.equal(poller.semaphore, semaphore);
      const task = harness();
      task.enter((cx) => {
        const permit = assertReady(poller.pollAcquire(cx)) as sync.SemaphorePermit;
        assertPending(poller.pollAcquire(cx));
        assertPending(poller.pollAcquire(cx));
        permit.release();
      });
      if (!isShared) assert(task.isWoken);
      task.enter((cx) => assert.equal(assertReady(poller.pollAcquire(cx))?.numPermits, 1));
      assert.equal(semaphore.availablePermits, 0);
    });

    it("undefined once the semaphore is closed, before or while it waits", () => {
      const semaphore = new Semaphore(0);
      const poller = new PollSemaphore(semaphore);
      const task = harness();
      task.enter((cx) => assertPending(poller.pollAcquire(cx)));
      semaphore.close();
      task.enter((cx) => {
        assert.equal(assertReady(poller.pollAcquire(cx)), undefined);
        assert.equal(assertReady(poller.pollAcquire(cx)), undefined);
      });
    });

    it("another number of permits is another request, at the end of the line", () => {
      const semaphore = new Semaphore(1);
      const [one, other] = [new PollSemaphore(semaphore), new PollSemaphore(semaphore)];
      const task = harness();
      task.enter((cx) => {
        assertPending(one.pollAcquireMany(cx, 2));
        assert.equal(semaphore.availablePermits, 0, "it collects");
        assertPending(other.pollAcquireMany(cx, 2));
        assertPending(one.pollAcquireMany(cx, 3));
        semaphore.addPermits(1);
        assertPending(one.pollAcquireMany(cx, 3));
        assert.equal(assertReady(other.pollAcquireMany(cx, 2))?.numPermits, 2);
        assert.throws(
          () => one.pollAcquireMany(cx, -1),
          (error) => error instanceof InvalidArgumentError && error.argument === "n",
        );
        semaphore.addPermits(3);
        assert.equal(assertReady(one.pollAcquireMany(cx, 3))?.numPermits, 3);
      });
    });

    it("disposing it gives up its place, and what it had collected", () => {
      const semaphore = new Semaphore(1);
      const task = harness();
      {
        using poller = new PollSemaphore(semaphore);
        task.enter((cx) => assertPending(poller.pollAcquireMany(cx, 2)));
        assert.equal(semaphore.availablePermits, 0);
      }
      assert.equal(semaphore.availablePermits, 1);
      assert.throws(
        () => new PollSemaphore({} as never),
        (error) => error instanceof InvalidArgumentError && error.argument === "semaphore",
      );
    });
  });

  describe(`PollSender [${name}]`, () => {
    it("reserves, sends, and waits for the next slot", () => {
      const [tx, rx] = mpsc.channel<string>(1);
      const sender = new PollSender(tx);
      const task = harness();
      task.enter((cx) => {
        assert.throws(() => sender.sendItem("early"), /no slot is reserved/);
        assertReady(sender.pollReserve(cx));
        assertReady(sender.pollReserve(cx));
        sender.sendItem("a");
        assert.throws(() => sender.sendItem("b"), /no slot is reserved/);
        assertPending(sender.pollReserve(cx));
        assert.throws(() => sender.sendItem("b"), /no slot is reserved/);
      });
      assert.equal(rx.tryRecv(), "a");
      if (!isShared) assert(task.isWoken);
      task.enter((cx) => assertReady(sender.pollReserve(cx)));
      sender.sendItem("b");
      assert.equal(rx.tryRecv(), "b");
      sender[Symbol.dispose]();
      assert.throws(() => rx.tryRecv(), { kind: "disconnected" });
    });

    it("a channel that is closed: PollSendError, without a value and with it, for good", () => {
      const [tx, rx] = mpsc.channel<string>(1);
      const sender = new PollSender(tx);
      rx.close();
      harness().enter((cx) => {
        for (let i = 0; i < 2; i++) {
          assert.throws(
            () => sender.pollReserve(cx),
            (error) =>
              error instanceof PollSendError && error.value === undefined && error.code === "TOKI_CHANNEL_CLOSED",
          );
        }
        assert.throws(
          () => sender.sendItem("lost"),
          (error) => error instanceof PollSendError && error.value === "lost",
        );
      });
      assert.equal(sender.isClosed, true);
      assert.equal(sender.inner, undefined);
    });

    it("the receiver closes while it waits for a slot", () => {
      const [tx, rx] = mpsc.channel<string>(1);
      const sender = new PollSender(tx.clone());
      tx.trySend("full");
      const task = harness();
      task.enter((cx) => assertPending(sender.pollReserve(cx)));
      rx.close();
      task.enter((cx) => assert.throws(() => sender.pollReserve(cx), PollSendError));
      tx[Symbol.dispose]();
    });

    it("close: a slot that is reserved may still be sent into, or given up; the channel ends with the last sender", () => {
      for (const how of ["send", "abort", "dispose"] as const) {
        const [tx, rx] = mpsc.channel<string>(1);
        const sender = new PollSender(tx);
        harness().enter((cx) => assertReady(sender.pollReserve(cx)));
        sender.close();
        sender.close();
        assert.equal(sender.isClosed, true);
        assert.throws(() => rx.tryRecv(), { kind: "empty" });
        if (how === "send") {
          sender.sendItem("last");
          assert.equal(rx.tryRecv(), "last");
        } else if (how === "abort") assert.equal(sender.abortSend(), true);
        else sender[Symbol.dispose]();
        assert.throws(() => rx.tryRecv(), { kind: "disconnected" });
        assert.equal(sender.abortSend(), false);
        assert.throws(() => sender.sendItem("late"), PollSendError);
      }
    });

    it("close while it waits for a slot, or idle, ends it at once", () => {
      for (const waits of [true, false]) {
        const [tx, rx] = mpsc.channel<string>(1);
        const other = tx.clone();
        const sender = new PollSender(tx);
        other.trySend("full");
        if (waits) harness().enter((cx) => assertPending(sender.pollReserve(cx)));
        sender.close();
        rx.tryRecv();
        other.trySend("its place in line is free");
        other[Symbol.dispose]();
        rx.tryRecv();
        assert.throws(() => rx.tryRecv(), { kind: "disconnected" });
      }
    });

    it("abortSend gives a slot, or a place in line, to the next", () => {
      const [tx] = mpsc.channel<string>(1);
      const [one, other] = [new PollSender(tx.clone()), new PollSender(tx.clone())];
      tx[Symbol.dispose]();
      assert.equal(one.abortSend(), false);
      const task = harness();
      harness().enter((cx) => assertReady(one.pollReserve(cx)));
      task.enter((cx) => assertPending(other.pollReserve(cx)));
      assert.equal(one.abortSend(), true);
      task.enter((cx) => assertReady(other.pollReserve(cx)));
      harness().enter((cx) => assertPending(one.pollReserve(cx)));
      assert.equal(one.abortSend(), true);
      assert.equal(one.isClosed, false);
      other[Symbol.dispose]();
      harness().enter((cx) => assertReady(one.pollReserve(cx)));
      one[Symbol.dispose]();
    });

    it("a value that is refused leaves the slot reserved", () => {
      const [tx, rx] = mpsc.channel<unknown>(1);
      using sender = new PollSender(tx);
      harness().enter((cx) => assertReady(sender.pollReserve(cx)));
      assert.throws(() => sender.sendItem(undefined), InvalidArgumentError);
      if (isShared) assert.throws(() => sender.sendItem(() => {}), NotSendError);
      sender.sendItem(1);
      assert.equal(rx.tryRecv(), 1);
    });

    it("wants a bounded sender", () => {
      const [tx] = mpsc.unboundedChannel<string>();
      assert.throws(
        () => new PollSender(tx as never),
        (error) => error instanceof InvalidArgumentError && error.argument === "sender",
      );
      tx[Symbol.dispose]();
      assert.notEqual(Pending, undefined);
    });
  });
}
