import { fn, Instant, join, sleep } from "toki";
import type { Section } from "./report.js";

const fetchUser = fn(function* fetchUser() {
  yield* sleep(200);
  return "alice";
});

const fetchOrders = fn(function* fetchOrders() {
  yield* sleep(300);
  return ["book", "pen"];
});

export const joining: Section = {
  key: "join",
  title: "Two requests, 200 and 300 ms: one after the other, then with join",
  run: fn(function* joining(progress: (text: string) => void) {
    progress("one after the other");
    let start = Instant.now();
    const user = yield* fetchUser();
    const orders = yield* fetchOrders();
    const sequentialMs = Math.round(start.elapsed());

    progress("join");
    start = Instant.now();
    const both = yield* join(fetchUser(), fetchOrders());
    const joinMs = Math.round(start.elapsed());
    return {
      ok: both[0] === user && both[1].length === orders.length,
      figures: { sequentialMs, joinMs },
      lines: [`${sequentialMs} ms, then ${joinMs} ms: futures are lazy, join drives both on one task`],
    };
  }),
};
