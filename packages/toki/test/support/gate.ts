import { type Context, Future, Pending, type Poll, type Waker } from "toki";

/** A future that opens by hand, and counts what is done with it. */
export class Gate<T = void> extends Future<T> {
  polls = 0;
  drops = 0;
  #open = false;
  #value: T | undefined;
  #error: unknown;
  #failed = false;
  #waker: Waker | undefined;
  readonly name: string;

  constructor(name = "gate") {
    super();
    this.name = name;
  }

  poll(cx: Context): Poll<T> {
    this.polls++;
    if (this.#failed) throw this.#error;
    if (this.#open) return this.#value as T;
    this.#waker = cx.waker;
    return Pending;
  }

  open(value: T): void {
    this.#open = true;
    this.#value = value;
    this.wake();
  }

  fail(error: unknown): void {
    this.#failed = true;
    this.#error = error;
    this.wake();
  }

  wake(): void {
    this.#waker?.wake();
  }

  get isWaitedFor(): boolean {
    return this.#waker !== undefined;
  }

  override [Symbol.dispose](): void {
    this.drops++;
    this.#waker = undefined;
  }

  override describe(): string {
    return this.name;
  }
}

/** One that is open already. */
export function openGate(): Gate {
  const gate = new Gate();
  gate.open();
  return gate;
}

/** Wakes its task `count` times before it is ready. */
export function busy(count: number, onPoll?: () => void): Future<void> {
  let left = count;
  return new (class Busy extends Future<void> {
    poll(cx: Context): Poll<void> {
      onPoll?.();
      if (left-- === 0) return undefined;
      cx.waker.wake();
      return Pending;
    }
  })();
}
