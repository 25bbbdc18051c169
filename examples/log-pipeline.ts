// A log pipeline: this thread reads and merges, workers parse. Never more than a few chunks are on their way, so memory stays flat however long the log is.
import { fn, JoinSet, main } from "toki";

interface Summary {
  readonly lines: number;
  readonly byStatus: Record<string, number>;
  readonly slowest: number;
}

const LINE = /^\S+ "(?:GET|POST) \S+" (\d{3}) (\d+)ms$/;

/** Text in, a few numbers out: what crosses threads is small where it can be. */
const parse = fn(import.meta, function* parse(chunk: string) {
  const byStatus: Record<string, number> = {};
  let [lines, slowest] = [0, 0];
  for (const line of chunk.split("\n")) {
    const [, status, ms] = LINE.exec(line) ?? [];
    if (status === undefined) continue;
    lines++;
    byStatus[status] = (byStatus[status] ?? 0) + 1;
    slowest = Math.max(slowest, Number(ms));
  }
  return { lines, byStatus, slowest };
});

/** A log that is too long to hold, as chunks of whole lines. */
function* readLog(chunks: number, linesEach: number) {
  for (let chunk = 0; chunk < chunks; chunk++) {
    let text = "";
    for (let i = 0; i < linesEach; i++) {
      const n = chunk * linesEach + i;
      text += `10.0.0.${n % 250} "GET /item/${n}" ${n % 50 === 0 ? 500 : n % 7 === 0 ? 404 : 200} ${(n * 37) % 1999}ms\n`;
    }
    yield text;
  }
}

const IN_FLIGHT = 8;

await main(function* () {
  using parsing = new JoinSet<Summary>();
  const total = { lines: 0, byStatus: {} as Record<string, number>, slowest: 0 };
  let mostInFlight = 0;

  const mergeNext = fn(function* mergeNext() {
    const parsed = yield* parsing.joinNext();
    if (parsed?.ok !== true) throw parsed?.error;
    const { lines, byStatus, slowest } = parsed.value;
    total.lines += lines;
    total.slowest = Math.max(total.slowest, slowest);
    for (const status in byStatus) total.byStatus[status] = (total.byStatus[status] ?? 0) + (byStatus[status] ?? 0);
  });

  for (const chunk of readLog(40, 2500)) {
    while (parsing.size >= IN_FLIGHT) yield* mergeNext(); // nothing more is read before something is done
    parsing.spawn(parse(chunk));
    mostInFlight = Math.max(mostInFlight, parsing.size);
  }
  while (parsing.size > 0) yield* mergeNext();
  console.log(total, `at most ${mostInFlight} chunks in flight`);
});
