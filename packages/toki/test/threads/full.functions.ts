import { fn } from "toki";

/** Returns a text of so many characters. */
export const text = fn(import.meta, function* text(length: number) {
  return "x".repeat(length);
});
