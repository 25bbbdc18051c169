import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Handle, Instant, InvalidArgumentError, MisuseError, main, pending, ready, sleep, spawn, yieldNow } from "toki";
import { since } from "../support/elapsed.js";

describe("main()", () => {
  test("gives the body's value, takes a future as well as a body", async () => {
    assert.equal(await main(ready(7)), 7);
    assert.equal(
      await main(function* () {
        yield* yieldNow();
        return "value";
      }),
      "value",
    );
  });

  test("rejects with what the body throws: the very same value", async () => {
    const reason = new Error("reason");
    const error = await main(function* () {
      yield* yieldNow();
      throw reason;
    }).catch((e: unknown) => e);
    assert.equal(error, reason);
  });

  test("takes the options of a runtime", async () => {
    await main(
      function* () {
        assert.equal(Handle.current().name, "program");
        const start = Instant.now();
        yield* sleep({ hours: 5 });
        assert.equal(since(start), 18_000_000);
      },
      { name: "program", startPaused: true },
    );
  });

  test("resolves after the cleanup of every task", async () => {
    const log: string[] = [];
    await main(function* () {
      spawn(function* () {
        try {
          yield* pending();
        } finally {
          yield* sleep(2);
          log.push("cleanup");
        }
      });
      yield* yieldNow();
    });
    assert.deepEqual(log, ["cleanup"]);
  });

  test("leaves no listener and no current runtime behind, whatever the end", async () => {
    const before = ["SIGINT", "SIGTERM", "beforeExit"].map((name) => process.listenerCount(name));
    await main(ready(1));
    await main(function* () {
      throw new Error("x");
    }).catch(() => {});
    assert.deepEqual(
      ["SIGINT", "SIGTERM", "beforeExit"].map((name) => process.listenerCount(name)),
      before,
    );
    assert.equal(Handle.tryCurrent(), undefined);
  });

  test("rejects bad options and bodies", async () => {
    await assert.rejects(main(ready(1), { signals: "SIGINT" as never }), (error) => {
      assert(error instanceof InvalidArgumentError);
      assert.equal(error.argument, "signals");
      return true;
    });
    await assert.rejects(main(ready(1), { eventInterval: 0 }), { code: "TOKI_INVALID_ARGUMENT" });
    await assert.rejects(main(ready(1), { flavor: "manyThreads" as never }), /currentThread/);
    await assert.rejects(main(5 as never), MisuseError);
    await assert.rejects(main(Promise.resolve(1) as never), MisuseError);
    await assert.rejects(main(ready(1), { signals: ["SIGKILL"] }));
  });

  test("a bad body leaves no listener behind either", async () => {
    const before = process.listenerCount("SIGINT");
    await main(5 as never).catch(() => {});
    await main(ready(1), { eventInterval: 0 }).catch(() => {});
    assert.equal(process.listenerCount("SIGINT"), before);
  });

  test("nor does a signal that nobody can listen for", async () => {
    const before = process.listenerCount("SIGINT");
    await main(ready(1), { signals: ["SIGINT", "SIGKILL"] }).catch(() => {});
    assert.equal(process.listenerCount("SIGINT"), before);
  });
});
