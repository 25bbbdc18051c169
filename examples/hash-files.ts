// Hashes every file of a directory on all cores, with a progress bar. The main thread only counts: a ticker runs beside it.
// `npm start hash-files DIRECTORY`; without one, the directory this example is built into.
// Programs 13, 18, 30 and 59: work for other threads, while this one stays free.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { blocking, fn, interval, JoinSet, main, spawn } from "toki";

const sha256 = blocking(import.meta, function sha256(path: string) {
  return { path, digest: createHash("sha256").update(readFileSync(path)).digest("hex") };
});

const ticker = fn(function* ticker(ticks: { count: number }) {
  const every = interval(1);
  for (;;) {
    yield* every.tick();
    ticks.count++;
  }
});

function showProgress(done: number, total: number): void {
  if (!process.stderr.isTTY) return;
  const filled = Math.round((done / total) * 40);
  process.stderr.write(
    `\r[${"#".repeat(filled)}${".".repeat(40 - filled)}] ${done}/${total}${done === total ? "\n" : ""}`,
  );
}

const directory = process.argv[2] ?? fileURLToPath(new URL(".", import.meta.url));

// The pool grows to 512 threads if it is let: for work that computes, as many as there are cores.
await main(
  function* () {
    const files = readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    const ticks = { count: 0 };
    const beside = spawn(ticker(ticks));
    const jobs = new JoinSet<{ path: string; digest: string }>();
    for (const file of files) jobs.spawnBlocking(sha256(file));

    const digests = new Map<string, string>();
    for (let done = 1; done <= files.length; done++) {
      const result = yield* jobs.joinNext();
      if (result?.ok) digests.set(result.value.path, result.value.digest);
      showProgress(done, files.length);
    }
    beside.abort();
    for (const file of files.slice(0, 3)) console.log(digests.get(file)?.slice(0, 16), basename(file));
    console.log(`${digests.size} of ${files.length} files; this thread was free: ${ticks.count > 1}`);
  },
  { maxBlockingThreads: availableParallelism() },
);
