import { fn, sleep } from "toki";

export const nap = fn(import.meta, function* nap(ms: number) {
  yield* sleep(ms);
  return "rested";
});
