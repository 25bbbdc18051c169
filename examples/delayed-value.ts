// A future written by hand: somebody else stores the value and wakes whoever waits.
// Programs 3, 56, 78.
import { Context, Future, main, Pending, type Poll, Waker } from "toki";

class DelayedValue<T> extends Future<T> {
  polls = 0;
  #value: T | Pending = Pending;
  #waker: Waker | undefined;

  set(value: T): void {
    this.#value = value;
    this.#waker?.wake();
  }

  poll(cx: Context): Poll<T> {
    this.polls++;
    if (this.#value !== Pending) return this.#value;
    this.#waker = cx.waker; // the promise to call wake() later
    return Pending;
  }

  override [Symbol.dispose](): void {
    this.#waker = undefined;
  }

  override describe(): string {
    return "delayed value";
  }
}

await main(function* () {
  const delayed = new DelayedValue<number>();
  setTimeout(() => delayed.set(42), 100);
  console.log("Got:", yield* delayed, `after ${delayed.polls} polls`);

  const early = new DelayedValue<number>();
  early.set(7);
  console.log("Got:", yield* early, `after ${early.polls} poll`);
});

// Polled by hand, without a runtime.
const byHand = new DelayedValue<string>();
const cx = Context.fromWaker(Waker.noop);
console.log("first poll pending:", byHand.poll(cx) === Pending);
byHand.set("there");
console.log("second poll:", byHand.poll(cx));
