// A thread of a model that dies: at its n-th operation, whatever it is doing, and as a real one would: nothing of it runs any more, no `finally` either.
import type { Memory, WaitOutcome } from "../../../dist/memory/memory.js";

const DEATH = { death: "of a model thread" };

export class MortalMemory implements Memory {
  readonly spins = 0;
  private readonly memory: Memory;
  private readonly held: number;
  private left: number;
  private depth = 0;

  /**
   * @param dead - a word that is 1 once the thread is dead, or done
   * @param held - where it writes down its locks
   */
  static run(memory: Memory, after: number, held: number, dead: number, body: (memory: Memory) => void): void {
    try {
      body(new MortalMemory(memory, after, held));
    } catch (error) {
      if (error !== DEATH) throw error;
    }
    memory.store(dead, 1);
    memory.notify(dead, Number.POSITIVE_INFINITY);
  }

  private constructor(memory: Memory, after: number, held: number) {
    this.memory = memory;
    this.left = after;
    this.held = held;
  }

  private live(): Memory {
    if (this.left <= 0) throw DEATH;
    this.left--;
    return this.memory;
  }

  get owner(): number {
    return this.memory.owner;
  }

  enter(entry: number): void {
    this.live().write(this.held + this.depth++, entry);
  }

  leave(): void {
    this.live().write(this.held + --this.depth, 0);
  }

  load(index: number): number {
    return this.live().load(index);
  }

  store(index: number, value: number): void {
    this.live().store(index, value);
  }

  add(index: number, value: number): number {
    return this.live().add(index, value);
  }

  sub(index: number, value: number): number {
    return this.live().sub(index, value);
  }

  and(index: number, value: number): number {
    return this.live().and(index, value);
  }

  or(index: number, value: number): number {
    return this.live().or(index, value);
  }

  exchange(index: number, value: number): number {
    return this.live().exchange(index, value);
  }

  compareExchange(index: number, expected: number, replacement: number): number {
    return this.live().compareExchange(index, expected, replacement);
  }

  read(index: number): number {
    return this.live().read(index);
  }

  write(index: number, value: number): void {
    this.live().write(index, value);
  }

  wait(index: number, expected: number): WaitOutcome {
    return this.live().wait(index, expected);
  }

  waitAsync(): never {
    throw new Error("a thread that dies does not sleep in its event loop");
  }

  notify(index: number, count: number): number {
    return this.live().notify(index, count);
  }

  pause(): void {
    this.live().pause();
  }
}
