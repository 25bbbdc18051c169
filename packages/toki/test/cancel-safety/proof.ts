import type { Suspend } from "toki";

/** What one test runs, on a runtime of its own. */
export type Body = () => Generator<Suspend, void, unknown>;

/** The proof of one row of docs/cancel-safety.md. */
export interface Proof {
  /** The row's first column, to the letter. */
  readonly operation: string;
  /** Its second column, to the letter. */
  readonly claim: string;
  /** A test each: its name begins with the operation of the row that is dropped, then says when. Every operation that the row names has one. */
  readonly proof: Readonly<Record<string, Body>>;
  /** Tests of the same kind that the code does not pass yet, and why. */
  readonly todo?: Readonly<Record<string, readonly [why: string, body: Body]>>;
  /** Time matters: the clock is paused, whatever the flavour. */
  readonly paused?: true;
}
