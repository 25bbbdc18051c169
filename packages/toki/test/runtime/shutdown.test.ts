import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Context,
  fn,
  JoinError,
  pending,
  Runtime,
  RuntimeShutdownError,
  ready,
  sleep,
  spawn,
  timeout,
  tryTaskId,
  Waker,
  yieldNow,
} from "toki";
import { mpsc } from "toki/sync";
import { assertPending } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A task whose cleanup logs, awaits `gate`, and logs again; and a wrapper whose cleanup is synchronous. */
const guarded = fn(function* guarded(log: string[], gate: Gate) {
  try {
    try {
      yield* pending();
    } finally {
      log.push("inner begins");
      yield* gate;
      log.push("inner ends");
    }
  } finally {
    log.push("outer");
  }
});

const idle = fn(function* () {
  for (;;) yield* sleep({ hours: 1 });
});

const busy = fn(function* () {
  for (;;) yield* yieldNow();
});

for (const flavor of flavors) {
  describe(`Runtime.shutdown() [${flavor.name}]`, () => {
    test("cancels every task at its await and waits for all cleanup", async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      const gates = [new Gate(), new Gate()] as const;
      const handles = gates.map((gate) => rt.spawn(guarded(log, gate)));
      await rt.run(yieldNow());
      let closed = false;
      const done = rt.shutdown().then(() => (closed = true));
      await turn();
      assert.deepEqual(log, ["inner begins", "inner begins"]);
      gates[0].open();
      await turn();
      assert.equal(closed, false, "one cleanup is still at it");
      gates[1].open();
      await done;
      assert.deepEqual(log, ["inner begins", "inner begins", "inner ends", "outer", "inner ends", "outer"]);
      for (const handle of handles) {
        await assert.rejects(Promise.resolve(handle), (error) => error instanceof JoinError && error.isCancelled());
      }
    });

    test("a task that was never polled does not run at all", async () => {
      const rt = new Runtime(flavor.options);
      let ran = false;
      const handle = rt.spawn(function* () {
        ran = true;
      });
      await rt.shutdown();
      assert.equal(ran, false);
      assert.equal(handle.isFinished(), true);
    });

    test("of an empty runtime resolves, and again, and in parallel", async () => {
      const rt = new Runtime(flavor.options);
      await Promise.all([rt.shutdown(), rt.shutdown(), rt.shutdownTimeout(10)]);
      await rt.shutdown();
      rt.shutdownBackground();
    });

    test("two at the same time wait for the same cleanup", async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      const gate = new Gate();
      rt.spawn(guarded(log, gate));
      await rt.run(yieldNow());
      const ended: number[] = [];
      const first = rt.shutdown().then(() => ended.push(1));
      const second = rt.shutdown().then(() => ended.push(2));
      await turn();
      assert.deepEqual(ended, []);
      gate.open();
      await Promise.all([first, second]);
      assert.deepEqual(log, ["inner begins", "inner ends", "outer"]);
    });

    test("`await using` is the same thing", async () => {
      const log: string[] = [];
      const gate = new Gate();
      gate.open();
      {
        await using rt = new Runtime(flavor.options);
        rt.spawn(guarded(log, gate));
        await rt.run(yieldNow());
      }
      assert.deepEqual(log, ["inner begins", "inner ends", "outer"]);
    });

    test("cleanup may spawn: the new task comes back cancelled", async () => {
      const rt = new Runtime(flavor.options);
      let spawned: { isFinished(): boolean } | undefined;
      rt.spawn(function* () {
        try {
          yield* pending();
        } finally {
          spawned = spawn(ready(1));
        }
      });
      await rt.run(yieldNow());
      await rt.shutdown();
      assert.equal(spawned?.isFinished(), true);
    });

    test("cleanup may sleep: timers go on until it has ended", async () => {
      const rt = new Runtime(flavor.options);
      let slept = false;
      rt.spawn(function* () {
        try {
          yield* pending();
        } finally {
          yield* sleep(3);
          slept = true;
        }
      });
      await rt.run(yieldNow());
      await rt.shutdown();
      assert.equal(slept, true);
    });

    test("of an empty runtime waits for the cleanup of what is dropped right after", async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      const gate = new Gate();
      const dropped = guarded(log, gate);
      const guard = rt.enter();
      assertPending(dropped.poll(Context.fromWaker(Waker.noop)));
      const done = rt.shutdown();
      dropped[Symbol.dispose]();
      guard[Symbol.dispose]();
      setImmediate(() => gate.open());
      await done;
      assert.deepEqual(log, ["inner begins", "inner ends", "outer"]);
    });

    test("a run that is under way fails with RuntimeShutdownError after its own cleanup", async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      const running = rt.run(function* () {
        try {
          yield* pending();
        } finally {
          yield* yieldNow();
          log.push("cleanup");
        }
      });
      await turn();
      const done = rt.shutdown();
      await assert.rejects(running, (error) => error instanceof RuntimeShutdownError);
      await done;
      assert.deepEqual(log, ["cleanup"]);
    });

    test("a promise taken from a handle rejects as cancelled", async () => {
      const rt = new Runtime(flavor.options);
      const waiting = Promise.resolve(rt.spawn(pending()));
      await turn();
      await Promise.all([
        rt.shutdown(),
        assert.rejects(waiting, (error) => error instanceof JoinError && error.isCancelled()),
      ]);
    });

    test("from inside a task: it is cancelled at its next await like the others", async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      let done: Promise<void> | undefined;
      const handle = rt.spawn(function* () {
        done = rt.shutdown();
        log.push("goes on");
        try {
          yield* yieldNow();
          log.push("not reached");
        } finally {
          log.push("cleanup");
        }
      });
      const error = await Promise.resolve(handle).catch((e: unknown) => e);
      assert(error instanceof JoinError && error.isCancelled());
      await done;
      assert.deepEqual(log, ["goes on", "cleanup"]);
    });

    test("a task that finishes without another await keeps its value", async () => {
      const rt = new Runtime(flavor.options);
      let done: Promise<void> | undefined;
      const handle = rt.spawn(function* () {
        done = rt.shutdown();
        return "value";
      });
      assert.equal(await handle, "value");
      await done;
    });

    test("an error in cleanup stays with its handle, and the shutdown goes on", async () => {
      const rt = new Runtime({ ...flavor.options, onUnhandledFailure: () => {} });
      const handle = rt.spawn(function* () {
        try {
          yield* pending();
        } finally {
          throw new Error("cleanup failed");
        }
      });
      const other = new Gate();
      other.open();
      const log: string[] = [];
      rt.spawn(guarded(log, other));
      await rt.run(yieldNow());
      await rt.shutdown();
      assert.equal(log.length, 3);
      const error = await Promise.resolve(handle).catch((e: unknown) => e);
      assert(error instanceof JoinError && error.isPanic());
      assert.match(String(error.cause), /cleanup failed/);
    });

    test("a sleep of a runtime that is gone throws when it is polled", async () => {
      const rt = new Runtime(flavor.options);
      using guard = rt.enter();
      const orphan = sleep(1000);
      guard[Symbol.dispose]();
      await rt.shutdown();
      const other = new Runtime(flavor.options);
      await assert.rejects(other.run(orphan), (error) => error instanceof RuntimeShutdownError);
    });
  });

  describe(`a sleep in a task of another runtime [${flavor.name}]`, () => {
    test("throws when its own is shut down, bare or in `wrap`", async () => {
      const rt = new Runtime({ ...flavor.options, startPaused: false });
      const other = new Runtime({ flavor: "currentThread" });
      const guard = rt.enter();
      const bare = sleep(60_000);
      guard[Symbol.dispose]();
      const waits = [
        other.run(bare),
        other.run(
          rt.wrap(function* () {
            yield* sleep(60_000);
          }),
        ),
      ];
      const ends = Promise.allSettled(waits);
      // Nothing drives `rt` for the bare one, but it has been polled when this body runs.
      await other.run(yieldNow());
      await rt.shutdown();
      for (const end of await ends) assert((end as PromiseRejectedResult).reason instanceof RuntimeShutdownError);
    });

    test("as the deadline of a send: it waits no more, and takes no place in the channel", async () => {
      const rt = new Runtime({ ...flavor.options, startPaused: false });
      const other = new Runtime({ flavor: "currentThread" });
      const [tx, rx] = mpsc.channel<number>(1);
      tx.trySend(1);
      const guard = rt.enter();
      const sending = tx.sendTimeout(2, 60_000);
      guard[Symbol.dispose]();
      const end = Promise.allSettled([other.run(sending)]);
      await other.run(yieldNow());
      await rt.shutdown();
      assert(((await end)[0] as PromiseRejectedResult).reason instanceof RuntimeShutdownError);
      assert.equal(rx.tryRecv(), 1);
      tx.trySend(3);
      assert.equal(rx.tryRecv(), 3);
    });

    test("as the deadline of a timeout: what it limits is cleaned up first", async () => {
      const rt = new Runtime({ ...flavor.options, startPaused: false });
      const other = new Runtime({ flavor: "currentThread" });
      const log: string[] = [];
      const gate = new Gate();
      const guard = rt.enter();
      const limited = timeout(60_000, guarded(log, gate));
      guard[Symbol.dispose]();
      const end = Promise.allSettled([other.run(limited)]);
      await other.run(yieldNow());
      await rt.shutdown();
      gate.open();
      assert(((await end)[0] as PromiseRejectedResult).reason instanceof RuntimeShutdownError);
      assert.deepEqual(log, ["inner begins", "inner ends", "outer"]);
    });
  });

  describe(`Runtime.shutdownTimeout() [${flavor.name}]`, () => {
    test("waits for cleanup that ends in time", async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      const gate = new Gate();
      rt.spawn(guarded(log, gate));
      await rt.run(yieldNow());
      setImmediate(() => gate.open());
      await rt.shutdownTimeout(60_000);
      assert.deepEqual(log, ["inner begins", "inner ends", "outer"]);
    });

    test("cuts cleanup that waits for ever: its await ends, synchronous cleanup further out still runs", async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      const gate = new Gate();
      const handle = rt.spawn(guarded(log, gate));
      await rt.run(yieldNow());
      await rt.shutdownTimeout(5);
      assert.deepEqual(log, ["inner begins", "outer"]);
      assert.equal(handle.isFinished(), true);
      assert.equal(gate.drops, 1);
    });

    test("zero cuts at once", async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      rt.spawn(guarded(log, new Gate()));
      await rt.run(yieldNow());
      await rt.shutdownTimeout(0);
      assert.deepEqual(log, ["inner begins", "outer"]);
    });

    test("is legal inside blockOn, in which no callback of the event loop comes: cleanup is cut all the same", () => {
      for (const tooLong of [idle, busy]) {
        const rt = new Runtime(flavor.options);
        const log: string[] = [];
        const body = fn(function* () {
          rt.spawn(guarded(log, new Gate()));
          yield* yieldNow();
          try {
            void rt.shutdownTimeout(5);
            yield* pending();
          } finally {
            try {
              yield* tooLong();
            } finally {
              log.push("body");
            }
          }
        });
        assert.throws(() => rt.blockOn(body()), RuntimeShutdownError);
        assert.deepEqual(log.sort(), ["body", "inner begins", "outer"]);
      }
    });

    test("takes any duration, and rejects what is none", async () => {
      const rt = new Runtime(flavor.options);
      assert.throws(() => rt.shutdownTimeout(-1), { code: "TOKI_INVALID_ARGUMENT", argument: "duration" });
      assert.throws(() => rt.shutdownTimeout("5" as never), { code: "TOKI_INVALID_ARGUMENT" });
      assert.equal(await rt.run(ready(1)), 1, "a bad argument shuts nothing down");
      await rt.shutdownTimeout({ hours: 2 });
      await rt.shutdownTimeout(Number.POSITIVE_INFINITY);
    });
  });

  describe(`Runtime.shutdownBackground() [${flavor.name}]`, () => {
    test("is over when it returns: awaits in cleanup do not wait", async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      const handle = rt.spawn(guarded(log, new Gate()));
      await rt.run(yieldNow());
      rt.shutdownBackground();
      assert.deepEqual(log, ["inner begins", "outer"]);
      assert.equal(handle.isFinished(), true);
      assert.equal(rt.metrics().numAliveTasks, 0);
      assert.throws(() => rt.run(ready(1)), RuntimeShutdownError);
    });

    test("is legal inside a task of another runtime, and leaves that task as it was", async () => {
      const rt = new Runtime(flavor.options);
      const other = new Runtime(flavor.options);
      const log: string[] = [];
      other.spawn(guarded(log, new Gate()));
      await other.run(yieldNow());
      await rt.run(function* () {
        yield* spawn(function* () {
          const id = tryTaskId();
          other.shutdownBackground();
          assert.deepEqual(log, ["inner begins", "outer"]);
          assert.equal(tryTaskId(), id);
          yield* yieldNow();
          assert.equal(tryTaskId(), id);
          // Spawning and awaiting still goes to this runtime.
          assert.equal(yield* spawn(ready(4)), 4);
        });
      });
    });

    test("is legal inside a task of its own", async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      rt.spawn(guarded(log, new Gate()));
      const self = rt.spawn(function* () {
        yield* yieldNow();
        rt.shutdownBackground();
        log.push("returned");
        try {
          yield* yieldNow();
        } finally {
          log.push("own cleanup");
        }
      });
      const error = await Promise.resolve(self).catch((e: unknown) => e);
      assert(error instanceof JoinError && error.isCancelled());
      await turn();
      assert.deepEqual([...log].sort(), ["inner begins", "outer", "own cleanup", "returned"]);
    });

    test("is legal inside blockOn: no cleanup there waits", () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      const body = fn(function* () {
        rt.spawn(guarded(log, new Gate()));
        yield* yieldNow();
        try {
          rt.shutdownBackground();
          yield* pending();
        } finally {
          try {
            yield* pending();
          } finally {
            log.push("body");
          }
        }
      });
      assert.throws(() => rt.blockOn(body()), RuntimeShutdownError);
      assert.deepEqual(log.sort(), ["body", "inner begins", "outer"]);
    });

    test("ends cleanup that a shutdown() is waiting for", async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      rt.spawn(guarded(log, new Gate()));
      await rt.run(yieldNow());
      const waiting = rt.shutdown();
      await turn();
      assert.deepEqual(log, ["inner begins"]);
      rt.shutdownBackground();
      await waiting;
      assert.deepEqual(log, ["inner begins", "outer"]);
    });

    test("a cleanup that will not end is given up", async () => {
      const rt = new Runtime(flavor.options);
      let rounds = 0;
      const handle = rt.spawn(function* () {
        try {
          yield* pending();
        } finally {
          for (;;) {
            try {
              yield* pending();
            } finally {
              rounds++;
            }
          }
        }
      });
      await rt.run(yieldNow());
      rt.shutdownBackground();
      assert.equal(handle.isFinished(), true);
      assert(rounds > 0 && rounds < 1000);
    });
  });
}
