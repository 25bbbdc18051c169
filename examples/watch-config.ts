// Settings that change while a program runs, and the wish to shut down: what counts is what holds now. One connection for all who need it, made when the
// first of them does. Program 32.
import { fn, join, main, pause, select, sleep, spawn } from "toki";
import { OnceCell, type WatchReceiver, watch } from "toki/sync";

interface Config {
  readonly level: "info" | "debug";
  readonly everyMs: number;
}

const connection = new OnceCell<string>();

const connect = fn(function* connect() {
  console.log("connecting");
  yield* sleep(20);
  return "connection 1";
});

/** Works at the pace of the settings, and follows them. */
const worker = fn(function* worker(config: WatchReceiver<Config>, shutdown: WatchReceiver<boolean>) {
  const via = yield* connection.getOrInit(connect);
  for (let rounds = 0; ; ) {
    const { everyMs } = config.borrowAndUpdate();
    const { key } = yield* select.biased({
      shutdown: shutdown.waitFor((stop) => stop),
      config: config.changed(),
      round: sleep(everyMs),
    });
    if (key === "shutdown") return `${rounds} rounds over ${via}`;
    if (key === "round") rounds++;
  }
});

/** Says what the settings are, whenever they change: it gets to see the latest, not each. */
const logger = fn(function* logger(config: WatchReceiver<Config>) {
  for (;;) {
    yield* config.changed();
    console.log(`level: ${config.borrowAndUpdate().level}`);
  }
});

await main(
  function* () {
    pause(); // nobody has to wait for it
    const [config, first] = watch<Config>({ level: "info", everyMs: 100 });
    const [shutdown, stop] = watch(false);
    const tasks = [spawn(worker(first, stop)), spawn(worker(config.subscribe(), stop.clone()))] as const;
    spawn(logger(config.subscribe()));

    yield* sleep(500);
    config.send({ level: "info", everyMs: 50 });
    config.sendModify((ref) => {
      ref.value = { ...ref.value, level: "debug" };
    });
    yield* sleep(520);

    // A new receiver sees what holds now, and waits for what comes next.
    using late = config.subscribe();
    console.log(`late: ${late.borrow().level}, changed: ${late.hasChanged()}`);

    shutdown.send(true);
    console.log("Shutting down");
    for (const report of yield* join(...tasks)) console.log(report);
  },
  { flavor: "currentThread" },
);
