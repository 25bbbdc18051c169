// The smallest program, and the same with what `main` does written out.
// Programs 4, 26, 100.
import { fn, main, Runtime } from "toki";

const hello = fn(function* hello() {
  console.log("Hello from async!");
});

await main(hello());

const rt = new Runtime();
try {
  await rt.run(hello());
} finally {
  await rt.shutdown();
}
