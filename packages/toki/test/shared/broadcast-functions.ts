/*
 * What the tests of the shared broadcast channel run on workers and on blocking threads. Nothing here has an effect when it is imported.
 */
import { blocking, fn, select, yieldNow } from "toki";
import {
  type BroadcastReceiver,
  BroadcastRecvError,
  type BroadcastSender,
  LaggedError,
  type mpsc,
  type Notify,
  type WeakBroadcastSender,
} from "toki/shared";

/** A message: who sent it, and its number among those of its sender. */
export type Numbered = readonly [who: number, n: number];

/** What a receiver has heard: how many values came, how many it missed, and how many of them each sender sent. */
export interface Heard {
  received: number;
  skipped: number;
  readonly last: Record<number, number>;
}

function hear(heard: Heard, [who, n]: Numbered): void {
  if (n <= (heard.last[who] ?? -1)) throw new Error(`sender ${who}: ${n} after ${heard.last[who]}`);
  heard.last[who] = n;
  heard.received++;
}

/** Counts a lag; true at the end of the channel. */
function isEnd(heard: Heard, error: unknown): boolean {
  if (error instanceof LaggedError) heard.skipped += error.skipped;
  else if (error instanceof BroadcastRecvError && error.kind === "closed") return true;
  else throw error;
  return false;
}

const nothing = (): Heard => ({ received: 0, skipped: 0, last: {} });

export const shout = fn(import.meta, function* shout(sender: BroadcastSender<Numbered>, who: number, count: number) {
  using tx = sender;
  for (let n = 0; n < count; n++) {
    tx.send([who, n]);
    if (n % 16 === 0) yield* yieldNow();
  }
});

/** Listens to the end; throws if values of one sender came out of order. */
export const listen = fn(import.meta, function* listen(receiver: BroadcastReceiver<Numbered>) {
  using rx = receiver;
  const heard = nothing();
  for (;;) {
    try {
      hear(heard, yield* rx.recv());
    } catch (error) {
      if (isEnd(heard, error)) return heard;
    }
  }
});

/** Listens under random cancellation: each attempt is given up after a number of polls. */
export const listenImpatiently = fn(
  import.meta,
  function* listenImpatiently(receiver: BroadcastReceiver<Numbered>, patience: readonly number[]) {
    using rx = receiver;
    const heard = nothing();
    for (let i = 0; ; i++) {
      try {
        const { key, value } = yield* select.biased({ value: rx.recv(), bored: turns(patience[i % patience.length]!) });
        if (key === "value") hear(heard, value);
      } catch (error) {
        if (isEnd(heard, error)) return heard;
      }
    }
  },
);

const turns = fn(function* turns(n: number) {
  for (let i = 0; i < n; i++) yield* yieldNow();
});

/** Listens to a few values, then leaves. */
export const listenBriefly = fn(import.meta, function* listenBriefly(receiver: BroadcastReceiver<Numbered>, n: number) {
  using rx = receiver;
  const heard = nothing();
  while (heard.received + heard.skipped < n) {
    try {
      hear(heard, yield* rx.recv());
    } catch (error) {
      if (isEnd(heard, error)) break;
    }
  }
});

export const listenBlocking = blocking(import.meta, function listenBlocking(receiver: BroadcastReceiver<Numbered>) {
  using rx = receiver;
  const heard = nothing();
  for (;;) {
    try {
      hear(heard, rx.blockingRecv());
    } catch (error) {
      if (isEnd(heard, error)) return heard;
    }
  }
});

export const shoutBlocking = blocking(
  import.meta,
  function shoutBlocking(sender: BroadcastSender<Numbered>, who: number, count: number) {
    using tx = sender;
    for (let n = 0; n < count; n++) tx.send([who, n]);
  },
);

/** Leaves its receiver, with what it has not read, to the end of its thread. */
export const forgetReceiver = fn(import.meta, function* forgetReceiver(rx: BroadcastReceiver<Numbered>) {
  while (rx.length < 2) yield* yieldNow();
});

export const recvOnce = fn(import.meta, function* recvOnce(receiver: BroadcastReceiver<unknown>) {
  using rx = receiver;
  return yield* rx.recv();
});

/** What is left in a receiver. */
export const drain = fn(import.meta, function* drain(receiver: BroadcastReceiver<unknown>) {
  using rx = receiver;
  const values: unknown[] = [];
  while (!rx.isEmpty) values.push(rx.tryRecv());
  yield* yieldNow();
  return values;
});

/** Answers through the sender that comes with each question, which all listeners get. */
export const answerAll = fn(
  import.meta,
  function* answerAll(receiver: BroadcastReceiver<{ n: number; back: mpsc.Sender<number> }>) {
    using rx = receiver;
    const { n, back } = yield* rx.recv();
    using tx = back;
    yield* tx.send(n * 2);
  },
);

export const sumOf = fn(import.meta, function* sumOf(receiver: BroadcastReceiver<Uint8Array>, up: Notify) {
  using rx = receiver;
  up.notifyOne();
  let sum = 0;
  for (const byte of yield* rx.recv()) sum += byte;
  return sum;
});

/** Upgrades, sends, and is done. */
export const sendWeakly = fn(import.meta, function* sendWeakly(weak: WeakBroadcastSender<string>) {
  using mine = weak;
  using tx = mine.upgrade();
  yield* yieldNow();
  return tx?.send("from a weak one");
});

export const waitClosed = fn(import.meta, function* waitClosed(sender: BroadcastSender<number>, up: Notify) {
  using tx = sender;
  up.notifyOne();
  yield* tx.closed();
  return tx.receiverCount;
});

export const blockInTask = fn(import.meta, function* blockInTask(receiver: BroadcastReceiver<number>) {
  using rx = receiver;
  yield* yieldNow();
  try {
    rx.blockingRecv();
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
});

/** Gives back a receiver that has something unread. */
export const halfRead = fn(import.meta, function* halfRead(receiver: BroadcastReceiver<number>) {
  yield* receiver.recv();
  return receiver;
});

/** Dies with a sender, a receiver that has not read everything, and a wait on another. */
export const dieListening = fn(
  import.meta,
  function* dieListening(sender: BroadcastSender<number>, mine: BroadcastReceiver<number>) {
    const idle = mine.resubscribe();
    sender.send(1);
    setTimeout(() => process.exit(3), 0);
    yield* idle.recv();
    for (;;) yield* idle.recv();
  },
);

export const dieBlocked = blocking(import.meta, function dieBlocked(receiver: BroadcastReceiver<number>) {
  receiver.blockingRecv();
});
