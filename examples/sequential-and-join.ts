// Two requests one after the other, and the same two at once on one task.
// Programs 17, 47, 48.
import { fn, Instant, join, main, sleep } from "toki";

const fetchUser = fn(function* fetchUser(_id: number) {
  yield* sleep(200);
  return "alice";
});

const fetchOrders = fn(function* fetchOrders(_id: number) {
  yield* sleep(300);
  return ["book", "pen"];
});

const sequential = fn(function* sequential() {
  const user = yield* fetchUser(1);
  const orders = yield* fetchOrders(1);
  return [user, orders] as const;
});

const concurrent = fn(function* concurrent() {
  return yield* join(fetchUser(1), fetchOrders(1));
});

// Rounded to what the sleeps add up to: the machine adds a millisecond or two.
const roughly = (ms: number) => `about ${Math.round(ms / 100) * 100} ms`;

await main(function* () {
  for (const [name, both] of [
    ["sequential", sequential()],
    ["join", concurrent()],
  ] as const) {
    const start = Instant.now();
    const [user, orders] = yield* both;
    console.log(`${name}: ${user}, ${orders.length} orders, ${roughly(start.elapsed())}`);
  }
});
