/*
 * The beginning of a worker's thread. Importing this module, in whichever bundle it has ended up, registers `begin` under the module's URL; the thread's
 * first lines (worker-source.ts) import that URL and call it.
 */
import { host } from "#host";
import { threadEnded, threadMailbox } from "../../../memory/thread.js";
import { encodeThrown } from "../../../portable/errors.js";
import { portable } from "../../../portable/registry.js";
import { ThreadEndedError } from "../../blocking/thread-ended-error.js";
import { RuntimeCore, shareTaskIds } from "../../core.js";
import { packageUrl } from "../../driver/package-url-node.js";
import type { RuntimeOptions, TaskFailure } from "../../options.js";
import { Control } from "./control.js";
import type { ToWorker } from "./messages.js";
import type { WorkerSeat } from "./task-finder.js";
import { Worker } from "./worker.js";

/** What a worker is told when it starts. @internal */
export interface WorkerSetup {
  /** Which module to import, and which of its copies of this package is meant. */
  readonly module: { readonly url: string; readonly copy: number };
  readonly buffer: SharedArrayBuffer;
  /** Whose memory it is. */
  readonly copy: string;
  /** Modules of the shared objects that the thread may be sent. */
  readonly crossings: readonly string[];
  readonly control: number;
  readonly workers: number;
  readonly seat: WorkerSeat;
  readonly options: RuntimeOptions;
  /** Whether that thread wants to be told of failures that nobody has joined. */
  readonly tellsFailures: boolean;
}

/** The thread's end of its channel. @internal */
export interface WorkerPort {
  post(message: unknown, transfer: readonly unknown[]): void;
  onMessage(handler: (message: unknown) => void): void;
  /** Takes a message that has arrived, without the event loop; undefined if there is none. */
  receive(): unknown;
  /** Whether the channel keeps the thread alive; it begins as one that does. */
  setRef(ref: boolean): void;
  /** Calls back when the thread ends by itself. */
  onExit(handler: () => void): void;
  exit(): void;
}

function begin(setup: WorkerSetup, port: WorkerPort): void {
  const { seat, options, tellsFailures } = setup;
  const mailbox = threadMailbox();
  shareTaskIds(mailbox.arena.memory);
  const control = new Control(mailbox.arena, setup.control, setup.workers);
  const rt = new RuntimeCore(
    tellsFailures ? { ...options, onUnhandledFailure: (it) => tell(it, port) } : options,
    host,
  );
  const worker = new Worker(rt, control, mailbox, seat, port);
  rt.joinThreads(worker);
  rt.serve(worker);
  worker.onMessage = (message) => onMessage(worker, message as ToWorker);
  port.onMessage((message) => worker.onMessage(message));
  rt.onClosed(() => {
    worker.publish();
    port.exit();
  });
  // A task has called process.exit: what this thread has queued is for others.
  port.onExit(() => {
    if (mailbox.arena.memory.isLocking) return;
    worker.handOver();
    worker.served.dropAll();
  });
  rt.drive(() => {});
  port.post({ ready: true }, []);
}

function tell({ id, name, error }: TaskFailure, port: WorkerPort): void {
  port.post({ failure: { id, name, error: encodeThrown(error) } }, []);
}

function onMessage(worker: Worker, message: ToWorker): void {
  if ("ask" in message) worker.ask(message.ask);
  else if ("parcels" in message) worker.served.onParcels(message.id, message.parcels);
  else if ("outcome" in message) worker.tasks.onParcels(message.id, message.outcome);
  else if ("dead" in message) {
    const cause = message.text === "" ? undefined : new Error(message.text);
    worker.tasks.failTasksOf(
      message.dead,
      new ThreadEndedError(`worker ${message.worker} ended while it had the task`, message.code, cause),
      message.isSudden,
    );
    threadEnded(message.dead);
    worker.tell({ buried: message.dead });
  }
}

/** Where a worker finds `begin`. @internal */
export const WORKER_MODULE: { readonly url: string; readonly copy: number } = (() => {
  const url = packageUrl(import.meta);
  const { starters } = portable();
  const known = starters.get(url) ?? [];
  starters.set(url, known);
  known.push(begin as (setup: unknown, port: unknown) => void);
  return { url, copy: known.length - 1 };
})();
