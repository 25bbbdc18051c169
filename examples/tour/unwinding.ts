import { ElapsedError, fn, Instant, scope, sleep, timeout } from "toki";
import type { Section } from "./report.js";
import { BEGUN, CLOSED, ROLLED_BACK, transaction } from "./work.js";

const TASKS = 100;

export const unwinding: Section = {
  key: "unwinding",
  title: `A timeout cancels ${TASKS} tasks on workers; their cleanup awaits`,
  run: fn(function* unwinding(_progress: (text: string) => void) {
    const counts = new Int32Array(new SharedArrayBuffer(12));
    const running = fn(function* running() {
      yield* scope(function* (s) {
        for (let n = 0; n < TASKS; n++) s.spawn(transaction(counts));
        while (Atomics.load(counts, BEGUN) < TASKS) yield* sleep(1);
        yield* timeout(1, sleep({ hours: 1 })); // fails, and the scope with it
      });
    });
    let isElapsed = false;
    const start = Instant.now();
    try {
      yield* running();
    } catch (error) {
      isElapsed = (error as Error).cause instanceof ElapsedError || error instanceof ElapsedError;
    }
    const elapsedMs = Math.round(start.elapsed());
    const [begun, rolledBack, closed] = [BEGUN, ROLLED_BACK, CLOSED].map((i) => Atomics.load(counts, i));
    return {
      ok: isElapsed && [begun, rolledBack, closed].every((count) => count === TASKS),
      figures: { begun, rolledBack, closed, elapsedMs },
      lines: [
        `${begun} waiting two functions deep; when the scope was over, ${rolledBack} had rolled back and ${closed} had closed, after ${elapsedMs} ms`,
      ],
    };
  }),
};
