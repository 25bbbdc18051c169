/*
 * What the tests of shared watch channels and cells run on workers and on blocking threads. Nothing here has an effect when it is imported.
 */
import { blocking, fn, ready, select, yieldNow } from "toki";
import {
  type AtomicCell,
  type OnceCell,
  SetError,
  type SetOnce,
  WatchRecvError,
  type WatchSender,
  type watch,
} from "toki/shared";

/** Follows a channel to its end. Throws if a value comes that is older than one before; gives the last. */
export const follow = fn(import.meta, function* follow(receiver: watch.Receiver<number>, up: SetOnce<true>) {
  using rx = receiver;
  let last = rx.borrow();
  if (!up.initialized) setQuietly(up);
  try {
    for (;;) {
      yield* rx.changed();
      const value = rx.borrowAndUpdate();
      if (value < last) throw new Error(`${value} after ${last}`);
      last = value;
    }
  } catch (error) {
    if (!(error instanceof WatchRecvError)) throw error;
  }
  return last;
});

function setQuietly(up: SetOnce<true>): void {
  try {
    up.set(true);
  } catch {
    // somebody else was first
  }
}

/** Follows a channel, giving up most of its waits. */
export const followImpatiently = fn(
  import.meta,
  function* followImpatiently(receiver: watch.Receiver<number>, patience: readonly number[]) {
    using rx = receiver;
    let last = rx.borrow();
    try {
      for (let i = 0; ; i++) {
        const { key } = yield* select.biased({ changed: rx.changed(), bored: turns(patience[i % patience.length]!) });
        if (key !== "changed") continue;
        const value = rx.borrow();
        if (value < last) throw new Error(`${value} after ${last}`);
        last = value;
      }
    } catch (error) {
      if (!(error instanceof WatchRecvError)) throw error;
    }
    return last;
  },
);

const turns = fn(function* turns(n: number) {
  for (let i = 0; i < n; i++) yield* yieldNow();
});

/** Counts up, together with others. */
export const bump = fn(import.meta, function* bump(sender: watch.Sender<{ n: number }>, rounds: number) {
  using tx = sender;
  for (let i = 0; i < rounds; i++) {
    tx.sendModify(({ value }) => {
      value.n++;
    });
    if (i % 7 === 0) yield* yieldNow();
  }
});

export const bumpBlocking = blocking(
  import.meta,
  function bumpBlocking(sender: watch.Sender<{ n: number }>, rounds: number) {
    using tx = sender;
    for (let i = 0; i < rounds; i++) {
      tx.sendIfModified(({ value }) => {
        value.n++;
        return i % 2 === 0;
      });
    }
  },
);

/** What a receiver that was sent finds. */
export const inspect = fn(import.meta, function* inspect(rx: watch.Receiver<string>) {
  return { value: rx.borrow(), hasChanged: rx.hasChanged() };
});

export const followBlocking = blocking(import.meta, function followBlocking(receiver: watch.Receiver<number>) {
  using rx = receiver;
  const first = rx.blockingWaitFor((n) => n > 0);
  let last = first;
  try {
    for (;;) {
      rx.blockingChanged();
      last = rx.borrow();
    }
  } catch (error) {
    if (!(error instanceof WatchRecvError)) throw error;
  }
  return { first, last };
});

/** Listens until it is told to stop, then lets go of its receiver. */
export const listen = fn(import.meta, function* listen(receiver: watch.Receiver<boolean>) {
  using rx = receiver;
  yield* rx.waitFor((stop) => stop);
});

/** Asks a cell, and counts the initializers that run. */
export const ask = fn(import.meta, function* ask(cell: OnceCell<string>, runs: AtomicCell<number>, name: string) {
  return yield* cell.getOrInit(function* () {
    runs.fetchAdd(1);
    yield* yieldNow();
    return name;
  });
});

/** Asks a cell until it has a value; the first initializers, whoever runs them, fail. */
export const askAgain = fn(
  import.meta,
  function* askAgain(cell: OnceCell<number>, runs: AtomicCell<number>, failures: number) {
    for (;;) {
      try {
        return yield* cell.getOrInit(function* () {
          const n = runs.fetchAdd(1);
          yield* yieldNow();
          if (n < failures) throw new RangeError("not yet");
          return n;
        });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
  },
);

/** Initializes, takes and sets a cell in turn with others, dropping some of its requests. True if two initializers ever ran at once. */
export const churn = fn(
  import.meta,
  function* churn(cell: OnceCell<number>, running: AtomicCell<number>, rounds: number, patience: readonly number[]) {
    let overlaps = 0;
    for (let i = 0; i < rounds; i++) {
      try {
        yield* select.biased({
          value: cell.getOrInit(function* () {
            if (running.fetchAdd(1) > 0) overlaps++;
            try {
              yield* turns(i % 3);
              if (i % 5 === 0) throw new RangeError("fails");
              return i;
            } finally {
              // The cleanup awaits; it may be cancelled while it does.
              try {
                yield* yieldNow();
              } finally {
                running.fetchAdd(-1);
              }
            }
          }),
          bored: turns(patience[i % patience.length]!),
        });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
      if (i % 4 === 0) cell.take();
      if (i % 11 === 0) setIfFree(cell, i);
    }
    return overlaps;
  },
);

function setIfFree(cell: OnceCell<number>, value: number): void {
  try {
    cell.set(value);
  } catch (error) {
    if (!(error instanceof SetError)) throw error;
  }
}

export const awaitOnce = fn(import.meta, function* awaitOnce(once: SetOnce<{ port: number }>) {
  return (yield* once.wait()).port;
});

export const awaitOnceBlocking = blocking(import.meta, function awaitOnceBlocking(once: SetOnce<{ port: number }>) {
  return once.blockingWait().port;
});

export const setOnce = fn(import.meta, function* setOnce(once: SetOnce<{ port: number }>, port: number) {
  once.set({ port });
});

/** Dies with a sender, a receiver, and a wait. */
export const dieWatching = fn(
  import.meta,
  function* dieWatching(
    tx: watch.Sender<string>,
    other: watch.Receiver<string>,
    never: watch.Receiver<string>,
    up: SetOnce<true>,
  ) {
    up.set(true);
    setTimeout(() => process.exit(other.hasChanged() ? 4 : 3), 0);
    yield* never.changed();
    tx.send("alive");
  },
);

/** Dies in the middle of its initializer. */
export const dieInitializing = fn(import.meta, function* dieInitializing(cell: OnceCell<string>, up: SetOnce<true>) {
  return yield* cell.getOrInit(function* () {
    up.set(true);
    setTimeout(() => process.exit(3), 0);
    yield* forever();
    return "never";
  });
});

/** Dies in line for its turn. */
export const dieInLine = fn(import.meta, function* dieInLine(cell: OnceCell<string>, up: SetOnce<true>) {
  setTimeout(() => {
    up.set(true);
    process.exit(3);
  }, 0);
  return yield* cell.getOrInit(() => ready("never"));
});

const forever = fn(function* forever() {
  for (;;) yield* yieldNow();
});

export const dieBlockedWatching = blocking(
  import.meta,
  function dieBlockedWatching(rx: watch.Receiver<number>, once: SetOnce<number>, up: SetOnce<true>, which: string) {
    up.set(true);
    if (which === "watch") rx.blockingChanged();
    else once.blockingWait();
  },
);

/** Sends where nobody receives, and sets what is set: each fails with the value. */
export const failWithValue = fn(
  import.meta,
  function* failWithValue(what: WatchSender<number[]> | OnceCell<number[]> | SetOnce<number[]>) {
    if ("send" in what) what.send([1, 2]);
    else what.set([1, 2]);
  },
);
