// A server and four workers stop when they are told to: by Ctrl-C, or here after 200 ms. Each finishes what it is at; nobody is killed.
// Program 63, with a CancellationToken in the part of the broadcast channel.
import { fn, JoinSet, main, select, sleep, timeout } from "toki";
import { TcpListener, TcpStream } from "toki/net";
import { ctrlC } from "toki/signal";
import { CancellationToken } from "toki/util";

const server = fn(function* server(listener: TcpListener, stop: CancellationToken) {
  for (;;) {
    const next = yield* select({ accepted: listener.accept(), stop: stop.cancelled() });
    if (next.key === "stop") break;
    using _socket = next.value[0];
  }
  return "server: no new connections";
});

const worker = fn(function* worker(n: number, stop: CancellationToken) {
  let jobs = 0;
  while (!stop.isCancelled) {
    yield* sleep(10 * n); // a job that is begun is finished
    jobs++;
  }
  yield* sleep(5); // flush
  return `worker ${n}: stopped after ${jobs > 0 ? "its last job" : "no job"}`;
});

await main(function* () {
  const stop = new CancellationToken();
  using listener = yield* TcpListener.bind("127.0.0.1:0");
  using tasks = new JoinSet<string>();
  tasks.spawn(server(listener, stop), { name: "server" });
  for (let n = 1; n <= 4; n++) tasks.spawn(worker(n, stop), { name: `worker ${n}` });

  using _client = yield* TcpStream.connect(listener.localAddr);
  const { key } = yield* select({ "Ctrl-C": ctrlC(), "time is up": sleep(200) });
  console.log(`Shutdown signal received (${key})`);
  stop.cancel();

  const reports: string[] = [];
  yield* timeout(1000, function* () {
    for (let joined = yield* tasks.joinNext(); joined !== undefined; joined = yield* tasks.joinNext()) {
      if (joined.ok) reports.push(joined.value);
    }
  });
  for (const report of reports.sort()) console.log(report);
});
