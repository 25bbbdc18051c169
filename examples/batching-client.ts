// Many small calls become few batches: a batch goes out when it is full or when its time is up, and each caller gets its own result.
// Program 75; the article's version never replies and never ends. Here nothing has to end: a batch is a task that is over with its answers.
import { fn, Instant, join, main, pause, sleep } from "toki";
import { batcher } from "toki/util";

let started: Instant;

const sendBatch = fn(function* sendBatch(ids: readonly number[]) {
  console.log(`batch of ${ids.length} at ${Math.round(started.elapsed())} ms`);
  yield* sleep(5);
  return ids.map((id) => `result ${id}`);
});

await main(
  function* () {
    pause();
    started = Instant.now();
    const client = batcher(sendBatch, { maxSize: 4, maxWait: 50 });
    console.log(yield* join(...[1, 2, 3, 4, 5, 6].map((id) => client.call(id))));
    console.log("still collecting:", client.pending);
  },
  { flavor: "currentThread" },
);
