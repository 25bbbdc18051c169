// A multi-thread runtime with its lid off: what its threads share, how to end one of them from outside, and a dump of every thread's state. Internal modules,
// so that the package's types do not have what is used here.
import assert from "node:assert/strict";
import { Worker as Thread } from "node:worker_threads";
import { type Future, type JoinHandle, Runtime, type RuntimeOptions } from "toki";
import * as currentModule from "../../dist/future/current.js";
import * as threadModule from "../../dist/memory/thread.js";
import { type Report, type Shape, snapshot } from "./snapshot.js";

interface Arena {
  readonly buffer: SharedArrayBuffer;
  readonly inUse: number;
  readonly slot: number;
}

const { current } = currentModule as unknown as { current: { readonly runtime: Core } };
const { mailboxIfAny } = threadModule as unknown as { mailboxIfAny(): { readonly arena: Arena } | null };

interface WorkerHandle {
  readonly index: number;
  readonly slot: number;
  readonly isReady: boolean;
  readonly host: { terminate(): void };
}

interface Remote {
  readonly record: number;
  readonly state: number;
  readonly task: { readonly id: number; readonly state: number } | null;
  readonly rt: unknown;
}

interface Supervisor {
  readonly crew: { readonly handles: Map<number, WorkerHandle> };
  readonly started: {
    readonly control: { readonly base: number; readonly workers: number };
    readonly tasks: { readonly table: (Remote | null)[] };
    readonly mailbox: { readonly expected: number };
  } | null;
}

interface Core {
  readonly threads: Supervisor;
  readonly remoteTasks: number;
  readonly liveTasks: number;
}

/** Blocks in use in the memory that threads share. */
export function blocksInUse(): number {
  return mailboxIfAny()?.arena.inUse ?? 0;
}

/** How long the buffer that threads share has grown. */
export function bytesOfArena(): number {
  return mailboxIfAny()?.arena.buffer.byteLength ?? 0;
}

export class Machine implements AsyncDisposable {
  readonly rt: Runtime;
  private core!: Core;

  private constructor(options: RuntimeOptions) {
    this.rt = new Runtime({ flavor: "multiThread", ...options });
  }

  static async start(options: RuntimeOptions): Promise<Machine> {
    const machine = new Machine(options);
    await machine.rt.run(function* () {
      machine.core = current.runtime;
    });
    return machine;
  }

  get workers(): WorkerHandle[] {
    return [...this.core.threads.crew.handles.values()];
  }

  /** Ends the thread of a worker from outside, wherever it is. */
  kill(index: number): boolean {
    const worker = this.core.threads.crew.handles.get(index);
    worker?.host.terminate();
    return worker !== undefined;
  }

  get shape(): Shape {
    const { started, crew } = this.core.threads;
    assert.ok(started !== null, "no thread was started");
    const { buffer, slot } = (mailboxIfAny() as { arena: Arena }).arena;
    const { base, workers } = started.control;
    return {
      buffer,
      control: base,
      workers,
      slots: [slot, ...[...crew.handles.values()].map((worker) => worker.slot)],
    };
  }

  /** What every thread is at, for people. */
  dump(): string {
    const { started } = this.core.threads;
    if (started === null) return "no thread was started";
    const lines: Report = snapshot(this.shape);
    const away = started.tasks.table.filter(
      (remote) => remote !== null && remote !== undefined && remote.rt === this.core,
    );
    lines.push(
      `home: ${this.core.liveTasks} tasks, ${this.core.remoteTasks} away, ${started.mailbox.expected} expected`,
    );
    const memory = new Int32Array((mailboxIfAny() as { arena: Arena }).arena.buffer);
    for (const remote of away.slice(0, 20)) {
      const { record, task, state } = remote as Remote;
      lines.push(
        `  task ${task?.id}: record ${record}, home's state ${state}, STATE ${memory[record + 1]}, home slot ${memory[record + 3]}, worker slot ${memory[record + 4]}`,
      );
    }
    return lines.join("\n");
  }

  /** Memory that is still held by nobody but this thread's tables. */
  assertQuiet(): void {
    const { started } = this.core.threads;
    assert.equal(this.core.remoteTasks, 0, "tasks are away");
    assert.equal(this.core.liveTasks, 0, "tasks are left");
    const left = started?.tasks.table.filter((remote) => remote !== null && remote?.rt === this.core) ?? [];
    assert.equal(left.length, 0, "records are left");
  }

  spawn<T>(future: Future<T>): JoinHandle<T> {
    return this.rt.spawn(future);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rt.shutdown();
  }
}

/** The result of `promise`, or a failure with `dump` after `ms` milliseconds without one. */
export async function within<T>(ms: number, machines: readonly Machine[], promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // A thread of its own: this one may be what hangs.
  const shapes = machines.map((machine) => machine.shape);
  const watchdog = new Thread(new URL("./watchdog.js", import.meta.url), { workerData: { shapes, ms: ms + 5000 } });
  watchdog.unref();
  const hung = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no end after ${ms} ms\n${machines.map((machine) => machine.dump()).join("\n\n")}`));
    }, ms);
  });
  try {
    return await Promise.race([promise, hung]);
  } finally {
    clearTimeout(timer);
    await watchdog.terminate();
  }
}
