import assert from "node:assert/strict";
import { type Future, fn, Pending, pollFn } from "toki";
import { IoError, type IoErrorKind } from "toki/io";
import { TcpListener, TcpStream } from "toki/net";
import { assertPending, testTask } from "toki/test";

/** Two ends of one connection over loopback. */
export const pair = fn(function* pair() {
  using listener = yield* TcpListener.bind("127.0.0.1:0");
  const client = yield* TcpStream.connect(listener.localAddr);
  const [server] = yield* listener.accept();
  return [client, server] as const;
});

/** Lets the event loop turn until `condition` holds. Counts turns and no time; the limit is for a test that would hang. */
export function until(condition: () => boolean, what = "the condition"): Future<void> {
  let turns = 0;
  return pollFn<void>((cx) => {
    if (condition()) return;
    if (++turns > 200_000) assert.fail(`${what} never came true`);
    setImmediate(() => cx.waker.wake());
    return Pending;
  });
}

/** The same for plain async code. */
export async function turnUntil(condition: () => boolean, what = "the condition"): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > 200_000) assert.fail(`${what} never came true`);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Lets the event loop turn `count` times: enough for everything that loopback has under way to arrive. */
export function turns(count = 50): Future<void> {
  let left = count;
  return until(() => left-- <= 0);
}

/** Awaits a future that has to fail with an IoError of this kind. */
export const failure = fn(function* failure(future: Future<unknown>, kind: IoErrorKind) {
  try {
    yield* future;
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    assert.equal(error.kind, kind, error.message);
    return error;
  }
  return assert.fail(`expected an IoError of kind ${kind}`);
});

/**
 * Asserts that an operation takes from the cooperative budget: a task that does it 128 times in a row, always ready, is made to yield before the next, and woken.
 */
export function assertTakesBudget(operation: () => Future<unknown>): void {
  let done = 0;
  using task = testTask(function* () {
    for (;;) {
      yield* operation();
      done++;
    }
  });
  assertPending(task.poll());
  assert.equal(done, 128);
  assert.ok(task.isWoken);
  assertPending(task.poll());
  assert.equal(done, 256);
}

/** Everything up to the end of the stream. */
export const drain = fn(function* drain(stream: { readChunk(): Future<Uint8Array | undefined> }) {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = yield* stream.readChunk();
    if (chunk === undefined) return Buffer.concat(chunks);
    chunks.push(chunk);
  }
});

export function bytes(length: number, seed = 1): Uint8Array {
  const made = new Uint8Array(length);
  for (let i = 0; i < length; i++) made[i] = i * 31 + (i >> 8) * 7 + seed;
  return made;
}

export const text = (value: string): Uint8Array => Buffer.from(value);

interface LibuvHandle {
  readonly type: string;
}

/** How many TCP handles this process has, also those that do not keep it alive and that no list of active resources shows. */
export function tcpHandles(): number {
  const report = process.report.getReport() as { libuv: LibuvHandle[] };
  return report.libuv.filter((handle) => handle.type === "tcp").length;
}

/** Waits until every TCP handle is closed, and says if one stays. */
export const noHandlesLeft = (): Future<void> => {
  let checked = 0;
  // A report costs milliseconds: one in a hundred turns.
  return until(() => checked++ % 100 === 99 && tcpHandles() === 0, "no TCP handle left");
};
