// Many small calls become few batches: a batch goes out when it is full or when its time is up, and each caller gets its own result.
// Program 75; the article's version never replies and never ends.
import { fn, Instant, join, main, pause, select, sleep, spawn } from "toki";
import { mpsc, oneshot } from "toki/sync";

interface Call {
  readonly id: number;
  readonly reply: oneshot.Sender<string>;
}

const sendBatch = fn(function* sendBatch(batch: Call[]) {
  yield* sleep(5);
  console.log(`batch of ${batch.length} at ${Math.round(started.elapsed())} ms`);
  for (const { id, reply } of batch) if (!reply.isClosed) reply.send(`result ${id}`);
});

const batchLoop = fn(function* batchLoop(rx: mpsc.Receiver<Call>, maxSize: number, maxWait: number) {
  for (;;) {
    const first = yield* rx.recv();
    if (first === undefined) return; // every client is gone
    const batch = [first];
    const deadline = sleep(maxWait);
    while (batch.length < maxSize) {
      const next = yield* select({ call: rx.recv(), timeUp: deadline });
      if (next.key === "timeUp" || next.value === undefined) break;
      batch.push(next.value);
    }
    deadline[Symbol.dispose]();
    yield* sendBatch(batch);
  }
});

class BatchingClient implements Disposable {
  constructor(private readonly tx: mpsc.Sender<Call>) {}

  call = fn(function* call(this: BatchingClient, id: number) {
    const [reply, result] = oneshot<string>();
    yield* this.tx.send({ id, reply });
    return yield* result;
  });

  [Symbol.dispose](): void {
    this.tx[Symbol.dispose]();
  }
}

let started: Instant;

await main(
  function* () {
    pause();
    started = Instant.now();
    const [tx, rx] = mpsc.channel<Call>(100);
    const loop = spawn(batchLoop(rx, 4, 50));
    {
      using client = new BatchingClient(tx);
      console.log(yield* join(...[1, 2, 3, 4, 5, 6].map((id) => client.call(id))));
    }
    yield* loop;
    console.log("loop ended");
  },
  { flavor: "currentThread" },
);
