import type { JoinError } from "./join-error.js";

/** How one task of a {@link JoinSet} ended: `ok` tells which of the two shapes it is. */
export type JoinResult<T> = JoinSuccess<T> | JoinFailure;

/** A task that came to a value. */
export interface JoinSuccess<T> {
  /** Whether there is a value. */
  readonly ok: true;
  /** The task's id. */
  readonly id: number;
  /** What the task returned. */
  readonly value: T;
}

/** A task that threw or was cancelled. */
export interface JoinFailure {
  /** Whether there is a value. */
  readonly ok: false;
  /** The task's id. */
  readonly id: number;
  /** Why there is no value; `error.cause` is what the task threw. */
  readonly error: JoinError;
}
