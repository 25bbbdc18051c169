// A program in which nothing can ever happen again does not hang, and does not exit in silence: it says who waits for what.
// Ends with exit code 1 on purpose.
import { fn, main, spawn, yieldNow } from "toki";
import { Mutex, mpsc } from "toki/sync";

const consumer = fn(function* consumer(rx: mpsc.Receiver<string>) {
  while ((yield* rx.recv()) !== undefined);
});

const transfer = fn(function* transfer(accounts: Mutex<number>) {
  using _outer = yield* accounts.lock();
  using _inner = yield* accounts.lock(); // the lock is not re-entrant
});

await main(function* () {
  const [tx, rx] = mpsc.channel<string>(1); // nobody will dispose of tx
  const tasks = [spawn(consumer(rx), { name: "consumer" }), spawn(transfer(new Mutex(0)), { name: "transfer" })];
  yield* tx.send("the only one");
  yield* yieldNow();
  for (const task of tasks) yield* task;
});
