// Programs about join and select, with the articles' durations on a clock that stands.
import assert from "node:assert/strict";
import test from "node:test";
import { ElapsedError, type Future, fn, Instant, join, ready, select, sleep, spawn, timeout } from "toki";
import { oneshot } from "toki/sync";
import { ms, virtual } from "./support.js";

const fetchUser = fn(function* fetchUser() {
  yield* sleep(200);
  return "alice";
});
const fetchOrders = fn(function* fetchOrders() {
  yield* sleep(300);
  return ["book", "pen"];
});

test(
  "programs 17, 47, 48: 500 ms one after the other, 300 ms with join, the same values",
  virtual(function* () {
    const start = Instant.now();
    const user = yield* fetchUser();
    const orders = yield* fetchOrders();
    assert.equal(ms(start.elapsed()), 500);

    const again = Instant.now();
    assert.deepEqual(yield* join(fetchUser(), fetchOrders()), [user, orders]);
    assert.equal(ms(again.elapsed()), 300);
  }),
);

test(
  "program 33: 200 ms against 100 ms gives undefined after 100 ms, and the fetch never finishes",
  virtual(function* () {
    let finished = false;
    const fetchData = fn(function* fetchData() {
      yield* sleep(200);
      finished = true;
      return "data";
    });
    const withTimeout = fn(function* withTimeout() {
      const winner = yield* select({ data: fetchData(), timeout: sleep(100) });
      return winner.key === "data" ? winner.value : undefined;
    });
    const start = Instant.now();
    assert.equal(yield* withTimeout(), undefined);
    assert.equal(ms(start.elapsed()), 100);
    yield* sleep(1000);
    assert.equal(finished, false);
  }),
);

test(
  "program 49: only the faster branch's handler runs",
  virtual(function* () {
    const handlers: string[] = [];
    const winner = yield* select({ user: fetchUser(), timeout: sleep({ seconds: 5 }) });
    if (winner.key === "user") handlers.push(winner.value);
    else handlers.push("timeout");
    assert.deepEqual(handlers, ["alice"]);
  }),
);

const writeBoth = fn(function* writeBoth(log: string[]) {
  log.push("debited");
  yield* sleep(100);
  log.push("credited");
});

test(
  "program 50: a write that loses a select stops at its await, half done",
  virtual(function* () {
    const log: string[] = [];
    const { key } = yield* select({ write: writeBoth(log), timeout: sleep(50) });
    assert.equal(key, "timeout");
    yield* sleep(1000);
    assert.deepEqual(log, ["debited"]);
  }),
);

test(
  "programs 51, 85: spawned, with the answer by oneshot, the write completes after the timeout",
  virtual(function* () {
    const log: string[] = [];
    const [tx, rx] = oneshot<string>();
    spawn(function* () {
      yield* writeBoth(log);
      if (!tx.isClosed) tx.send("written");
    });
    const { key } = yield* select({ write: rx, timeout: sleep(50) });
    assert.equal(key, "timeout");
    assert.deepEqual(log, ["debited"]);
    yield* sleep(1000);
    assert.deepEqual(log, ["debited", "credited"]);
  }),
);

test(
  "program 52: biased, the first branch always wins when both are ready",
  virtual(function* () {
    for (let i = 0; i < 1000; i++) {
      const { key } = yield* select({ critical: ready(1), lessImportant: ready(2) }, { biased: true });
      assert.equal(key, "critical");
    }
  }),
);

test(
  "program 55: the three requests start at the join, not before, and each has its own deadline",
  virtual(function* () {
    const start = Instant.now();
    const begun: [string, number][] = [];
    const request = fn(function* request(name: string, duration: number) {
      begun.push([name, ms(start.elapsed())]);
      yield* sleep(duration);
      return name;
    });
    const orElse = fn(function* orElse(limit: number, future: Future<string>) {
      try {
        return yield* timeout(limit, future);
      } catch (error) {
        if (!(error instanceof ElapsedError)) throw error;
        return "fallback";
      }
    });
    const posts = request("posts", 4000);
    const notifications = request("notifications", 60_000);
    const settings = request("settings", 500);
    const user = yield* select({ user: request("user", 300), timeout: sleep({ seconds: 2 }) });
    assert.equal(user.key, "user");
    const rest = yield* join(orElse(5000, posts), orElse(3000, notifications), orElse(1000, settings));
    assert.deepEqual(rest, ["posts", "fallback", "settings"]);
    assert.deepEqual(begun, [
      ["user", 0],
      ["posts", 300],
      ["notifications", 300],
      ["settings", 300],
    ]);
    assert.equal(ms(start.elapsed()), 4300);
  }),
);
