// One execution of a model under one schedule, on one real thread.
//
// The threads of a model are plain synchronous functions, and so is the production code they call; nothing is rewritten.
// When it is another thread's turn, the memory operation at which this one stops throws a token that unwinds it. When its
// turn comes again, its function is called from the start and gets the recorded results of the operations it has made, up
// to the one it stopped at. This asks for one thing: a thread's function must depend on nothing but its operations.
// (An operation that differs from the record is reported.)
//
//   READY -> DONE       the function returned
//   READY -> BLOCKED    `wait` found what it expected      BLOCKED -> READY   `notify`
//   READY -> PAUSED     `pause`, and nothing was written since this thread's last step
//   PAUSED -> READY     any other thread writes
import { RaceDetector } from "./race-detector.js";
import { PRUNE, type Strategy } from "./strategy.js";

export const OPS = [
  "load",
  "store",
  "add",
  "sub",
  "and",
  "or",
  "exchange",
  "compareExchange",
  "read",
  "write",
  "wait",
  "notify",
  "pause",
] as const;
export type Op = (typeof OPS)[number];
const code = Object.fromEntries(OPS.map((op, i) => [op, i])) as Record<Op, number>;

const SUSPEND = { suspended: "a model thread gives way" };
const PRUNED = { pruned: "this state was explored before" };

const STATES = ["ready", "blocked", "paused", "done"] as const;
type State = (typeof STATES)[number];

export interface ModelThread {
  readonly id: number;
  readonly name: string;
  readonly body: () => unknown;
}

class Thread implements ModelThread {
  state: State = "ready";
  cursor = 0;
  readonly values: number[] = [];
  readonly keys: number[] = [];
  hash = 0;
  seen = -1;
  waitsFor = -1;
  result: unknown;

  constructor(
    readonly id: number,
    readonly name: string,
    readonly body: () => unknown,
  ) {}
}

/** What went wrong in an execution. */
export class Failure extends Error {
  constructor(
    readonly kind: "deadlock" | "race" | "assertion" | "too many steps" | "not deterministic",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const mixInto = (h: number, v: number) => {
  const x = Math.imul(h ^ v, 0x85ebca6b);
  return Math.imul(x ^ (x >>> 13), 0xc2b2ae35) ^ (x >>> 16);
};

export class Execution {
  readonly words: Int32Array;
  /** Choices so far, one base-36 digit for each point where there was a choice. */
  schedule = "";
  private steps = 0;
  trace: string[] | null = null;
  private readonly threads: Thread[] = [];
  private readonly written = new Set<number>();
  private waiting: Thread[] = [];
  private races: RaceDetector | null = null;
  private current: Thread | null = null;
  private upNext: Thread | null = null;
  private granted = false;
  private unwinding = false;
  private version = 0;
  private readonly strategy: Strategy;
  private readonly maxSteps: number;
  private readonly nameOf: (index: number) => string;

  constructor(words: number, strategy: Strategy, maxSteps: number, nameOf: (index: number) => string) {
    this.words = new Int32Array(words);
    this.strategy = strategy;
    this.maxSteps = maxSteps;
    this.nameOf = nameOf;
  }

  thread(name: string, body: () => unknown): void {
    this.threads.push(new Thread(this.threads.length, name, body));
  }

  /** Runs all threads to their end. Returns their results, or `null` if the schedule was pruned; throws a `Failure`. */
  run(): unknown[] | null {
    this.strategy.begin();
    this.races = new RaceDetector(this.words.length, this.threads.length);
    try {
      for (let thread = this.decide(null); thread !== null; ) thread = this.advance(thread);
    } catch (thrown) {
      if (thrown === PRUNED) return null;
      throw thrown;
    } finally {
      this.current = null;
    }
    return this.threads.map((thread) => thread.result);
  }

  /** The number of the thread that runs, above 0. */
  get owner(): number {
    return this.current === null ? 1 : this.current.id + 2;
  }

  /** Every operation of the model comes through here. */
  perform(op: Op, index: number, a: number, b: number): number {
    if (index < 0 || index >= this.words.length || !Number.isInteger(index))
      throw new RangeError(`${op}: there is no word ${index} (the model has ${this.words.length})`);
    const thread = this.current;
    if (thread === null) {
      this.count();
      return this.apply(op, index, a, b);
    }
    if (this.unwinding) throw SUSPEND;
    const key = code[op] * 0x100000 + index;
    if (thread.cursor < thread.values.length) {
      if (thread.keys[thread.cursor] !== key)
        throw new Failure("not deterministic", `${thread.name} repeats its steps differently: ${op}(${index})`);
      return thread.values[thread.cursor++]!;
    }
    this.count();
    if (op === "read" || op === "write") return this.plain(thread, key, op, index, a);
    if (op === "pause") return this.pause(thread, key);
    if (!this.granted) {
      const next = this.decide(thread);
      if (next !== thread) this.suspend(next);
    }
    this.granted = false;
    return this.step(thread, key, op, index, a, b);
  }

  private count(): void {
    if (++this.steps > this.maxSteps) throw new Failure("too many steps", `more than ${this.maxSteps} steps`);
  }

  /** Lets a thread run until it gives way, and returns the thread to run after it. */
  private advance(thread: Thread): Thread | null {
    this.current = thread;
    thread.cursor = 0;
    thread.state = "ready";
    this.granted = true;
    this.upNext = null;
    this.unwinding = false;
    try {
      thread.result = thread.body();
    } catch (thrown) {
      if (thrown === SUSPEND) return this.upNext;
      if (thrown === PRUNED || thrown instanceof Failure) throw thrown;
      throw new Failure("assertion", `${thread.name} threw ${String(thrown)}`, { cause: thrown });
    }
    if (this.unwinding) throw new Failure("not deterministic", `${thread.name} caught the model's own exception`);
    thread.state = "done";
    return this.decide(null);
  }

  private suspend(next: Thread | null): never {
    this.upNext = next;
    this.unwinding = true;
    throw SUSPEND;
  }

  private decide(current: Thread | null): Thread | null {
    const enabled: number[] = current === null ? [] : [current.id];
    for (const thread of this.threads)
      if (thread !== current && (thread.state === "ready" || (thread.state === "paused" && thread.seen < this.version)))
        enabled.push(thread.id);
    if (enabled.length === 0) {
      if (this.threads.every((thread) => thread.state === "done")) return null;
      throw new Failure("deadlock", `nobody can go on: ${this.threads.map((t) => this.describe(t)).join(", ")}`);
    }
    if (enabled.length === 1) return this.threads[enabled[0]!]!;
    const choice = this.strategy.choose(enabled, current !== null, () => this.state(current));
    if (choice === PRUNE) throw PRUNED;
    this.schedule += choice.toString(36);
    return this.threads[enabled[choice]!]!;
  }

  private step(thread: Thread, key: number, op: Op, index: number, a: number, b: number): number {
    const before = this.words[index]!;
    const writes = op !== "load" && op !== "wait" && op !== "notify" && (op !== "compareExchange" || before === a);
    const reads = op !== "store" && op !== "notify";
    const conflict = op === "notify" ? null : this.races!.atomic(thread.id, index, reads, writes);
    if (conflict !== null) this.race(thread, op, index, conflict);
    if (op === "wait" && before === a) {
      this.note(thread, op, index, a, b, "sleeps");
      thread.state = "blocked";
      thread.waitsFor = index;
      this.waiting.push(thread);
      this.suspend(this.decide(null));
    }
    const value = op === "notify" ? this.wake(index, a) : op === "wait" ? 1 : this.apply(op, index, a, b);
    if (writes) {
      this.written.add(index);
      this.version++;
    }
    this.note(thread, op, index, a, b, value);
    return this.record(thread, key, value);
  }

  private wake(index: number, count: number): number {
    let woken = 0;
    this.waiting = this.waiting.filter((thread) => {
      if (thread.waitsFor !== index || woken >= count) return true;
      woken++;
      thread.state = "ready";
      thread.waitsFor = -1;
      this.record(thread, code.wait * 0x100000 + index, 0);
      return false;
    });
    return woken;
  }

  private plain(thread: Thread, key: number, op: "read" | "write", index: number, a: number): number {
    const conflict = this.races!.plain(thread.id, index, op === "write");
    if (conflict !== null) this.race(thread, op, index, conflict);
    const value = this.apply(op, index, a, 0);
    if (op === "write") this.written.add(index);
    this.note(thread, op, index, a, 0, value);
    return this.record(thread, key, value);
  }

  private pause(thread: Thread, key: number): number {
    this.record(thread, key, 0);
    if (thread.seen < this.version) return 0;
    thread.state = "paused";
    this.note(thread, "pause", 0, 0, 0, "");
    this.suspend(this.decide(null));
  }

  private record(thread: Thread, key: number, value: number): number {
    thread.keys.push(key);
    thread.values.push(value);
    thread.cursor++;
    thread.seen = this.version;
    thread.hash = mixInto(mixInto(thread.hash, key), value);
    return value;
  }

  private apply(op: Op, index: number, a: number, b: number): number {
    const { words } = this;
    const before = words[index]!;
    if (op === "store" || op === "exchange" || op === "write") words[index] = a;
    else if (op === "add") words[index] = before + a;
    else if (op === "sub") words[index] = before - a;
    else if (op === "and") words[index] = before & a;
    else if (op === "or") words[index] = before | a;
    else if (op === "compareExchange" && before === a) words[index] = b;
    return op === "store" || op === "write" || op === "notify" || op === "pause" ? 0 : before;
  }

  /** Threads are functions of their records, so records, memory, clocks and sleepers are the whole state. */
  private state(current: Thread | null): number {
    let h1 = current === null ? 17 : 31 + current.id;
    let h2 = 0x1234567;
    const mix = (value: number) => {
      h1 = mixInto(h1, value);
      h2 = mixInto(h2, value + 0x3779b1);
    };
    for (const thread of this.threads) {
      mix(thread.hash);
      mix(thread.values.length);
      mix(STATES.indexOf(thread.state));
      mix(thread.seen < this.version ? 1 : 0);
    }
    for (const thread of this.waiting) mix(thread.id);
    let s1 = 0;
    let s2 = 0;
    for (const index of this.written) {
      s1 = (s1 + mixInto(mixInto(index, 0x51), this.words[index]!)) | 0;
      s2 = (s2 + mixInto(mixInto(index, 0x77), this.words[index]!)) | 0;
    }
    this.races!.hash(mix, (index, clock, at, length) => {
      let h = mixInto(index, 0x99);
      for (let i = 0; i < length; i++) h = mixInto(h, clock[at + i]!);
      s1 = (s1 + h) | 0;
      s2 = (s2 + mixInto(h, 0x3b)) | 0;
    });
    mix(s1);
    mix(s2);
    return (h1 & 0x1fffff) * 0x100000000 + (h2 >>> 0);
  }

  private race(thread: Thread, op: Op, index: number, conflict: string): never {
    throw new Failure("race", `${thread.name}: ${op}(${this.nameOf(index)}) is not ordered after ${conflict}`);
  }

  private describe(thread: Thread): string {
    const doing = thread.state === "blocked" ? `sleeps on ${this.nameOf(thread.waitsFor)}` : thread.state;
    return `${thread.name} ${doing}`;
  }

  private note(thread: Thread, op: Op, index: number, a: number, b: number, value: number | string): void {
    if (this.trace === null) return;
    const args = op === "compareExchange" ? `, ${a} -> ${b}` : op === "load" || op === "read" ? "" : `, ${a}`;
    const result = op === "store" || op === "write" ? "" : ` = ${value}`;
    this.trace.push(`${thread.name.padEnd(12)} ${op}(${this.nameOf(index)}${args})${result}`);
  }
}
