// A JoinSet owns its tasks: results come as they are ready, and disposing of the set aborts what is left.
// Program 61.
import { fn, JoinSet, main, pause, sleep } from "toki";

const fetchUser = fn(function* fetchUser(id: number) {
  try {
    yield* sleep(id === 13 ? 10 : 100 - 10 * id); // the last is the first
    if (id === 13) throw new Error(`user ${id}: not found`);
    return `user ${id}`;
  } finally {
    if (id === 0) console.log("(fetch of user 0 is over)");
  }
});

const fetchAllUsers = fn(function* fetchAllUsers(ids: readonly number[]) {
  using set = new JoinSet<string>();
  for (const id of ids) set.spawn(fetchUser(id));
  const users: string[] = [];
  for (let joined = yield* set.joinNext(); joined !== undefined; joined = yield* set.joinNext()) {
    if (!joined.ok) throw joined.error.cause;
    users.push(joined.value);
  }
  return users;
});

await main(
  function* () {
    pause();
    console.log(yield* fetchAllUsers([0, 1, 2, 3]));
    try {
      yield* fetchAllUsers([0, 13, 2]);
    } catch (error) {
      console.log((error as Error).message);
    }
  },
  { flavor: "currentThread" },
);
