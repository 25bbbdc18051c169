// A loom: runs the threads of a small concurrent program under every schedule (within a bound) over simulated atomics.
//
//   check({ words: 1 }, (model) => {
//     model.thread("a", (memory) => memory.add(0, 1));
//     model.thread("b", (memory) => memory.add(0, 1));
//     model.after(() => assert.equal(model.memory.load(0), 2));
//   });
//
// JavaScript's atomics are sequentially consistent, so interleaving them is all there is; plain accesses are checked for
// races instead of interleaved (a program without races behaves as if they were). Deadlocks include lost wake-ups:
// everybody sleeps, or spins for something nobody is left to do.
import { afterEach } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Execution, Failure } from "./execution.js";
import { ModelMemory } from "./model-memory.js";
import { Exhaustive, Pct, Random, Replay, type Strategy } from "./strategy.js";

// A model holds its thread for long: who watches the tests hears of the one that is over before the next begins.
afterEach(() => setImmediate());

export interface Options {
  /** Size of the shared memory. */
  words: number;
  /** Names for words in traces. */
  names?: (index: number) => string;
  /** The most preemptions in a schedule (exhaustive mode). Default 2. */
  preemptions?: number;
  /** Whether a state that was reached before is left alone (exhaustive mode). Default true. */
  merge?: boolean;
  /** Random schedules instead of all. */
  random?: { seed: number; schedules: number; pct?: number };
  /** The schedule of an earlier failure: only that one is run. */
  replay?: string;
  /** A limit for the exhaustive mode; reaching it makes `complete` false. Default 200,000. */
  maxSchedules?: number;
  /** More steps than this in one execution are a failure. Default 5,000. */
  maxSteps?: number;
  /** How often a lock spins before it sleeps. Default 0. */
  spins?: number;
}

export interface Model {
  /** Without scheduling while the model is built and in `after`. */
  readonly memory: ModelMemory;
  /** `body` may run many times and must depend on nothing but its memory operations; make objects inside it. */
  thread<T>(name: string, body: (memory: ModelMemory) => T): void;
  /** Runs when all threads are done, with what they returned. */
  after(check: (results: any[]) => void): void;
}

export interface Report {
  schedules: number;
  pruned: number;
  states: number;
  complete: boolean;
}

/** A schedule that fails, with what every thread did in it. */
export class LoomError extends Error {
  override readonly name = "LoomError";
  constructor(
    readonly kind: Failure["kind"],
    readonly schedule: string,
    readonly trace: readonly string[],
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Explores the model that `build` describes; throws a `LoomError` for the first schedule that fails. */
export function check(options: Options, build: (model: Model) => void): Report {
  const strategy = strategyFor(options);
  const limit = options.maxSchedules ?? 200_000;
  const report: Report = { schedules: 0, pruned: 0, states: 0, complete: false };
  do {
    const outcome = runOnce(options, strategy, build, null);
    if (outcome.failure !== null) throw explain(options, build, outcome, report.schedules + 1);
    report.schedules++;
    if (outcome.pruned) report.pruned++;
    if (report.schedules >= limit) return report;
  } while (strategy.next());
  report.complete = strategy instanceof Exhaustive;
  if (strategy instanceof Exhaustive) report.states = strategy.seen.size;
  return report;
}

function strategyFor({ replay, random, preemptions = 2, merge = true }: Options): Strategy {
  if (replay !== undefined) return new Replay(replay);
  if (random === undefined) return new Exhaustive(preemptions, merge);
  const { seed, schedules, pct } = random;
  return pct === undefined ? new Random(seed, schedules) : new Pct(seed, schedules, pct);
}

interface Outcome {
  failure: Failure | null;
  pruned: boolean;
  schedule: string;
}

function runOnce(options: Options, strategy: Strategy, build: (model: Model) => void, trace: string[] | null): Outcome {
  const names = options.names ?? String;
  const execution = new Execution(options.words, strategy, options.maxSteps ?? 5_000, names);
  execution.trace = trace;
  const memory = new ModelMemory(execution, options.spins ?? 0);
  const checks: ((results: any[]) => void)[] = [];
  build({
    memory,
    thread: (name, body) => execution.thread(name, () => body(memory)),
    after: (check) => checks.push(check),
  });
  try {
    const results = execution.run();
    if (results === null) return { failure: null, pruned: true, schedule: execution.schedule };
    for (const check of checks) check(results);
    return { failure: null, pruned: false, schedule: execution.schedule };
  } catch (thrown) {
    const failure =
      thrown instanceof Failure ? thrown : new Failure("assertion", `after: ${String(thrown)}`, { cause: thrown });
    return { failure, pruned: false, schedule: execution.schedule };
  }
}

/** Runs the failing schedule again, to record what happened and to show that it fails again. */
function explain(options: Options, build: (model: Model) => void, first: Outcome, run: number): LoomError {
  const trace: string[] = [];
  const again = runOnce(options, new Replay(first.schedule), build, trace);
  const { kind, message, cause } = first.failure!;
  const seed = options.random === undefined ? "" : `, seed ${options.random.seed}`;
  const repeats = again.failure?.message === message ? "" : "\n(it did not fail in the same way when it was repeated)";
  return new LoomError(
    kind,
    first.schedule,
    trace,
    `${kind} in schedule ${run}${seed}: ${message}${repeats}\nreplay: "${first.schedule}"\n  ${trace.join("\n  ")}`,
    { cause },
  );
}
