// Hashes every file of a directory on all cores, with a progress bar. The main thread only counts.
// `npm start hash-files DIRECTORY`; without one, the directory this example is built into.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fn, JoinSet, main } from "toki";

// Known on every thread by its module and its name: `spawn` may run it on any worker. It reads synchronously, a worker has nothing better to do.
const sha256 = fn(import.meta, function* sha256(path: string) {
  return { path, digest: createHash("sha256").update(readFileSync(path)).digest("hex") };
});

function showProgress(done: number, total: number): void {
  if (!process.stderr.isTTY) return;
  const filled = Math.round((done / total) * 40);
  process.stderr.write(
    `\r[${"#".repeat(filled)}${".".repeat(40 - filled)}] ${done}/${total}${done === total ? "\n" : ""}`,
  );
}

await main(function* () {
  const directory = process.argv[2] ?? fileURLToPath(new URL(".", import.meta.url));
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  using tasks = new JoinSet<{ path: string; digest: string }>();
  for (const file of files) tasks.spawn(sha256(file));

  const digests = new Map<string, string>();
  for (let done = 1; done <= files.length; done++) {
    const result = yield* tasks.joinNext(); // in the order they are done
    if (result?.ok) digests.set(result.value.path, result.value.digest);
    showProgress(done, files.length);
  }
  for (const file of files.slice(0, 3)) console.log(digests.get(file)?.slice(0, 16), basename(file));
  console.log(`${digests.size} of ${files.length} files`);
});
