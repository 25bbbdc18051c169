import { blocking, fn, sleep } from "toki";
import type { mpsc, Notify } from "toki/shared";

export const countUpTo = fn(import.meta, function* countUpTo(n: number) {
  return n;
});

export const sendLater = fn(import.meta, function* sendLater(sender: mpsc.Sender<string>, ms: number) {
  using tx = sender;
  yield* sleep(ms);
  yield* tx.send("from a worker");
});

/** Takes a handle, and gives it up without a word. */
export const giveUp = fn(import.meta, function* giveUp(notify: Notify) {
  yield* sleep(50);
  notify[Symbol.dispose]();
});

export const sendLaterBlocking = blocking(
  import.meta,
  function sendLaterBlocking(sender: mpsc.Sender<string>, cell: Int32Array, ms: number) {
    using tx = sender;
    Atomics.wait(cell, 0, 0, ms);
    tx.blockingSend("from a blocking thread");
  },
);
