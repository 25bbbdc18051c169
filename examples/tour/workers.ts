import { fn, Handle, Instant, JoinSet, spawn, yieldNow } from "toki";
import type { Section } from "./report.js";
import { hashPiece } from "./work.js";

const PIECES = 160;
const PIECE_BYTES = 1 << 20;

/** Keeps workers busy until each has had something, or a second has passed: on many cores a few are always faster. */
const warmUp = fn(function* warmUp(numWorkers: number) {
  const seen = new Set<number | undefined>();
  for (const start = Instant.now(); seen.size < numWorkers && start.elapsed() < 1000; ) {
    using tasks = new JoinSet<{ worker: number | undefined }>();
    for (let i = 0; i < 4 * numWorkers; i++) tasks.spawn(hashPiece(i, PIECE_BYTES));
    for (const { worker } of yield* tasks.joinAll()) seen.add(worker);
  }
});

export const workers: Section = {
  key: "workers",
  title: `${PIECES} MB hashed by one function: here, then on all workers`,
  run: fn(function* workers(progress: (text: string) => void) {
    const { numWorkers } = Handle.current().metrics();
    const start = Instant.now();
    yield* spawn(hashPiece(0, 64)); // the first task for them starts the threads
    const startUpMs = Math.round(start.elapsed());
    yield* warmUp(numWorkers);

    const here: string[] = [];
    const alone = Instant.now();
    for (let piece = 0; piece < PIECES; piece++) {
      here.push((yield* hashPiece(piece, PIECE_BYTES)).digest);
      progress(`here, ${piece} of ${PIECES}`);
      yield* yieldNow();
    }
    const hereMs = Math.round(alone.elapsed());

    const there = new Set<string>();
    const ranOn = new Set<number | undefined>();
    const together = Instant.now();
    using tasks = new JoinSet<{ digest: string; worker: number | undefined }>();
    for (let piece = 0; piece < PIECES; piece++) tasks.spawn(hashPiece(piece, PIECE_BYTES));
    for (let done = yield* tasks.joinNext(); done?.ok; done = yield* tasks.joinNext()) {
      there.add(done.value.digest);
      ranOn.add(done.value.worker);
      progress(`on workers, ${there.size} of ${PIECES}`);
    }
    const workersMs = Math.round(together.elapsed());
    return {
      ok: here.every((digest) => there.has(digest)) && there.size === PIECES && !ranOn.has(undefined),
      figures: { pieces: PIECES, pieceBytes: PIECE_BYTES, numWorkers, startUpMs, hereMs, workersMs },
      lines: [
        `here ${hereMs} ms, on ${numWorkers} workers ${workersMs} ms (${(hereMs / workersMs).toFixed(1)} times as fast), same digests; threads up in ${startUpMs} ms`,
      ],
    };
  }),
};
