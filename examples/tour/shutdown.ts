import { fn, Handle, Instant, JoinSet, select, sleep, timeout } from "toki";
import { TcpListener, TcpStream } from "toki/net";
import { CancellationToken } from "toki/util";
import type { Section } from "./report.js";

const CLIENTS = 100;
const WORKERS = 4;

interface Counts {
  goodbyes: number;
  jobs: number;
  flushed: number;
}

/** Waits for its client or for the end, and says goodbye. */
const handle = fn(function* handle(stream: TcpStream, stop: CancellationToken) {
  using socket = stream;
  const next = yield* select({ data: socket.readChunk(), stop: stop.cancelled() });
  if (next.key === "stop") {
    yield* socket.writeAll(Buffer.from("bye"));
    yield* socket.shutdown();
  }
});

const server = fn(function* server(listener: TcpListener, stop: CancellationToken) {
  using handlers = new JoinSet<void>();
  for (;;) {
    const next = yield* select({ connection: listener.accept(), stop: stop.cancelled() });
    if (next.key === "stop") break; // no new connections
    handlers.spawn(handle(next.value[0], stop));
  }
  while ((yield* handlers.joinNext()) !== undefined); // those that are open end in their own time
});

const worker = fn(function* worker(stop: CancellationToken, counts: Counts) {
  while (!stop.isCancelled) {
    yield* sleep(7); // a job that is begun is finished
    counts.jobs++;
  }
  yield* sleep(10);
  counts.flushed++;
});

const client = fn(function* client(port: number, counts: Counts) {
  using socket = yield* TcpStream.connect(`127.0.0.1:${port}`);
  const chunk = yield* socket.readChunk();
  if (chunk !== undefined && Buffer.from(chunk).toString() === "bye") counts.goodbyes++;
});

export const shutdown: Section = {
  key: "shutdown",
  title: "Graceful shutdown: 100 clients, four workers, one token",
  run: fn(function* shutdown(progress: (text: string) => void) {
    const counts: Counts = { goodbyes: 0, jobs: 0, flushed: 0 };
    const alive = Handle.current().metrics();
    const before = alive.numAliveTasks;
    const stop = new CancellationToken();
    using listener = yield* TcpListener.bind("127.0.0.1:0");
    using tasks = new JoinSet<void>();
    tasks.spawn(server(listener, stop), { name: "server" });
    for (let n = 0; n < WORKERS; n++) tasks.spawn(worker(stop, counts), { name: `worker ${n}` });
    for (let n = 0; n < CLIENTS; n++) tasks.spawn(client(listener.localAddr.port, counts), { name: `client ${n}` });
    progress("serving");
    yield* sleep(300);

    progress("stopping");
    const running = alive.numAliveTasks - before;
    const start = Instant.now();
    stop.cancel();
    yield* timeout({ seconds: 30 }, function* () {
      while ((yield* tasks.joinNext()) !== undefined);
    });
    const elapsedMs = Math.round(start.elapsed());
    const { goodbyes, jobs, flushed } = counts;
    const left = alive.numAliveTasks - before;
    return {
      ok: goodbyes === CLIENTS && flushed === WORKERS && left === 0,
      figures: { tasksRunning: running, goodbyes, jobs, workersFlushed: flushed, tasksLeft: left, elapsedMs },
      lines: [
        `${running} tasks told to stop: ${goodbyes} goodbyes, ${flushed} workers finished their job and flushed`,
        `all over after ${elapsedMs} ms, ${left} tasks left`,
      ],
    };
  }),
};
