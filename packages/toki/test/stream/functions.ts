/*
 * What the tests of streams run on workers. Nothing here has an effect when it is imported.
 */
import { fn, yieldNow } from "toki";
import type { mpsc } from "toki/shared";
import { stream } from "toki/stream";

export const count = fn(import.meta, function* count(numbers: mpsc.Sender<number>, from: number, to: number) {
  using tx = numbers;
  for (let n = from; n < to; n++) yield* tx.send(n);
});

export const double = fn(import.meta, function* double(n: number) {
  yield* yieldNow();
  return n * 2;
});

/** Streams on a worker, from one channel to another. */
export const relay = fn(import.meta, function* relay(input: mpsc.Receiver<number>, output: mpsc.Sender<number>) {
  using tx = output;
  yield* stream(input)
    .filter((n) => n % 2 === 0)
    .mapAsync(double)
    .forEach(function* (n) {
      yield* tx.send(n);
    });
});
