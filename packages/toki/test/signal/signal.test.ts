// This process sends signals to itself: each test has one of its own, since a listener stays for the life of the process.
import assert from "node:assert/strict";
import { constants } from "node:os";
import { describe, test } from "node:test";
import {
  DriverDisabledError,
  type Future,
  Handle,
  NoRuntimeError,
  pollFn,
  Runtime,
  select,
  spawn,
  yieldNow,
} from "toki";
import { ctrlC, type Signal, SignalKind, signal } from "toki/signal";
import { assertPending, assertReady, testTask, test as toki } from "toki/test";
import { turns, until } from "../net/support.js";

const windows = process.platform === "win32" && "signals cannot be sent to a process on Windows";

/** Sends a signal to this process and waits until Node has delivered it. */
function send(name: NodeJS.Signals): Future<void> {
  let delivered = false;
  process.once(name, () => {
    delivered = true;
  });
  process.kill(process.pid, name);
  return until(() => delivered, `delivery of ${name}`);
}

describe("signal", { skip: windows }, () => {
  test(
    "recv waits for the signal",
    toki(function* () {
      const hangups = signal(SignalKind.hangup());
      const task = testTask(hangups.recv());
      assertPending(task.poll());
      yield* turns();
      assert.equal(task.isWoken, false);
      yield* send("SIGHUP");
      assert.equal(task.isWoken, true);
      assertReady(task.poll());
      assert.throws(() => task.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
      using next = testTask(hangups.recv());
      assertPending(next.poll());
    }),
  );

  test(
    "arrivals between two receives are remembered, as one",
    toki(function* () {
      const signals = signal("SIGHUP");
      for (let i = 0; i < 3; i++) yield* send("SIGHUP");
      assertReady(testTask(signals.recv()).poll());
      using second = testTask(signals.recv());
      assertPending(second.poll());
      yield* send("SIGHUP");
      assert.ok(second.isWoken);
      assertReady(second.poll());
    }),
  );

  test(
    "every listener is notified, and those made later are not",
    toki(function* () {
      const listeners = [signal("SIGALRM"), signal(SignalKind.alarm())];
      const tasks = listeners.map((one) => testTask(one.recv()));
      for (const task of tasks) assertPending(task.poll());
      yield* send("SIGALRM");
      using late = testTask(signal("SIGALRM").recv());
      assertPending(late.poll());
      for (const task of tasks) {
        assert.ok(task.isWoken);
        assertReady(task.poll());
      }
      assert.equal(late.isWoken, false);
    }),
  );

  test(
    "cancel: an arrival that woke a receive which was then dropped stays for the next",
    toki(function* () {
      const signals = signal("SIGQUIT");
      const dropped = testTask(signals.recv());
      assertPending(dropped.poll());
      yield* send("SIGQUIT");
      assert.ok(dropped.isWoken);
      dropped[Symbol.dispose]();
      assertReady(testTask(signals.recv()).poll());
      const aborted = spawn(signals.recv());
      yield* yieldNow();
      aborted.abort();
      yield* yieldNow();
      yield* send("SIGQUIT");
      assertReady(testTask(signals.recv()).poll());
    }),
  );

  test(
    "a second receive beside one that waits is refused",
    toki(function* () {
      const signals = signal("SIGCONT");
      using first = testTask(signals.recv());
      assertPending(first.poll());
      assert.throws(() => testTask(signals.recv()).poll(), { code: "TOKI_FUTURE_IN_USE" });
      assert.throws(() => testTask(pollFn<void>((cx) => signals.pollRecv(cx))).poll(), { code: "TOKI_FUTURE_IN_USE" });
    }),
  );

  test(
    "pollRecv wakes the waker of the latest call",
    toki(function* () {
      const signals = signal("SIGWINCH");
      const poll = () => testTask(pollFn<void>((cx) => signals.pollRecv(cx)));
      const [first, second] = [poll(), poll()];
      assertPending(first.poll());
      assertPending(second.poll());
      yield* send("SIGWINCH");
      assert.deepEqual([first.isWoken, second.isWoken], [false, true]);
      assertReady(second.poll());
      assertPending(first.poll());
    }),
  );

  test(
    "a wait shows in await trees",
    toki(function* () {
      assert.equal(signal("SIGUSR2").recv().describe(), "signal SIGUSR2 recv");
      assert.equal(ctrlC().describe(), "ctrlC");
    }),
  );
});

describe("ctrlC", { skip: windows }, () => {
  test(
    "listens from its first poll on",
    toki(function* () {
      const early = testTask(ctrlC(), { runtime: Handle.current() });
      const unpolled = testTask(ctrlC(), { runtime: Handle.current() });
      assert.equal(process.listenerCount("SIGINT"), 0);
      assertPending(early.poll());
      assert.equal(process.listenerCount("SIGINT"), 1);
      yield* send("SIGINT");
      assert.ok(early.isWoken);
      assertReady(early.poll());
      assertPending(unpolled.poll());
      unpolled[Symbol.dispose]();
      assert.equal(process.listenerCount("SIGINT"), 1);
    }),
  );

  test(
    "cancel: losing a select drops the wait, not the listener; everybody who waits gets the next",
    toki(function* () {
      const { key } = yield* select({ ctrlC: ctrlC(), other: yieldNow() });
      assert.equal(key, "other");
      const waiting = [spawn(ctrlC()), spawn(ctrlC())];
      yield* yieldNow();
      yield* send("SIGINT");
      for (const task of waiting) yield* task;
    }),
  );
});

describe("SignalKind", () => {
  test("has Tokio's names", () => {
    const names = (
      [
        "hangup",
        "interrupt",
        "terminate",
        "quit",
        "userDefined1",
        "userDefined2",
        "pipe",
        "alarm",
        "child",
        "io",
        "windowChange",
        "info",
      ] as const
    ).map((kind) => SignalKind[kind]().name);
    assert.deepEqual(names, [
      "SIGHUP",
      "SIGINT",
      "SIGTERM",
      "SIGQUIT",
      "SIGUSR1",
      "SIGUSR2",
      "SIGPIPE",
      "SIGALRM",
      "SIGCHLD",
      "SIGIO",
      "SIGWINCH",
      "SIGINFO",
    ]);
    assert.equal(String(SignalKind.terminate()), "SIGTERM");
  });

  test("knows the platform's numbers", () => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      assert.equal(SignalKind.fromRaw(constants.signals[name]).name, name);
      assert.equal(SignalKind.fromRaw(constants.signals[name]).asRawValue(), constants.signals[name]);
    }
    assert.throws(() => SignalKind.fromRaw(12345), { name: "IoError", kind: "unsupported" });
    assert.throws(() => SignalKind.fromRaw("2" as never), { argument: "value" });
    if (!("SIGINFO" in constants.signals)) {
      assert.throws(() => SignalKind.info().asRawValue(), { kind: "unsupported" });
    }
  });
});

describe("what cannot be listened for", () => {
  test(
    "is refused at the call",
    toki(function* () {
      for (const name of ["SIGKILL", "SIGSTOP", "SIGSEGV", "SIGILL", "SIGFPE"]) {
        assert.throws(() => signal(name), { name: "IoError", kind: "invalidInput" });
      }
      assert.throws(() => signal("SIGNOSUCH"), { name: "IoError", kind: "unsupported" });
      assert.throws(() => signal(15 as never), { name: "InvalidArgumentError", argument: "kind" });
    }),
  );

  test("nor outside a runtime: signal throws at the call, ctrlC at its first poll", () => {
    assert.throws(() => signal("SIGTERM"), NoRuntimeError);
    const wait = testTask(ctrlC());
    assert.throws(() => wait.poll(), NoRuntimeError);
  });

  test("nor on a runtime whose IO is disabled", async () => {
    const rt = new Runtime({ enableIo: false });
    await assert.rejects(() => rt.run(ctrlC()), DriverDisabledError);
    await assert.rejects(
      () =>
        rt.run(function* (): Generator<never, Signal> {
          return signal("SIGTERM");
        }),
      DriverDisabledError,
    );
    await rt.shutdown();
  });
});
