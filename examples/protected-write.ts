// A loser is stopped at the await where it is: a write in a `select` may stay half done. Spawned, it goes on, and only the wait is lost.
// Programs 50, 51, 85.
import { fn, main, pause, select, sleep, spawn } from "toki";
import { oneshot } from "toki/sync";

const written: string[] = [];

const writeBoth = fn(function* writeBoth(name: string) {
  written.push(`${name}: account debited`);
  yield* sleep(100);
  written.push(`${name}: account credited`);
  return "written";
});

const dangerous = fn(function* dangerous() {
  const { key } = yield* select({ write: writeBoth("dangerous"), timeout: sleep(50) });
  console.log("dangerous:", key);
});

const writeAndReply = fn(function* writeAndReply(reply: oneshot.Sender<string>) {
  using tx = reply;
  const outcome = yield* writeBoth("protected");
  if (!tx.isClosed) tx.send(outcome);
});

const protectedWrite = fn(function* protectedWrite() {
  const [tx, rx] = oneshot<string>();
  spawn(writeAndReply(tx));
  const { key } = yield* select({ write: rx, timeout: sleep(50) });
  console.log("protected:", key);
});

await main(
  function* () {
    pause();
    yield* dangerous();
    yield* protectedWrite();
    yield* sleep(1000);
    for (const line of written) console.log(line);
  },
  { flavor: "currentThread" },
);
