import { fn, Instant, select, sleep } from "toki";
import type { Section } from "./report.js";

export const timeouts: Section = {
  key: "select",
  title: "A select that times out, and a loser whose cleanup awaits",
  run: fn(function* timeouts() {
    const start = Instant.now();
    const events: { ms: number; what: string }[] = [];
    const note = (what: string) => void events.push({ ms: Math.round(start.elapsed()), what });

    const query = fn(function* query() {
      try {
        yield* sleep({ seconds: 60 });
        note("never");
      } finally {
        note("query: cancelling on the server");
        yield* sleep(30);
        note("query: cancelled");
      }
    });
    const transaction = fn(function* transaction() {
      try {
        yield* query();
      } catch {
        note("never: no catch sees a cancellation");
      } finally {
        yield* sleep(20);
        note("transaction: rolled back");
      }
    });

    const { key } = yield* select({ data: transaction(), timeout: sleep(100) });
    note(`select delivers: ${key}`);
    const order = events.map(({ what }) => what).join(", ");
    return {
      ok:
        order ===
        "query: cancelling on the server, query: cancelled, transaction: rolled back, select delivers: timeout",
      figures: { events },
      lines: events.map(({ ms, what }) => `${String(ms).padStart(4)} ms  ${what}`),
    };
  }),
};
