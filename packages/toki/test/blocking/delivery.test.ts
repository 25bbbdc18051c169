// How code reaches the threads: one small program, run as each tool that people use delivers it, in a process of its own.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const MODULES = join(ROOT, "node_modules");

mkdirSync(join(ROOT, ".build"), { recursive: true });
/** Inside the repository, so that "toki" is found. */
const source = mkdtempSync(join(ROOT, ".build", "delivery-"));
/** Elsewhere: a bundle has to run with nothing beside it. */
const out = mkdtempSync(join(tmpdir(), "toki-delivery-"));
after(() => {
  rmSync(source, { recursive: true });
  rmSync(out, { recursive: true });
});

const jobs = (types: boolean) => `import { blocking, fn, sleep } from "toki";
const FACTOR = 2;
export const double = blocking(import.meta, function double(n${types ? ": number" : ""}) {
  return FACTOR * n;
});
export const triple = fn(import.meta, function* triple(n${types ? ": number" : ""}) {
  yield* sleep(1);
  return (FACTOR + 1) * n;
});
`;
const app = (types: boolean) => `import { blocking, fn, main, move, spawn, spawnBlocking } from "toki";
import { isMainThread } from "node:worker_threads";
import { double, triple } from "./jobs.${types ? "ts" : "js"}";

const sum = blocking(import.meta, function sum(bytes${types ? ": Uint8Array" : ""}) {
  return { total: bytes.reduce((a, b) => a + b, 0), thread: isMainThread ? "main" : "other" };
});
const whereAmI = fn(import.meta, function* whereAmI(n${types ? ": number" : ""}) {
  // From a worker to any worker.
  return { nested: yield* spawn(triple(n)), thread: isMainThread ? "main" : "worker" };
});

await main(function* () {
  const { total, thread } = yield* spawnBlocking(sum(move(new Uint8Array([1, 2, 3]))));
  console.log(yield* spawnBlocking(double(21)), total, thread);
  const handles = [1, 2, 3].map((n) => spawn(triple(n)));
  for (const handle of handles) console.log(yield* handle);
  const there = yield* spawn(whereAmI(4));
  console.log(there.nested, there.thread);
}, { workerThreads: 2 });
`;
const EXPECTED = "42 6 other\n3\n6\n9\n12 worker\n";

for (const [ext, types] of [
  ["js", false],
  ["ts", true],
] as const) {
  writeFileSync(join(source, `jobs.${ext}`), jobs(types));
  writeFileSync(join(source, `app.${ext}`), app(types));
}
writeFileSync(join(source, "package.json"), '{ "type": "module" }');

/** CommonJS has no `import.meta`. */
const META = 'const meta = { url: require("node:url").pathToFileURL(__filename).href };\n';
const toCommonJs = (text: string) =>
  META +
  text
    .replace(/import (.*) from (.*);/g, "const $1 = require($2);")
    .replace(/export const (\w+) =/g, "const $1 = exports.$1 =")
    .replaceAll("import.meta", "meta")
    .replace("await main", "main")
    .replace("./jobs.js", "./jobs.cjs");
writeFileSync(join(source, "jobs.cjs"), toCommonJs(jobs(false)));
writeFileSync(join(source, "app.cjs"), toCommonJs(app(false)));

async function runs(args: readonly string[]): Promise<void> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout, stderr } = await run(process.execPath, [...args], { cwd: source, env, timeout: 30_000 });
  assert.deepEqual([stdout, stderr.replace(/^.*ExperimentalWarning.*\n.*--trace-warnings.*\n/, "")], [EXPECTED, ""]);
}

test("plain JavaScript", () => runs([join(source, "app.js")]));

test("CommonJS", () => runs([join(source, "app.cjs")]));

const strips = (process.features as { typescript?: string | false }).typescript;
test("TypeScript, by Node's own type stripping", { skip: strips ? false : "this Node does not strip types" }, () =>
  runs([join(source, "app.ts")]),
);

test("TypeScript, by tsx", () => runs([join(MODULES, "tsx/dist/cli.mjs"), join(source, "app.ts")]));

test("TypeScript, by node --import tsx", () => runs(["--import", "tsx", join(source, "app.ts")]));

test("TypeScript, compiled by tsc", async () => {
  const outDir = join(source, "compiled");
  const compilerOptions = {
    module: "nodenext",
    target: "es2022",
    strict: true,
    skipLibCheck: true,
    types: ["node"],
    rewriteRelativeImportExtensions: true,
    rootDir: source,
    outDir,
  };
  const project = join(source, "tsconfig.build.json");
  writeFileSync(project, JSON.stringify({ compilerOptions, files: ["app.ts"] }));
  await run(process.execPath, [join(MODULES, "typescript/bin/tsc"), "-p", project], { cwd: source });
  await runs([join(outDir, "app.js")]);
});

/** In the bundle, or installed beside it: then the bundle has to be where it is found. */
const PACKAGINGS = [
  { name: "toki inside", external: false, to: out },
  { name: "toki outside", external: true, to: source },
] as const;

for (const { name, external, to } of PACKAGINGS) {
  for (const minify of [false, true]) {
    test(`bundled into one file by esbuild, ${name}${minify ? ", minified with keepNames" : ""}`, async () => {
      const esbuild = await import("esbuild");
      const outfile = join(to, `esbuild-${minify}.mjs`);
      await esbuild.build({
        entryPoints: [join(source, "app.ts")],
        outfile,
        bundle: true,
        platform: "node",
        format: "esm",
        minify,
        keepNames: minify,
        external: external ? ["toki"] : [],
        logLevel: "silent",
      });
      await runs([outfile]);
    });
  }

  test(`bundled into one CommonJS file by esbuild, ${name}`, async () => {
    const esbuild = await import("esbuild");
    const outfile = join(to, "esbuild.cjs");
    await esbuild.build({
      entryPoints: [join(source, "app.cjs")],
      outfile,
      bundle: true,
      platform: "node",
      format: "cjs",
      external: external ? ["toki"] : [],
      logLevel: "silent",
    });
    await runs([outfile]);
  });

  test(`bundled into one file by Rollup, ${name}`, async () => {
    const { rollup } = await import("@rollup/wasm-node");
    const bundle = await rollup({
      input: join(source, "app.js"),
      plugins: external ? [] : [rollupResolve()],
      external: external ? /^(node:|toki$)/ : /^node:/,
      onLog() {},
    });
    const file = join(to, "rollup.mjs");
    await bundle.write({ file, format: "es" });
    await bundle.close();
    await runs([file]);
  });

  test(`bundled into one file by Vite, ${name}`, async () => {
    const { build } = await import("vite");
    const outDir = join(to, "vite");
    await build({
      root: source,
      configFile: false,
      logLevel: "silent",
      ssr: external ? { external: ["toki"] } : { noExternal: true },
      build: { ssr: join(source, "app.ts"), outDir, target: "node20", emptyOutDir: false },
    });
    const files = readdirSync(outDir);
    assert.equal(files.length, 1, `one file: ${files}`);
    writeFileSync(join(outDir, "package.json"), '{ "type": "module" }');
    await runs([join(outDir, files[0] as string)]);
  });

  test(`bundled into one file by webpack, ${name}`, async () => {
    const { default: webpack } = await import("webpack");
    await new Promise<void>((resolve, reject) => {
      webpack(
        {
          mode: "production",
          target: "node20",
          context: source,
          entry: join(source, "app.js"),
          experiments: { outputModule: true },
          output: { path: to, filename: "webpack.mjs", module: true, chunkFormat: "module" },
          // The module's own URL at run time, not that of its source at build time.
          module: { parser: { javascript: { importMeta: false } } },
          externals: external ? { toki: "module toki" } : {},
          optimization: { minimize: false },
        },
        (error, stats) => {
          if (error) reject(error);
          else if (stats?.hasErrors()) reject(new Error(stats.toString()));
          else resolve();
        },
      );
    });
    assert.ok(existsSync(join(to, "webpack.mjs")));
    await runs([join(to, "webpack.mjs")]);
  });
}

/** Rollup finds nothing in node_modules by itself. */
function rollupResolve() {
  const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
  return {
    name: "resolve",
    resolveId(id: string) {
      if (id === "toki") return join(dist, "index.js");
      if (id === "#host") return join(dist, "runtime/driver/host-node.js");
      return id === "#threads" ? join(dist, "runtime/scheduler/multi-thread/index.js") : null;
    },
  };
}
