/*
 * A platform whose clock and event loop move by hand, for what no real one shows on demand: host timers that come early or late, delays of weeks,
 * the moment when nothing is left to do.
 */
import { Future, type IntoFuture, type RuntimeOptions } from "toki";
import * as coreModule from "../../dist/runtime/core.js";

const MAX_TIMER_MS = 2 ** 31 - 1;

export class SimTimer {
  isRef = true;
  readonly host: SimHost;
  readonly callback: () => void;
  readonly due: number;

  constructor(host: SimHost, callback: () => void, due: number) {
    this.host = host;
    this.callback = callback;
    this.due = due;
  }

  setRef(ref: boolean): void {
    this.isRef = ref;
  }

  clear(): void {
    this.host.timers.delete(this);
  }
}

export class SimHost {
  /** Not on a whole millisecond, as no real clock is. */
  time = 1000.3;
  readonly timers = new Set<SimTimer>();
  /** The delay of each host timer that was ever set. */
  readonly delays: number[] = [];
  readonly reports: string[] = [];
  /** Added to the time a host timer fires at. */
  jitter: () => number = () => 0;
  /** How far the clock moves each time it is read. */
  step = 0;
  activeWork = false;
  private readonly immediates: (() => void)[] = [];
  private readonly microtasks: (() => void)[] = [];
  private readonly idle = new Set<() => void>();

  now(): number {
    this.time += this.step;
    return this.time;
  }

  setTimer(callback: () => void, ms: number): SimTimer {
    if (!(ms >= 0 && ms <= MAX_TIMER_MS)) throw new Error(`A host timer of ${ms} ms fires at once`);
    this.delays.push(ms);
    const timer = new SimTimer(this, callback, this.time + Math.max(1, ms) + this.jitter());
    this.timers.add(timer);
    return timer;
  }

  immediate(callback: () => void): void {
    this.immediates.push(callback);
  }

  microtask(callback: () => void): void {
    this.microtasks.push(callback);
  }

  onIdle(callback: () => void): () => void {
    this.idle.add(callback);
    return () => this.idle.delete(callback);
  }

  onSignal(): undefined {
    return undefined;
  }

  raiseSignal(): void {}

  hasActiveWork(): boolean {
    return this.activeWork;
  }

  block(ms: number): void {
    this.time += ms;
  }

  report(text: string): void {
    this.reports.push(text);
  }

  captureContext(): <A extends unknown[], R>(callback: (...args: A) => R, ...args: A) => R {
    return (callback, ...args) => callback(...args);
  }

  flush(): void {
    for (let callback = this.microtasks.shift(); callback !== undefined; callback = this.microtasks.shift()) callback();
  }

  /** One turn of the loop: due timers, then what was put off until after the turn. False when there was nothing to do. */
  turn(): boolean {
    this.flush();
    const due = [...this.timers].filter((timer) => timer.due <= this.time).sort((a, b) => a.due - b.due);
    for (const timer of due) {
      if (!this.timers.delete(timer)) continue;
      timer.callback();
      this.flush();
    }
    const immediates = this.immediates.splice(0);
    for (const callback of immediates) {
      callback();
      this.flush();
    }
    return due.length + immediates.length > 0;
  }

  /** Whether the process would stay alive. */
  get isAlive(): boolean {
    return this.microtasks.length + this.immediates.length > 0 || [...this.timers].some((timer) => timer.isRef);
  }

  /** Turns until nothing is left to do now; the clock does not move. */
  settle(): void {
    for (let turns = 0; this.turn(); turns++) {
      if (turns > 100_000) throw new Error("The simulated loop does not come to rest");
    }
    this.flush();
  }

  /** Moves the clock to the next host timer; false when there is none that keeps the process alive. */
  sleep(): boolean {
    if (![...this.timers].some((timer) => timer.isRef)) return false;
    const next = Math.min(...[...this.timers].map((timer) => timer.due));
    this.time = Math.max(this.time, next);
    return true;
  }

  /** Runs until the process would exit, or until `limit` sleeps. */
  run(limit = 100_000): void {
    for (let i = 0; i < limit; i++) {
      this.settle();
      if (this.sleep()) continue;
      for (const callback of [...this.idle]) callback();
      if (!this.isAlive) return;
    }
    throw new Error("The simulated process does not end");
  }
}

export interface SimTask {
  readonly output: unknown;
  readonly isComplete: boolean;
  abort(): void;
  wake(): void;
}

interface SimCore {
  readonly time: { pause(): void; resume(): void; advance(ms: number): void; readonly wheel: { size: number } };
  spawn(future: Future<unknown>, options: undefined): SimTask;
  drive(onDeadlock: (error: Error) => void): () => void;
  blockOn(future: Future<unknown>): unknown;
  shutdown(): Promise<void>;
}

type CoreClass = new (options: RuntimeOptions, host: SimHost) => SimCore;
const { RuntimeCore } = coreModule as unknown as { RuntimeCore: CoreClass };

/** A runtime on a simulated platform. */
export class Sim {
  readonly host = new SimHost();
  readonly core: SimCore;
  readonly deadlocks: Error[] = [];
  private stop: (() => void) | undefined;

  constructor(options: RuntimeOptions = {}, startTime?: number) {
    if (startTime !== undefined) this.host.time = startTime;
    this.core = new RuntimeCore(options, this.host);
  }

  spawn(future: IntoFuture<unknown>): SimTask {
    return this.core.spawn(Future.from(future), undefined);
  }

  drive(): this {
    this.stop ??= this.core.drive((error) => this.deadlocks.push(error));
    return this;
  }

  halt(): void {
    this.stop?.();
    this.stop = undefined;
  }

  /** Runs a future to its end, sleeping as needed. */
  run<T>(future: IntoFuture<T>): T {
    const task = this.spawn(function* () {
      try {
        return { value: yield* Future.from(future) };
      } catch (error) {
        return { error };
      }
    });
    this.drive();
    for (let i = 0; i < 100_000 && !task.isComplete; i++) {
      this.host.settle();
      if (!task.isComplete && !this.host.sleep()) throw new Error("The simulated program waits for nothing");
    }
    if (!task.isComplete) throw new Error("The simulated program does not end");
    this.halt();
    const output = task.output as { value: T } | { error: unknown };
    if ("error" in output) throw output.error;
    return output.value;
  }
}
