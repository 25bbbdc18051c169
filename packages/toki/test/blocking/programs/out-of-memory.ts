import { type JoinError, main, spawnBlocking } from "toki";
import { add, exhaust } from "../jobs.js";

await main(function* () {
  try {
    yield* spawnBlocking(exhaust());
  } catch (error) {
    const cause = (error as JoinError).cause as Error;
    console.log(cause.name, (cause.cause as { code: string }).code);
  }
  console.log(yield* spawnBlocking(add(1, 2)));
});
