// One guarded request, then three at once, each with a deadline of its own. The three are lazy: they start at the join.
// Program 55.
import { ElapsedError, fn, join, main, pause, select, sleep, timeout } from "toki";

const request = fn(function* request<T>(name: string, ms: number, value: T) {
  console.log(`${name} starts`);
  yield* sleep(ms);
  return value;
});

const orElse = fn(function* orElse<T>(ms: number, future: ReturnType<typeof request<T>>, fallback: T) {
  try {
    return yield* timeout(ms, future);
  } catch (error) {
    if (!(error instanceof ElapsedError)) throw error;
    return fallback;
  }
});

const fetchDashboard = fn(function* fetchDashboard() {
  const posts = request("posts", 800, ["first post"]);
  const notifications = request("notifications", 60_000, 3);
  const settings = request("settings", 500, "dark");

  const user = yield* select({ user: request("user", 300, "alice"), timeout: sleep({ seconds: 2 }) });
  if (user.key === "timeout") throw new Error("user: deadline has elapsed");

  const [p, n, s] = yield* join(
    orElse(5000, posts, []),
    orElse(3000, notifications, 0),
    orElse(1000, settings, "light"),
  );
  return { user: user.value, posts: p, notifications: n, settings: s };
});

await main(
  function* () {
    pause(); // real deadlines, no waiting
    console.log(yield* fetchDashboard());
  },
  { flavor: "currentThread" },
);
