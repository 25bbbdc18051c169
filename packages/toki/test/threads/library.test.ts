// A library that has workers of its own, of which its user knows nothing: beside an application that has some as well, with one copy of this package and
// with two, as files and in one bundle. Each case is a process of its own, which has to end by itself although the library never shuts its runtime down.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "toki-library-"));
after(() => rmSync(folder, { recursive: true }));

const LIBRARY = `import { createHash } from "node:crypto";
import { threadId } from "node:worker_threads";
import { fn, Runtime, yieldNow } from "toki";

const pool = new Runtime({ name: "checksums", workerThreads: 1 });

const digest = fn(import.meta, function* digest(text) {
  yield* yieldNow();
  return { hex: createHash("sha256").update(text).digest("hex"), thread: threadId };
});

/** What a user sees: a promise. */
export async function checksum(text) {
  return await pool.spawn(digest(text));
}
`;
const APP = `import { threadId } from "node:worker_threads";
import { fn, fromPromise, main, spawn } from "toki";
import { checksum } from "checksums";

// By the same name as the library's.
const digest = fn(import.meta, function* digest(text) {
  const { hex, thread } = yield* fromPromise(() => checksum(text));
  return { hex, onWorker: threadId !== 0, elsewhere: thread !== threadId };
});

await main(function* () {
  const { hex, thread } = yield* fromPromise(() => checksum("main"));
  console.log(hex.slice(0, 8), thread !== threadId);
  // On a worker of the application, which so has workers of the library beside it.
  const handles = ["a", "b", "c"].map((text) => spawn(digest(text)));
  for (const handle of handles) console.log(JSON.stringify(yield* handle));
}, { workerThreads: 2 });
`;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const EXPECTED = [
  `${sha256("main").slice(0, 8)} true`,
  ...["a", "b", "c"].map((text) => JSON.stringify({ hex: sha256(text), onWorker: true, elsewhere: true })),
  "",
].join("\n");

function write(file: string, text: string): void {
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
}

/** An application with the library in its node_modules, and this package there too, as a link, or once for each. */
function install(name: string, copies: 1 | 2): string {
  const root = join(folder, name);
  write(join(root, "package.json"), '{ "type": "module" }');
  write(join(root, "app.js"), APP);
  const library = join(root, "node_modules", "checksums");
  write(join(library, "package.json"), '{ "name": "checksums", "type": "module", "exports": "./index.js" }');
  write(join(library, "index.js"), LIBRARY);
  symlinkSync(PACKAGE, join(root, "node_modules", "toki"), "junction");
  if (copies === 2) {
    const copy = join(library, "node_modules", "toki");
    cpSync(join(PACKAGE, "dist"), join(copy, "dist"), { recursive: true });
    cpSync(join(PACKAGE, "package.json"), join(copy, "package.json"));
  }
  return root;
}

async function runs(file: string): Promise<void> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout, stderr } = await run(process.execPath, [file], { env, timeout: 30_000 });
  assert.deepEqual([stdout, stderr], [EXPECTED, ""]);
}

for (const copies of [1, 2] as const) {
  const what = copies === 1 ? "one copy of this package" : "a copy each of this package";
  const root = install(`copies-${copies}`, copies);

  test(`library and application with ${what}`, { timeout: 60_000 }, () => runs(join(root, "app.js")));

  test(`library and application with ${what}, in one bundle`, { timeout: 60_000 }, async () => {
    const esbuild = await import("esbuild");
    // A bundle is one module: two functions of one name need names of their own there, or modules of their own.
    const entry = join(root, "bundled.js");
    write(entry, APP.replace("function* digest", "function* appDigest"));
    const outfile = join(folder, `bundle-${copies}.mjs`);
    await esbuild.build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "silent",
    });
    await runs(outfile);
  });
}
