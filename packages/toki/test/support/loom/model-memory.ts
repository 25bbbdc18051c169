import type { Memory, WaitOutcome } from "../../../dist/memory/memory.js";
import type { Execution } from "./execution.js";

/** A promise without microtasks. */
export class ModelPromise {
  private reaction: (() => void) | null = null;

  then(reaction: () => void): this {
    this.reaction = reaction;
    return this;
  }

  settle(): void {
    this.reaction?.();
  }
}

/** The memory of a model: each operation is a step of an `Execution`. */
export class ModelMemory implements Memory {
  readonly spins: number;
  private readonly execution: Execution;

  constructor(execution: Execution, spins = 0) {
    this.execution = execution;
    this.spins = spins;
  }

  get owner(): number {
    return this.execution.owner;
  }

  // What a thread writes down for the case of its death, which is no part of a model.
  sign(): void {}

  enter(): void {}

  leave(): void {}

  load(index: number): number {
    return this.execution.perform("load", index, 0, 0);
  }

  store(index: number, value: number): void {
    this.execution.perform("store", index, value, 0);
  }

  add(index: number, value: number): number {
    return this.execution.perform("add", index, value, 0);
  }

  sub(index: number, value: number): number {
    return this.execution.perform("sub", index, value, 0);
  }

  and(index: number, value: number): number {
    return this.execution.perform("and", index, value, 0);
  }

  or(index: number, value: number): number {
    return this.execution.perform("or", index, value, 0);
  }

  exchange(index: number, value: number): number {
    return this.execution.perform("exchange", index, value, 0);
  }

  compareExchange(index: number, expected: number, replacement: number): number {
    return this.execution.perform("compareExchange", index, expected, replacement);
  }

  read(index: number): number {
    return this.execution.perform("read", index, 0, 0);
  }

  write(index: number, value: number): void {
    this.execution.perform("write", index, value, 0);
  }

  wait(index: number, expected: number): WaitOutcome {
    return this.execution.perform("wait", index, expected, 0) === 0 ? "ok" : "not-equal";
  }

  /** Time does not pass in a model: nobody is woken by it. */
  waitFor(index: number, expected: number): void {
    this.wait(index, expected);
  }

  /**
   * For code that sleeps in its event loop: a promise whose reactions run when the model's thread calls `settle`, after it has found the word changed. What
   * is registered here is not seen by `notify`, which is stricter than the real thing.
   */
  waitAsync(index: number, expected: number): Promise<unknown> | null {
    if (this.load(index) !== expected) return null;
    return new ModelPromise() as unknown as Promise<unknown>;
  }

  notify(index: number, count: number): number {
    return this.execution.perform("notify", index, count, 0);
  }

  pause(): void {
    this.execution.perform("pause", 0, 0, 0);
  }
}
