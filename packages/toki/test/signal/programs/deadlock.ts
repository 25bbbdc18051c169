// A listener without a wait cannot wake anybody.
import { main, pending } from "toki";
import { SignalKind, signal } from "toki/signal";

await main(function* () {
  signal(SignalKind.terminate());
  yield* pending();
});
