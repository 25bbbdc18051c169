// A server and four workers stop when they are told to, over a broadcast channel: by Ctrl-C, or here after 200 ms. Each finishes what it is at; who has not
// ended in time is aborted. Program 63. With nothing to say but "stop", a CancellationToken of `toki/util` does as well.
import { ElapsedError, fn, JoinSet, main, select, sleep, timeout } from "toki";
import { TcpListener, TcpStream } from "toki/net";
import { ctrlC } from "toki/signal";
import { type BroadcastReceiver, BroadcastSender } from "toki/sync";

const server = fn(function* server(listener: TcpListener, shutdown: BroadcastReceiver<void>) {
  using stop = shutdown;
  for (;;) {
    const next = yield* select({ accepted: listener.accept(), stop: stop.recv() });
    if (next.key === "stop") break;
    using _socket = next.value[0];
  }
  return "server: no new connections";
});

const worker = fn(function* worker(n: number, shutdown: BroadcastReceiver<void>) {
  using stop = shutdown;
  let jobs = 0;
  while (stop.isEmpty) {
    yield* sleep(10 * n); // a job that is begun is finished
    jobs++;
  }
  yield* sleep(5); // flush
  return `worker ${n}: stopped after ${jobs > 0 ? "its last job" : "no job"}`;
});

const stuck = fn(function* stuck() {
  yield* sleep({ hours: 1 });
  return "stuck: done";
});

await main(function* () {
  using shutdown = new BroadcastSender<void>(1);
  using listener = yield* TcpListener.bind("127.0.0.1:0");
  using tasks = new JoinSet<string>();
  tasks.spawn(server(listener, shutdown.subscribe()), { name: "server" });
  for (let n = 1; n <= 4; n++) tasks.spawn(worker(n, shutdown.subscribe()), { name: `worker ${n}` });
  tasks.spawn(stuck(), { name: "stuck" });

  using _client = yield* TcpStream.connect(listener.localAddr);
  const { key } = yield* select({ "Ctrl-C": ctrlC(), "time is up": sleep(200) });
  console.log(`Shutdown signal received (${key}), ${shutdown.send()} listen`);

  const reports: string[] = [];
  const collect = fn(function* collect() {
    for (let joined = yield* tasks.joinNext(); joined !== undefined; joined = yield* tasks.joinNext()) {
      if (joined.ok) reports.push(joined.value);
      else if (joined.error.isCancelled()) reports.push("a task that did not stop was aborted");
      else throw joined.error;
    }
  });
  try {
    yield* timeout(1000, collect());
  } catch (error) {
    if (!(error instanceof ElapsedError)) throw error;
    tasks.abortAll();
    yield* collect();
  }
  for (const report of reports.sort()) console.log(report);
});
