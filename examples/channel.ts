// A bounded channel ends when its last sender is gone: `using` closes it on every way out.
// Program 31.
import { fn, main, spawn } from "toki";
import { mpsc } from "toki/sync";

const produce = fn(function* produce(sender: mpsc.Sender<string>) {
  using tx = sender; // forget this, and the receiver waits for ever: the deadlock report says so
  for (let i = 0; i < 5; i++) yield* tx.send(`message ${i}`);
});

await main(function* () {
  const [tx, rx] = mpsc.channel<string>(32);
  spawn(produce(tx));
  for (let message = yield* rx.recv(); message !== undefined; message = yield* rx.recv()) {
    console.log("Got:", message);
  }
  console.log("Channel closed");
});
