// A promise runs from the moment it exists, a future only once something drives it.
// Programs 37, 90.
import { fn, main } from "toki";

let started = 0;

async function eager(): Promise<string> {
  started++;
  return "alice";
}

const lazy = fn(function* lazy() {
  started++;
  return "alice";
});

await main(function* () {
  void eager();
  console.log("promise created, not awaited:", started, "started");

  started = 0;
  lazy(); // forgotten: nothing ever runs
  const future = lazy();
  console.log("two futures created, not awaited:", started, "started");
  console.log("User fetched!"); // as in the article: printed although nothing was fetched

  console.log("awaited:", yield* future, `(${started} started)`);
});
