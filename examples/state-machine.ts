// What an `fn` with three awaits is: the same thing as a state machine drawn by hand.
// Program 38.
import { type Context, Future, fn, main, Pending, type Poll, sleep } from "toki";

const step = fn(function* step(n: number) {
  yield* sleep(10);
  return n;
});

const threeAwaits = fn(function* threeAwaits() {
  const a = yield* step(1);
  const b = yield* step(a + 1);
  const c = yield* step(b + 1);
  return a + b + c;
});

type State =
  | { at: "Start" }
  | { at: "WaitingOn1"; step: Future<number> }
  | { at: "WaitingOn2"; step: Future<number>; a: number }
  | { at: "WaitingOn3"; step: Future<number>; a: number; b: number }
  | { at: "Done" };

class ByHand extends Future<number> {
  readonly visited: string[] = [];
  #state: State = { at: "Start" };

  poll(cx: Context): Poll<number> {
    for (;;) {
      const state = this.#state;
      this.visited.push(state.at);
      if (state.at === "Start") {
        this.#state = { at: "WaitingOn1", step: step(1) };
        continue;
      }
      if (state.at === "Done") throw new Error("polled after completion");
      const value = state.step.poll(cx);
      if (value === Pending) return Pending;
      if (state.at === "WaitingOn1") this.#state = { at: "WaitingOn2", step: step(value + 1), a: value };
      else if (state.at === "WaitingOn2") {
        this.#state = { at: "WaitingOn3", step: step(value + 1), a: state.a, b: value };
      } else {
        this.#state = { at: "Done" };
        return state.a + state.b + value;
      }
    }
  }

  // The future it waits for goes with it; cleanup in there may await.
  override pollCancel(cx: Context): Poll<void> {
    return "step" in this.#state ? this.#state.step.pollCancel(cx) : undefined;
  }
}

await main(function* () {
  console.log("fn:", yield* threeAwaits());
  const byHand = new ByHand();
  console.log("by hand:", yield* byHand);
  console.log(byHand.visited.join(" "));
});
