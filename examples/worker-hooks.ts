// The settings of a runtime in production: a worker for each core, names, limits, and a hook for each thread that starts and ends.
// Programs 8, 25, 35, 82, 92, 97.
import { isMainThread } from "node:worker_threads";
import { Builder, fn, JoinSet, Runtime, sleep } from "toki";

const run = fn(import.meta, function* run(n: number) {
  yield* sleep(1);
  return n * n;
});

const squares = fn(function* squares() {
  using tasks = new JoinSet<number>();
  for (let n = 1; n <= 20; n++) tasks.spawn(run(n));
  let sum = 0;
  for (let result = yield* tasks.joinNext(); result?.ok; result = yield* tasks.joinNext()) sum += result.value;
  return sum;
});

if (isMainThread) {
  let [online, home] = [0, 0];
  const server = Builder.multiThread()
    .workerThreads(8)
    .maxBlockingThreads(256)
    .threadName("my-server")
    .threadKeepAlive({ seconds: 30 })
    .threadStackSize(2 * 2 ** 20)
    .onThreadStart(() => online++)
    .onThreadStop(() => home++)
    .enableAll()
    .build();
  const before = online;
  console.log("Server starting... threads:", before); // none is started before it is needed
  console.log("squares:", await server.run(squares()));
  const started = online;
  await server.shutdown();
  console.log("Worker online:", started >= 8, "- all going home:", home === online);

  // Two workers, timers and nothing else: nobody can tie a task to one of them.
  const lowLatency = Builder.multiThread().workerThreads(2).enableTime().build();
  console.log("squares:", await lowLatency.run(squares()));
  await lowLatency.shutdown();

  // The same as an object; both drivers are on by default.
  await using rt = new Runtime({ workerThreads: 4, maxBlockingThreads: 64, threadName: "worker" });
  console.log("squares:", await rt.run(squares()));
}
