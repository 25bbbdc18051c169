import { fn } from "toki";
import { ctrlC, signal } from "toki/signal";

export const waits = fn(import.meta, function* waits() {
  yield* ctrlC();
});

export const listens = fn(import.meta, function* listens(name: string) {
  yield* signal(name).recv();
});
