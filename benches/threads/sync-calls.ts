/** The calls from synchronous code, the same for every peer. */
import { type Bench, expectEqual, since, sumTo } from "../lib/measure.js";
import { LONG_TEXT } from "./work.js";

export function callsOf(
  increment: (x: number) => number,
  echo: (text: string) => string,
): Readonly<Record<"block-on" | "block-on-text", Bench>> {
  return {
    "block-on": {
      run(n) {
        const start = performance.now();
        let sum = 0;
        for (let i = 0; i < n; i++) sum += increment(i);
        const took = since(start);
        expectEqual(sum, sumTo(n), "block-on");
        return took;
      },
    },
    "block-on-text": {
      run(n) {
        const start = performance.now();
        let length = 0;
        for (let i = 0; i < n; i++) length += echo(LONG_TEXT).length;
        const took = since(start);
        expectEqual(length, n * LONG_TEXT.length, "characters that came back");
        return took;
      },
    },
  };
}
