// Readings come through a channel; a stream leaves out what is noise, collects the rest into batches, and looks each batch up, two at a time.
// Program 68, with a stream between the channel and the database.
import { fn, Instant, main, pause, sleep, spawn } from "toki";
import { stream } from "toki/stream";
import { mpsc } from "toki/sync";

const measure = fn(function* measure(sender: mpsc.Sender<number>) {
  using tx = sender;
  for (let n = 1; n <= 12; n++) {
    yield* sleep(n === 7 ? 100 : 4); // a pause in the middle
    yield* tx.send(n);
  }
});

const store = fn(function* store(batch: readonly number[]) {
  yield* sleep(30);
  return `stored ${batch.join(", ")}`;
});

await main(
  function* () {
    pause();
    const start = Instant.now();
    const [tx, rx] = mpsc.channel<number>(100);
    spawn(measure(tx));

    yield* stream(rx)
      .filter((n) => n % 5 !== 0)
      .chunksTimeout(4, 50) // four of them, or what is there 50 ms after the first
      .map((batch) => store(batch)) // a future: nothing runs yet
      .buffered(2) // two at once, in order
      .forEach((line) => {
        console.log(`${Math.round(start.elapsed())} ms: ${line}`);
      });
    console.log("the channel is closed");
  },
  { flavor: "currentThread" },
);
