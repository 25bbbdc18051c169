// Runs the compiled tests, each file in its own process, and prints one report.
//
// The files are run here and not by `node --test`, because what the runner does about a hang depends on the version of
// Node: in 20 `--test-timeout` is a limit for a whole file, in 26 a limit for one test, and a file whose tests are over but
// which never exits (a socket left open) is waited for without end. Here a file in which no test ends for the
// time of one test, or which does not exit that long after its last test, is killed with its children and fails by name.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { join, resolve } from "node:path";
import { findTests } from "./test-files.mjs";
import { compactReport, specReport } from "./test-report.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const EVENTS = join(import.meta.dirname, "test-events.mjs");
const POLL_MS = 200;
const GRACE_MS = 5_000;

const HELP = `usage: node scripts/test.mjs [options] [path substring ...]

  --test-timeout=MS       limit for one test, and for a file to exit (default 120000)
  --test-concurrency=N    files at once (default: the number of cores)
  --test-reporter=NAME    spec (default on a terminal) or compact
  --json FILE             also write the totals and the failures to FILE
  other --options         go to each test process as they are, e.g. --test-name-pattern=abort
`;

function parseArgs(argv) {
  const options = { timeout: 120_000, concurrency: availableParallelism(), reporter: undefined, json: undefined };
  const filters = [];
  const passed = [];
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i];
    const [flag, inline] = arg.startsWith("--") ? splitOnce(arg) : [undefined, undefined];
    const value = () => inline ?? argv[++i] ?? fail(`${flag} needs a value`);
    if (flag === undefined) filters.push(arg.replace(/^\.\//, ""));
    else if (flag === "--help") exit(0, HELP);
    else if (flag === "--test-timeout") options.timeout = positive(flag, value());
    else if (flag === "--test-concurrency") options.concurrency = positive(flag, value());
    else if (flag === "--test-reporter") options.reporter = value();
    else if (flag === "--json") options.json = value();
    else passed.push(arg);
  }
  options.reporter ??= process.stdout.isTTY ? "spec" : "compact";
  if (!["spec", "compact"].includes(options.reporter))
    fail(`--test-reporter: expected spec or compact, got ${options.reporter}`);
  return { ...options, filters, passed };
}

function splitOnce(arg) {
  const at = arg.indexOf("=");
  return at < 0 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)];
}

function positive(flag, text) {
  const n = Number(text);
  return Number.isInteger(n) && n > 0 ? n : fail(`${flag}: expected a positive integer, got ${text}`);
}

function exit(code, text) {
  (code === 0 ? process.stdout : process.stderr).write(text);
  process.exit(code);
}

function fail(message) {
  exit(2, `scripts/test.mjs: ${message}\n`);
}

/** One test process: its events as they come, its output, and the reason it was killed for, if it was. */
class TestProcess {
  #offset = 0;
  #partial = "";
  #buffer = Buffer.alloc(64 * 1024);
  #lastEvent = performance.now();
  #running = new Map();
  events = [];
  output = "";
  killedFor = undefined;

  constructor(file, eventsPath, options) {
    this.file = file;
    this.eventsPath = eventsPath;
    this.limit = options.timeout + GRACE_MS;
    this.mayBeEmpty = options.mayBeEmpty;
    writeFileSync(eventsPath, "");
    const env = { ...process.env };
    delete env.NODE_TEST_CONTEXT;
    this.child = spawn(
      process.execPath,
      [
        "--expose-gc",
        `--test-timeout=${options.timeout}`,
        ...options.passed,
        `--test-reporter=${EVENTS}`,
        `--test-reporter-destination=${eventsPath}`,
        file.compiled,
      ],
      { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"], detached: process.platform !== "win32" },
    );
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.output += text;
      });
    }
  }

  async run() {
    const started = performance.now();
    const watch = setInterval(() => this.#watch(), POLL_MS);
    const { code, signal } = await new Promise((done) => {
      this.child.once("error", (error) => {
        this.output += `${error.stack}\n`;
        done({ code: 1, signal: null });
      });
      this.child.once("exit", (code, signal) => {
        // What the test left running goes with it, or the pipes would stay open.
        this.kill();
        const ended = () => done({ code, signal });
        this.child.once("close", ended);
        setTimeout(ended, 1_000).unref();
      });
    });
    clearInterval(watch);
    this.#read();
    return { code, signal, durationMs: performance.now() - started };
  }

  kill() {
    try {
      if (process.platform === "win32") this.child.kill("SIGKILL");
      else process.kill(-this.child.pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
  }

  #watch() {
    this.#read();
    const idle = performance.now() - this.#lastEvent;
    if (idle < this.limit || this.killedFor !== undefined) return;
    const names = [...this.#running.values()];
    this.killedFor =
      names.length > 0
        ? `killed: nothing ended for ${Math.round(idle / 1000)} s, still running: ${names.join(", ")}`
        : `killed: no test is known to run, yet the process did not exit for ${Math.round(idle / 1000)} s ` +
          "(something is left open, or a loop blocks the event loop)";
    this.kill();
  }

  #read() {
    const fd = openSync(this.eventsPath, "r");
    try {
      for (;;) {
        const n = readSync(fd, this.#buffer, 0, this.#buffer.length, this.#offset);
        if (n === 0) break;
        this.#offset += n;
        this.#partial += this.#buffer.toString("latin1", 0, n);
      }
    } finally {
      closeSync(fd);
    }
    const lines = this.#partial.split("\n");
    this.#partial = lines.pop();
    for (const line of lines) this.#event(JSON.parse(Buffer.from(line, "latin1").toString("utf8")));
  }

  #event(event) {
    this.#lastEvent = performance.now();
    this.events.push(event);
    const { name, nesting, line, column } = event.data;
    const key = `${nesting}:${line}:${column}:${name}`;
    if (event.type === "test:dequeue") this.#running.set(key, name);
    if (event.type === "test:complete") this.#running.delete(key);
  }
}

const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;
const COUNTS = ["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo"];

/** Reads one finished process: the counts as the runner gave them, and a failure of our own when they hide one. */
function conclude(one, { code, signal, durationMs }) {
  const { file } = one;
  const events = [];
  const counts = Object.fromEntries(COUNTS.map((key) => [key, 0]));
  let summarised = false;
  for (const event of one.events) {
    const { type, data } = event;
    if (type === "test:summary" || (type === "test:plan" && data.nesting === 0)) continue;
    if (type === "test:diagnostic" && SUMMARY.test(data.message)) {
      const [key, value] = data.message.split(" ");
      if (key in counts) counts[key] = Number(value);
      summarised = true;
      continue;
    }
    events.push(event);
  }
  if (!summarised) {
    for (const { type, data } of events) {
      if (type !== "test:pass" && type !== "test:fail") continue;
      if (data.details?.type === "suite") counts.suites++;
      else {
        counts.tests++;
        counts[data.skip !== undefined ? "skipped" : data.todo !== undefined ? "todo" : type.slice(5)]++;
      }
    }
  }
  let problem = one.killedFor;
  if (problem === undefined && counts.fail + counts.cancelled === 0) {
    if (code !== 0) problem = `the process ended with ${signal ?? `code ${code}`} though no test failed`;
    else if (events.length > 0 && !summarised) problem = "the process ended with code 0 before its tests did";
    else if (counts.tests === 0 && !one.mayBeEmpty) problem = "the file holds no test, or its process ended before any";
  }
  if (problem !== undefined) {
    counts.tests++;
    counts.fail++;
    events.push({
      type: "test:fail",
      data: {
        name: file.source,
        nesting: 0,
        testNumber: 0,
        details: { duration_ms: durationMs, error: { failureType: "file", text: problem } },
        file: join(ROOT, file.source),
        line: 1,
        column: 1,
      },
    });
  }
  return { file, events, counts, durationMs, output: one.output };
}

function failuresOf({ events, file }) {
  const path = [];
  const failures = [];
  for (const { type, data } of events) {
    if (type === "test:start") path[data.nesting] = data.name;
    if (type !== "test:fail" || data.todo !== undefined || data.details?.error?.failureType === "subtestsFailed")
      continue;
    failures.push({
      file: file.source,
      name: [...path.slice(0, data.nesting), data.name].join(" > "),
      error: data.details.error.text,
    });
  }
  return failures;
}

async function main() {
  const options = parseArgs(process.argv.slice(2));
  const { files, removed, notCompiled } = findTests(ROOT, options.filters);
  for (const path of removed) process.stderr.write(`removed ${path}: its source is gone\n`);
  if (notCompiled.length > 0) fail(`not compiled, run \`npm run build\`: ${notCompiled.join(", ")}`);
  if (files.length === 0) {
    fail(options.filters.length > 0 ? `no test file matches ${options.filters.join(", ")}` : "no test file found");
  }
  const filtered = options.passed.some((flag) => /^--test-(name-pattern|skip-pattern|only)/.test(flag));

  mkdirSync(join(ROOT, ".build"), { recursive: true });
  const scratch = mkdtempSync(join(ROOT, ".build", "test-"));
  const live = new Set();
  const stop = (signal) => {
    for (const one of live) one.kill();
    rmSync(scratch, { recursive: true, force: true });
    process.exit(128 + constants.signals[signal]);
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);

  const report = (options.reporter === "spec" ? specReport : compactReport)(files.length);
  const started = performance.now();
  const results = [];
  let next = 0;
  const lane = async () => {
    while (next < files.length) {
      const index = next++;
      const file = files[index];
      const one = new TestProcess(file, join(scratch, `${index}.ndjson`), { ...options, mayBeEmpty: filtered });
      live.add(one);
      const result = conclude(one, await one.run());
      live.delete(one);
      result.failures = failuresOf(result);
      results.push(result);
      report.file(result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.concurrency, files.length) }, lane));
  rmSync(scratch, { recursive: true, force: true });

  const totals = Object.fromEntries(COUNTS.map((key) => [key, results.reduce((sum, r) => sum + r.counts[key], 0)]));
  totals.duration_ms = Number((performance.now() - started).toFixed(1));
  const failures = results.flatMap((r) => r.failures);
  if (filtered && totals.pass + totals.fail + totals.cancelled === 0) fail("the name pattern matches no test");
  if (options.json !== undefined) {
    writeFileSync(
      options.json,
      `${JSON.stringify({ node: process.version, files: files.length, ...totals, failures }, null, 2)}\n`,
    );
  }
  await report.end(totals, failures);
  process.exitCode = totals.fail + totals.cancelled > 0 || failures.length > 0 ? 1 : 0;
}

await main();
