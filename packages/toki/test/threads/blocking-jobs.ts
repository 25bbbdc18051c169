// Jobs of the blocking pool beside tasks of workers. Imported by both.
import { blocking } from "toki";
import { block, mark } from "./signals.js";

export const doubles = blocking(import.meta, function doubles(n: number) {
  return 2 * n;
});

/** Waits until 0 is set, and sets 1. */
export const opens = blocking(import.meta, function opens(words: Int32Array) {
  block(words, 0);
  mark(words, 1);
  return "opened";
});
