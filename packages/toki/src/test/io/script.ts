/*
 * What a mock has to go through: a list of steps, of which those at the front are taken off as reads and writes use them up.
 *
 *   read      at the front: reads take from it. Elsewhere: not yet
 *   write     before any wait or failing write: writes are compared with it, also while there is something to read in front of it. At the front, reads wait
 *   wait      at the front: starts with the first poll that finds it there, and goes when its time has passed. Reads and writes wait
 *   errors    at the front: the next read, or write, throws
 *
 * Ends: the mock (`isGone`, with its dispose), and the handle (`hasHandle`, with its): while it is there, an empty script is not the end.
 *
 * One reader and one writer wait at most, in `reader` and `writer`. Whoever changes what the other one could find wakes it, after the change.
 */
import type { Waker } from "../../future/waker.js";
import { Instant } from "../../time/instant.js";
import { AssertionError } from "../assertion-error.js";
import { describeBytes } from "./describe-bytes.js";

/** @internal */
export type ScriptStep =
  | { readonly kind: "read"; bytes: Uint8Array }
  | { readonly kind: "write"; bytes: Uint8Array }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "readError"; readonly error: Error }
  | { readonly kind: "writeError"; readonly error: Error };

/** An operation that waits. @internal */
export interface Waiting {
  waker: Waker | null;
}

/** Not yet: something else has to happen first. @internal */
export const LATER = -1;

/** @internal */
export class Script {
  readonly name: string;
  hasHandle: boolean;
  isGone = false;
  /** A write was not what was expected: who disposes has been told. */
  hasFailed = false;
  /** When the wait at the front is over. */
  until: Instant | null = null;
  reader: Waiting | null = null;
  writer: Waiting | null = null;
  private readonly steps: ScriptStep[];

  constructor(name: string, steps: readonly ScriptStep[], hasHandle: boolean) {
    this.name = name;
    this.hasHandle = hasHandle;
    // Steps are used up: each mock has its own.
    this.steps = steps.map((step) => ({ ...step }));
  }

  get length(): number {
    return this.steps.length;
  }

  /** A handle adds a step. */
  add(step: ScriptStep): void {
    this.steps.push(step);
    this.wake(this.reader);
    this.wake(this.writer);
  }

  /** The handle is gone: an empty script is the end. */
  dropHandle(): void {
    if (!this.hasHandle) return;
    this.hasHandle = false;
    this.wake(this.reader);
    this.wake(this.writer);
  }

  /** How many bytes were read into `buffer`, 0 at the end; LATER if there is nothing to read yet. */
  read(buffer: Uint8Array): number {
    const step = this.front();
    if (step === undefined) return this.hasHandle ? LATER : 0;
    if (step.kind === "readError") {
      this.next();
      this.wake(this.writer);
      throw step.error;
    }
    if (step.kind !== "read") return LATER;
    const count = Math.min(buffer.length, step.bytes.length);
    buffer.set(step.bytes.subarray(0, count));
    step.bytes = step.bytes.subarray(count);
    if (step.bytes.length === 0) {
      this.next();
      this.wake(this.writer);
    }
    return count;
  }

  /** How many bytes of `buffer` were expected; LATER if no write is expected yet. @throws AssertionError if others were, or none */
  write(buffer: Uint8Array): number {
    const front = this.front();
    if (front?.kind === "wait") return LATER;
    if (front?.kind === "writeError") {
      this.next();
      this.wake(this.reader);
      throw front.error;
    }
    const count = this.match(buffer);
    if (count > 0) {
      this.wake(this.reader);
      return count;
    }
    if (this.steps.some((step) => step.kind === "wait" || step.kind === "writeError")) return LATER;
    throw this.fail(`unexpected write of ${describeBytes(buffer)}`, buffer, undefined);
  }

  /** Compares with the writes up to the next wait or failing write. What is read meanwhile stays. */
  private match(buffer: Uint8Array): number {
    let count = 0;
    for (let i = 0; i < this.steps.length && count < buffer.length; ) {
      const step = this.steps[i] as ScriptStep;
      if (step.kind === "wait" || step.kind === "writeError") break;
      if (step.kind !== "write") {
        i++;
        continue;
      }
      const length = Math.min(buffer.length - count, step.bytes.length);
      const found = buffer.subarray(count, count + length);
      const expected = step.bytes.subarray(0, length);
      if (!found.every((byte, at) => byte === expected[at])) {
        const failure = `wrote ${describeBytes(found)} where ${describeBytes(expected)} was expected`;
        throw this.fail(failure, found.slice(), expected.slice());
      }
      count += length;
      if (length === step.bytes.length) this.steps.splice(i, 1);
      else step.bytes = step.bytes.subarray(length);
    }
    return count;
  }

  /** The step at the front; a wait that is over is none. */
  front(): ScriptStep | undefined {
    for (;;) {
      const step = this.steps[0];
      if (step?.kind !== "wait") return step;
      this.until ??= Instant.now().add(step.ms);
      if (this.until.compare(Instant.now()) > 0) return step;
      this.next();
    }
  }

  private next(): void {
    this.steps.shift();
    this.until = null;
  }

  private wake(waiting: Waiting | null): void {
    waiting?.waker?.wake();
  }

  /** Ends the mock. @throws AssertionError if bytes or errors are left that nobody has asked for */
  end(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.wake(this.reader);
    this.wake(this.writer);
    if (this.hasFailed) return;
    const left = this.steps.filter((step) => step.kind !== "wait");
    if (left.length === 0) return;
    throw this.fail(`disposed before the script ended: ${left.map(describeStep).join(", ")}`, left, []);
  }

  private fail(failure: string, actual: unknown, expected: unknown): AssertionError {
    this.hasFailed = true;
    const left = `${this.length} ${this.length === 1 ? "step is" : "steps are"} left`;
    return new AssertionError(`${this.name}: ${failure} (${left})`, actual, expected);
  }
}

function describeStep(step: ScriptStep): string {
  switch (step.kind) {
    case "read":
      return `${describeBytes(step.bytes)} was not read`;
    case "write":
      return `${describeBytes(step.bytes)} was not written`;
    case "readError":
      return `no read failed with ${String(step.error)}`;
    case "writeError":
      return `no write failed with ${String(step.error)}`;
    case "wait":
      return `${step.ms} ms were not waited for`;
  }
}
