/*
 * What the threads of a runtime post to each other, beside what they share: between a worker and the thread that made the runtime, which passes on what is
 * for another worker.
 */
import type { TaskSnapshot } from "../../dump.js";

/** To the thread that made the runtime. @internal */
export type FromWorker =
  | { readonly ready: true }
  | Quiet
  /** It ends, with this exit code. */
  | { readonly exit: number }
  /** For the thread of a slot. */
  | { readonly to: number; readonly message: unknown; readonly transfer: readonly unknown[] }
  /** parcel-store.ts */
  | { readonly keep: readonly unknown[]; readonly id: number }
  | { readonly want: number; readonly slot: number }
  | { readonly drop: number }
  /** The sender knows that the thread of a slot is no more. */
  | { readonly buried: number }
  | Outcome
  /** Of a task that was spawned there, which nobody has joined; `error` as portable/errors.ts encodes it. */
  | { readonly failure: { readonly id: number; readonly name: string | undefined; readonly error: unknown } };

/** To a worker. @internal */
export type ToWorker =
  /** Whether it is quiet. */
  | { readonly ask: number }
  /** What it wanted of the arguments of a task. */
  | { readonly parcels: readonly unknown[]; readonly id: number }
  | Outcome
  | Death;

/** A worker that was asked is quiet (quiet.ts). @internal */
export interface Quiet {
  readonly quiet: number;
  readonly question: number;
  readonly tasks: readonly TaskSnapshot[];
}

/** What a message has to carry of the outcome of a task, to its home. */
interface Outcome {
  readonly outcome: readonly unknown[];
  readonly id: number;
}

/** The thread of the slot `dead` is no more. */
interface Death {
  readonly dead: number;
  readonly worker: number;
  readonly code: number | undefined;
  readonly text: string;
  readonly isSudden: boolean;
}
