// A stream goes through a bounded channel into a database. The producer waits while 100 are unread; when one side ends, so does the other.
// Program 68.
import { fn, main, pause, sleep, tryJoin } from "toki";
import { mpsc, SendError } from "toki/sync";

function* numbers(to: number): Generator<number> {
  for (let i = 0; i < to; i++) yield i;
}

let sent = 0;

const produce = fn(function* produce(items: Iterable<number>, sender: mpsc.Sender<number>) {
  using tx = sender;
  for (const item of items) {
    yield* tx.send(item);
    sent++;
  }
});

const store = fn(function* store(receiver: mpsc.Receiver<number>, failAt: number | undefined) {
  using rx = receiver; // closes the channel, also when the database fails
  let stored = 0;
  for (let item = yield* rx.recv(); item !== undefined; item = yield* rx.recv()) {
    if (item === failAt) throw new Error(`database: cannot store ${item}`);
    yield* sleep(1);
    if (stored++ === 0) console.log("sent while the database stored one:", sent);
  }
  return stored;
});

const processStream = fn(function* processStream(items: Iterable<number>, failAt?: number) {
  sent = 0;
  const [tx, rx] = mpsc.channel<number>(100);
  const [, stored] = yield* tryJoin(produce(items, tx), store(rx, failAt));
  return stored;
});

await main(
  function* () {
    pause();
    console.log("stored:", yield* processStream(numbers(1000)));

    try {
      yield* processStream(numbers(1000), 300);
    } catch (error) {
      console.log((error as Error).message, "- and the producer has stopped:", sent < 1000);
    }

    // A consumer that is gone stops its producer, with the unsent item in the error.
    const [tx, rx] = mpsc.channel<number>(100);
    rx[Symbol.dispose]();
    try {
      yield* produce(numbers(1000), tx);
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      console.log("producer:", error.message, "with", error.value);
    }
  },
  { flavor: "currentThread" },
);
