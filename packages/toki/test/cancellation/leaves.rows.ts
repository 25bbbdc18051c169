import { getEventListeners } from "node:events";
import {
  aborted,
  type Context,
  cancelOn,
  Future,
  fn,
  fromPromise,
  Instant,
  interval,
  Pending,
  type Poll,
  pending,
  pollFn,
  select,
  sleep,
  sleepUntil,
  spawn,
  withAbortSignal,
} from "toki";
import { Gate } from "../support/gate.js";
import { abortParked, outcomeOf, pause, type Row, settle } from "./scene.js";

/** What a leaf future gives back when it is cancelled. */
export const rows: readonly Row[] = [
  {
    name: "sleep: its timer leaves the wheel as the task is unwound, before any cleanup runs",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* sleep(3_600_000);
        } finally {
          s.log(`in cleanup: ${s.timers} timers`);
        }
      });
      yield* settle();
      s.log(`parked: ${s.timers} timers`);
      task.abort();
      return yield* outcomeOf(task);
    },
    trace: ["parked: 1 timers", "in cleanup: 0 timers"],
    outcome: "cancelled",
  },
  {
    name: "a thousand sleeps, far and near: the wheel is empty after the abort",
    *body(s) {
      const tasks = Array.from({ length: 1000 }, (_, i) => spawn(sleep(60_000 + i * 4_000_000)));
      yield* settle();
      s.log(`${s.timers} timers`);
      for (const task of tasks) task.abort();
      yield* settle();
      s.log(`${s.timers} timers`);
      return yield* outcomeOf(tasks[999] as Future<void>);
    },
    trace: ["1000 timers", "0 timers"],
    outcome: "cancelled",
  },
  {
    name: "sleepUntil and an interval's tick leave the wheel",
    *body(s) {
      const one = spawn(sleepUntil(Instant.now().add(3_600_000)));
      const two = spawn(function* () {
        const ticks = interval(3_600_000);
        yield* ticks.tick();
        yield* ticks.tick();
      });
      yield* settle();
      s.log(`${s.timers} timers`);
      yield* abortParked(one);
      const outcome = yield* abortParked(two);
      s.log(`${s.timers} timers`);
      return outcome;
    },
    trace: ["2 timers", "0 timers"],
    outcome: "cancelled",
  },
  {
    name: "a sleep that was created and never awaited has no timer",
    *body(s) {
      sleep(3_600_000);
      const task = spawn(sleep(3_600_000));
      task.abort();
      const outcome = yield* outcomeOf(task);
      s.log(`${s.timers} timers`);
      return outcome;
    },
    trace: ["0 timers"],
    outcome: "cancelled",
  },
  {
    name: "a hand-written future is disposed exactly once, before the cleanup of the body that awaits it",
    *body(s) {
      const gate = new Gate();
      const inner = fn(function* inner() {
        try {
          yield* gate;
        } finally {
          s.log(`drops: ${gate.drops}`);
          yield* pause();
        }
      });
      const task = spawn(function* () {
        yield* inner();
      });
      yield* settle();
      task.abort();
      yield* settle();
      task.abort();
      const outcome = yield* outcomeOf(task);
      s.log(`drops: ${gate.drops}`);
      return outcome;
    },
    trace: ["drops: 1", "drops: 1"],
    outcome: "cancelled",
  },
  {
    name: "a hand-written future as the task itself is disposed exactly once",
    *body(s) {
      const gate = new Gate();
      const outcome = yield* abortParked(spawn(gate));
      s.log(`polls: ${gate.polls}, drops: ${gate.drops}`);
      return outcome;
    },
    trace: ["polls: 1, drops: 1"],
    outcome: "cancelled",
  },
  {
    name: "a hand-written future that gave its value is not disposed",
    *body(s) {
      const gate = new Gate<string>();
      const task = spawn(function* () {
        const value = yield* gate;
        s.log(value);
        yield* s.park("a");
      });
      yield* settle();
      gate.open("value");
      const outcome = yield* abortParked(task);
      s.log(`drops: ${gate.drops}`);
      return outcome;
    },
    trace: ["value", "a0 cleanup", "drops: 0"],
    outcome: "cancelled",
  },
  {
    name: "a hand-written future that threw is not disposed",
    *body(s) {
      const gate = new Gate();
      const task = spawn(gate);
      yield* settle();
      gate.fail(new Error("own"));
      const outcome = yield* outcomeOf(task);
      s.log(`drops: ${gate.drops}`);
      return outcome;
    },
    trace: ["drops: 0"],
    outcome: "panic: own",
  },
  {
    name: "a hand-written future awaited in a cleanup that is cut is disposed exactly once",
    *body(s) {
      const gate = new Gate();
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          yield* gate;
        }
      });
      yield* settle();
      task.abort({ cleanupTimeout: 1 });
      const outcome = yield* outcomeOf(task);
      s.log(`drops: ${gate.drops}`);
      return outcome;
    },
    trace: ["drops: 1"],
    outcome: "cancelled",
  },
  {
    name: "a hand-written future whose cancellation takes polls: they come until it ends, then the frames unwind",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* new SlowLeaf(s.log);
        } finally {
          s.log("cleanup");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["cancel 1", "cancel 2", "cancel 3", "cleanup"],
    outcome: "cancelled",
  },
  {
    name: "a hand-written future whose cancellation takes polls, and a deadline: it is disposed in the end",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* new SlowLeaf(s.log, false);
        } finally {
          s.log("cleanup");
        }
      });
      yield* settle();
      task.abort({ cleanupTimeout: 1 });
      return yield* outcomeOf(task);
    },
    trace: ["cancel 1", "disposed", "cleanup"],
    outcome: "cancelled",
  },
  {
    name: "pollFn is not called again",
    *body(s) {
      let polls = 0;
      const task = spawn(
        pollFn(() => {
          polls++;
          return Pending;
        }),
      );
      const outcome = yield* abortParked(task);
      s.log(`polls: ${polls}`);
      return outcome;
    },
    trace: ["polls: 1"],
    outcome: "cancelled",
  },
  {
    name: "a wake that comes after the end does nothing",
    *body(s) {
      let wake = () => {};
      const task = spawn(
        pollFn((cx) => {
          wake = () => cx.waker.wake();
          return Pending;
        }),
      );
      const outcome = yield* abortParked(task);
      wake();
      yield* settle();
      s.log(`alive: ${s.rt.metrics().numAliveTasks}`);
      return outcome;
    },
    trace: ["alive: 0"],
    outcome: "cancelled",
  },
  {
    name: "fromPromise: the signal is aborted as the task is unwound, a late settlement is ignored",
    *body(s) {
      let settlePromise = () => {};
      const task = spawn(function* () {
        try {
          yield* fromPromise((signal) => {
            signal.addEventListener("abort", () => s.log("signal aborted"));
            return new Promise((_, reject) => {
              settlePromise = () => reject(new Error("late"));
            });
          });
        } finally {
          s.log("cleanup");
        }
      });
      const outcome = yield* abortParked(task);
      settlePromise();
      yield* settle();
      return outcome;
    },
    trace: ["signal aborted", "cleanup"],
    outcome: "cancelled",
  },
  {
    name: "fromPromise that loses a select: its signal is aborted",
    *body(s) {
      const { key } = yield* select({
        fetch: fromPromise((signal) => {
          signal.addEventListener("abort", () => s.log("signal aborted"));
          return new Promise(() => {});
        }),
        winner: pause(),
      });
      return key;
    },
    trace: ["signal aborted"],
    outcome: "winner",
  },
  {
    name: "fromPromise that was never polled starts nothing",
    *body(s) {
      const task = spawn(
        fromPromise(async () => {
          s.log("started");
        }),
      );
      task.abort();
      return yield* outcomeOf(task);
    },
    trace: [],
    outcome: "cancelled",
  },
  {
    name: "withAbortSignal: the signal is aborted before the body is unwound",
    *body(s) {
      const task = spawn(
        withAbortSignal(function* (signal) {
          signal.addEventListener("abort", () => s.log("signal aborted"));
          yield* s.linger("body");
        }),
      );
      return yield* abortParked(task);
    },
    trace: ["signal aborted", "body0 cleanup begins", "body0 cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "cancelOn: the signal unwinds the future, its reason comes after the cleanup",
    *body(s) {
      const controller = new AbortController();
      const task = spawn(cancelOn(controller.signal, s.linger("work")));
      yield* settle();
      controller.abort(new Error("reason"));
      return yield* outcomeOf(task);
    },
    trace: ["work0 cleanup begins", "work0 cleanup ends"],
    outcome: "panic: reason",
  },
  {
    name: "aborted() and cancelOn() take their listeners off the signal when they are cancelled",
    *body(s) {
      const { signal } = new AbortController();
      const one = spawn(aborted(signal));
      const two = spawn(cancelOn(signal, s.park("work")));
      yield* settle();
      s.log(`listened to: ${getEventListeners(signal, "abort").length > 0}`);
      yield* abortParked(one);
      const outcome = yield* abortParked(two);
      s.log(`listened to: ${getEventListeners(signal, "abort").length > 0}`);
      return outcome;
    },
    trace: ["listened to: true", "work0 cleanup", "listened to: false"],
    outcome: "cancelled",
  },
];

/** Its cancellation takes three polls, or never ends. */
class SlowLeaf extends Future<void> {
  readonly #log: (line: string) => void;
  readonly #ends: boolean;
  #polls = 0;

  constructor(log: (line: string) => void, ends = true) {
    super();
    this.#log = log;
    this.#ends = ends;
  }

  poll(_cx: Context): Poll<void> {
    return Pending;
  }

  override pollCancel(cx: Context): Poll<void> {
    this.#log(`cancel ${++this.#polls}`);
    if (this.#polls === 3) return undefined;
    if (this.#ends) cx.waker.wake();
    return Pending;
  }

  override [Symbol.dispose](): void {
    this.#log("disposed");
  }
}
