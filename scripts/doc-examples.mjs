// Type-checks every TypeScript block of the documentation and runs each in a process of its own.
//
//   ```ts                must compile, and exit with code 0
//   ```ts no-run         must compile
//   ```ts expect-error   must compile, and exit with another code than 0 (for an error of types: `// @ts-expect-error` in the block)
//   ```ts ignore         is left alone
//
// A block is a whole module: it imports what it uses, and may await at its top level. All blocks become one project, so that the
// compiler starts once; line n of a generated file is line n of its block, so that places map back by an addition.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { blocksOf } from "./doc-blocks.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const TSC = join(fileURLToPath(import.meta.resolve("typescript/package.json")), "..", "bin", "tsc");

const HELP = `usage: node scripts/doc-examples.mjs [options] [path substring ...]

  --jobs N       processes at once (default 2)
  --timeout MS   limit for one example (default 10000)
  --json         print one JSON object instead of the report
  --list         print where the examples are, run nothing
`;

const { values: options, positionals: filters } = (() => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        jobs: { type: "string", default: String(Math.min(2, availableParallelism())) },
        timeout: { type: "string", default: "10000" },
        json: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    fail(error.message);
  }
})();

function fail(message) {
  process.stderr.write(`scripts/doc-examples.mjs: ${message}\n`);
  process.exit(2);
}

function* walk(dir, end) {
  if (!existsSync(dir)) return;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* walk(path, end);
    else if (entry.name.endsWith(end)) yield path;
  }
}

function findExamples() {
  const readmes = ["README.md", "packages/toki/README.md"].map((name) => join(ROOT, name)).filter(existsSync);
  const paths = [...walk(join(ROOT, "packages/toki/src"), ".ts"), ...readmes, ...walk(join(ROOT, "docs"), ".md")];
  return paths
    .map((path) => ({ path, name: relative(ROOT, path).split(sep).join("/") }))
    .filter(({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ path, name }) =>
      blocksOf(path).map((block) => ({
        ...block,
        name,
        id: `${name.replace(/\.\w+$/, "").replaceAll("/", "-")}--${block.line}`,
      })),
    );
}

/** The generated project, and the way back from a place in it to a place in the documentation. */
class Project {
  constructor(examples) {
    mkdirSync(join(ROOT, ".build"), { recursive: true });
    this.dir = mkdtempSync(join(ROOT, ".build", "doc-examples-"));
    this.byId = new Map(examples.map((example) => [example.id, example]));
    mkdirSync(join(this.dir, "src"));
    mkdirSync(join(this.dir, "cwd"));
    for (const { id, code } of examples) writeFileSync(join(this.dir, "src", `${id}.ts`), `${code}\n`);
    const compilerOptions = {
      rootDir: "src",
      outDir: "out",
      composite: false,
      incremental: false,
      declaration: false,
      declarationMap: false,
      sourceMap: true,
      noEmitOnError: false,
      moduleDetection: "force",
    };
    const config = { extends: "../../tsconfig.base.json", compilerOptions, include: ["src"] };
    writeFileSync(join(this.dir, "tsconfig.json"), JSON.stringify(config));
    this.places = new RegExp(
      `(?:file://)?(?:[^\\s('"]*[\\\\/])?(${[...this.byId.keys()].map(escapeRegExp).join("|")})\\.[jt]s(?:([:(])(\\d+)((?:[:,]\\d+)?))?`,
      "g",
    );
  }

  /** Compiles, and returns the errors by example; errors of no example end the run. */
  compile() {
    const args = [TSC, "-p", join(this.dir, "tsconfig.json"), "--pretty", "false"];
    const { stdout, stderr, status, error } = spawnSync(process.execPath, args, {
      cwd: this.dir,
      encoding: "utf8",
      maxBuffer: 64 << 20,
    });
    if (error !== undefined) throw error;
    const errors = new Map();
    const others = [];
    let current = others;
    for (const line of `${stdout}${stderr}`.split("\n").filter((text) => text.trim() !== "")) {
      const id = /^src[\\/](.+)\.ts\(\d+,\d+\): /.exec(line)?.[1];
      if (id !== undefined) {
        current = errors.get(id) ?? [];
        errors.set(id, current);
      } else if (!/^\s/.test(line)) current = others;
      current.push(this.mapped(line));
    }
    if (status !== 0 && errors.size === 0 && others.length === 0) others.push(`tsc ended with code ${status}`);
    return { errors, others };
  }

  /** Replaces places in generated files by places in the documentation. */
  mapped(text) {
    return text.replace(this.places, (_all, id, open, line, column) => {
      const example = this.byId.get(id);
      const place = `${example.name}${open ?? ""}`;
      return line === undefined ? place : `${place}${Number(line) + example.line - 1}${column}`;
    });
  }

  remove() {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function escapeRegExp(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const live = new Set();

function killGroup(child) {
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

/** Runs one compiled example; resolves with how it ended and what it printed. */
function run(project, id, timeout) {
  return new Promise((done) => {
    const child = spawn(process.execPath, ["--enable-source-maps", join(project.dir, "out", `${id}.js`)], {
      cwd: join(project.dir, "cwd"),
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
    });
    live.add(child);
    let output = "";
    let timedOut = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child);
    }, timeout);
    const end = (code, signal) => {
      clearTimeout(timer);
      live.delete(child);
      killGroup(child);
      const settle = () => done({ code, signal, timedOut, output });
      child.once("close", settle);
      setTimeout(settle, 1_000).unref();
    };
    child.once("error", (error) => {
      output += error.stack;
      end(1, null);
    });
    child.once("exit", end);
  });
}

function verdict(mode, { code, signal, timedOut }, timeout) {
  if (timedOut) return `did not end within ${timeout} ms`;
  if (mode === "expect-error") return code === 0 ? "ended with code 0, expected an error" : undefined;
  return code === 0
    ? undefined
    : `ended with ${signal ?? `code ${code}${code === 13 ? " (an await never settled)" : ""}`}`;
}

async function main() {
  if (options.help) return void process.stdout.write(HELP);
  const jobs = Number(options.jobs);
  const timeout = Number(options.timeout);
  if (!(Number.isInteger(jobs) && jobs > 0)) fail(`--jobs: expected a positive integer, got ${options.jobs}`);
  if (!(Number.isInteger(timeout) && timeout > 0)) fail(`--timeout: expected milliseconds, got ${options.timeout}`);

  const all = findExamples();
  if (options.list) return void process.stdout.write(all.map((e) => `${e.name}:${e.line} ${e.mode}\n`).join(""));
  const failures = [];
  const report = (example, stage, message) => {
    failures.push({ file: example.name, line: example.line, stage, message });
    if (!options.json)
      clearLine(`${example.name}:${example.line}: ${stage}: ${message.replace(/\n(?=.)/g, "\n    ")}\n`);
  };
  for (const example of all) {
    if (example.unknown.length > 0) report(example, "fence", `unknown annotation ${example.unknown.join(", ")}`);
  }

  const checked = all.filter((example) => example.mode !== "ignore");
  const project = new Project(checked);
  const stop = (signal) => {
    for (const child of live) killGroup(child);
    project.remove();
    process.exit(128 + constants.signals[signal]);
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);

  let ran = 0;
  try {
    if (checked.length > 0) {
      progress(`compiling ${checked.length} examples`);
      const { errors, others } = project.compile();
      if (others.length > 0) {
        project.remove();
        fail(`the compiler failed\n${others.join("\n")}`);
      }
      for (const [id, lines] of errors) report(project.byId.get(id), "types", lines.join("\n"));
      const queue = checked.filter((example) => example.mode !== "no-run" && !errors.has(example.id));
      const waiting = queue.values();
      const lane = async () => {
        for (const example of waiting) {
          const result = await run(project, example.id, timeout);
          const problem = verdict(example.mode, result, timeout);
          if (problem !== undefined) report(example, "run", `${problem}\n${project.mapped(result.output)}`.trimEnd());
          progress(`ran ${++ran}/${queue.length}`, ran % 25 === 0 || ran === queue.length);
        }
      };
      await Promise.all(Array.from({ length: jobs }, lane));
    }
  } finally {
    project.remove();
  }

  clearLine("");
  const counts = {
    examples: all.length,
    ran,
    checkedOnly: checked.filter((example) => example.mode === "no-run").length,
    ignored: all.length - checked.length,
  };
  failures.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
  if (options.json) process.stdout.write(`${JSON.stringify({ ...counts, failures }, null, 2)}\n`);
  else {
    const { examples, checkedOnly, ignored } = counts;
    process.stdout.write(
      `${examples} examples: ${ran} run, ${checkedOnly} only type-checked, ${ignored} ignored, ${failures.length} failed\n`,
    );
  }
  if (ran === 0) process.stderr.write("no example was run\n");
  process.exitCode = failures.length > 0 || ran === 0 ? 1 : 0;
}

/** One line that is rewritten on a terminal; elsewhere only what is `worth` a line. */
function progress(text, worth = true) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (worth) process.stderr.write(`${text}\n`);
}

function clearLine(text) {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  process.stdout.write(text);
}

await main();
