// A log pipeline over threads, connected by bounded channels of toki/shared: one task reads, each lane has one that parses, this thread merges. A stage that
// is behind holds up the one before it, which waits in `send`: memory stays flat however long the log is.
import { fn, main, scope, sleep } from "toki";
import { AtomicCell, mpsc } from "toki/shared";

interface Summary {
  lines: number;
  byStatus: Record<string, number>;
  slowest: number;
}

const CHUNKS = 40;
const LINES_EACH = 2500;
const LANES = 2;
/** How many messages a channel holds. */
const CAPACITY = 4;
/** What a lane holds when it is full: both of its channels, and the chunk that its parser has in hand. */
const IN_A_LANE = CAPACITY + 1 + CAPACITY;
const LINE = /^\S+ "(?:GET|POST) \S+" (\d{3}) (\d+)ms$/;

function add(to: Summary, { lines, byStatus, slowest }: Summary) {
  to.lines += lines;
  to.slowest = Math.max(to.slowest, slowest);
  for (const status in byStatus) to.byStatus[status] = (to.byStatus[status] ?? 0) + (byStatus[status] ?? 0);
}

/** First stage, on a worker: a log that is too long to hold, as chunks of whole lines, dealt out to the lanes. */
const read = fn(import.meta, function* read(lanes: mpsc.Sender<string>[], sent: AtomicCell<number>) {
  try {
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      let text = "";
      for (let n = chunk * LINES_EACH; n < (chunk + 1) * LINES_EACH; n++) {
        text += `10.0.0.${n % 250} "GET /item/${n}" ${n % 50 === 0 ? 500 : n % 7 === 0 ? 404 : 200} ${(n * 37) % 1999}ms\n`;
      }
      yield* (lanes[chunk % LANES] as mpsc.Sender<string>).send(text); // waits while the lane is full
      sent.fetchAdd(1);
    }
  } finally {
    for (const lane of lanes) lane[Symbol.dispose](); // no more comes: the parsers end
  }
});

/** Second stage, on any worker, once for each lane: text in, a few numbers out. */
const parse = fn(import.meta, function* parse(chunks: mpsc.Receiver<string>, summaries: mpsc.Sender<Summary>) {
  using rx = chunks;
  using tx = summaries;
  for (let chunk = yield* rx.recv(); chunk !== undefined; chunk = yield* rx.recv()) {
    const summary: Summary = { lines: 0, byStatus: {}, slowest: 0 };
    for (const line of chunk.split("\n")) {
      const [, status, ms] = LINE.exec(line) ?? [];
      if (status !== undefined) add(summary, { lines: 1, byStatus: { [status]: 1 }, slowest: Number(ms) });
    }
    yield* tx.send(summary);
  }
});

await main(function* () {
  const sent = new AtomicCell(0);
  const lanes = Array.from({ length: LANES }, () => ({
    chunks: mpsc.channel<string>(CAPACITY),
    summaries: mpsc.channel<Summary>(CAPACITY),
  }));
  const total: Summary = { lines: 0, byStatus: {}, slowest: 0 };
  let mostAhead = 0;

  // A stage that fails cancels the others, and this body.
  yield* scope(function* (s) {
    const inputs = lanes.map(({ chunks: [tx] }) => tx);
    s.spawn(read(inputs, sent));
    for (const { chunks, summaries } of lanes) {
      s.spawn(parse(chunks[1], summaries[0])); // receivers move to the worker, senders are cloned,
      chunks[0][Symbol.dispose](); // and those that stay here would keep the channels open
      summaries[0][Symbol.dispose]();
    }

    // Nobody merges yet: the lanes fill up, and then everything stands still.
    while (sent.load() < LANES * IN_A_LANE) yield* sleep(1);

    mostAhead = sent.load();
    for (let merged = 0; ; ) {
      const [, rx] = (lanes[merged % LANES] as (typeof lanes)[number]).summaries; // the lanes in turn: in the order of the log
      const summary = yield* rx.recv();
      if (summary === undefined) break;
      add(total, summary);
      merged++;
      mostAhead = Math.max(mostAhead, sent.load() - merged);
    }
  });
  console.log(total, `the reader was at most ${mostAhead} of ${CHUNKS} chunks ahead`);
});
