// An executor in forty lines: a queue of tasks, and a waker that puts its task back into the queue. Toki's own adds timers, fairness,
// cancellation and a place in the event loop; the contract with the futures is this one.
// Programs 42, 43, 72.
import { type Context, Future, fn, Pending, type Poll, Waker } from "toki";

class MiniTask extends Waker {
  queued = false;

  constructor(
    readonly name: string,
    private readonly future: Future<unknown>,
    private readonly queue: MiniTask[],
  ) {
    super();
  }

  /** Several wakes before the next poll are one. */
  wake(): void {
    if (this.queued) return;
    this.queued = true;
    this.queue.push(this);
  }

  /** One poll: ready ends the task, pending gives control back. Not a loop: somebody will call wake(). */
  run(): void {
    this.queued = false;
    const outcome = this.future.poll(this);
    console.log(`${this.name}: ${outcome === Pending ? "pending" : `ready ${String(outcome)}`}`);
  }
}

class MiniExecutor {
  readonly #queue: MiniTask[] = [];

  spawn(name: string, future: Future<unknown>): void {
    new MiniTask(name, future, this.#queue).wake();
  }

  run(): void {
    for (let task = this.#queue.shift(); task !== undefined; task = this.#queue.shift()) task.run();
  }
}

/** Pending once; by then it has woken its task twice, which counts once. */
class NextTurn extends Future<void> {
  #polled = false;

  poll(cx: Context): Poll<void> {
    if (this.#polled) return undefined;
    this.#polled = true;
    cx.waker.wake();
    cx.waker.wake();
    return Pending;
  }
}

const count = fn(function* count(to: number) {
  for (let i = 0; i < to; i++) yield* new NextTurn();
  return to;
});

const executor = new MiniExecutor();
executor.spawn("A", count(2));
executor.spawn("B", count(1));
executor.run();
