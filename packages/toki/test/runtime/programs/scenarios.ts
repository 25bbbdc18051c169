// One small program for each name on the command line: what a process does that no test inside one can see.
import {
  type Context,
  DeadlockError,
  Future,
  fn,
  interval,
  main,
  NestedRuntimeError,
  Pending,
  type Poll,
  pending,
  Runtime,
  ready,
  select,
  sleep,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { Mutex, mpsc } from "toki/sync";

const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Waits for ever in a function with a name, and says so when it is cancelled. */
const worker = fn(function* worker(name: string) {
  try {
    yield* pending();
  } finally {
    say(`${name} cleaned up`);
  }
});

const stuck = fn(function* stuck() {
  try {
    try {
      yield* pending();
    } finally {
      yield* pending();
    }
  } finally {
    say("outer cleanup");
  }
});

/** A future that a callback completes. */
class CallbackFuture extends Future<void> {
  private state = 0;
  private readonly start: (done: () => void) => void;

  constructor(start: (done: () => void) => void) {
    super();
    this.start = start;
  }

  poll(cx: Context): Poll<void> {
    if (this.state === 2) return undefined;
    if (this.state === 0) {
      this.state = 1;
      this.start(() => {
        this.state = 2;
        cx.waker.wake();
      });
    }
    return Pending;
  }
}

const onSignal = fn(function* onSignal(cleanupMs: number) {
  spawn(function* () {
    try {
      yield* pending();
    } finally {
      yield* sleep(1);
      say("task cleaned up");
    }
  });
  try {
    say("ready");
    yield* sleep(60_000);
    say("not interrupted");
  } finally {
    say("cleanup begins");
    yield* sleep(cleanupMs);
    say("cleanup ends");
  }
});

const scenarios: Record<string, () => unknown> = {
  hello: () =>
    main(function* () {
      say("Hello from async!");
    }),

  "main done": () =>
    main(function* () {
      spawn(function* () {
        yield* sleep(10_000);
        say("task done");
      });
      yield* sleep(10);
      say("Main done");
    }),

  "value of main": async () => say(String(await main(ready("the value")))),

  "throw, not awaited": () => {
    void main(function* () {
      yield* yieldNow();
      throw new Error("the reason");
    });
  },

  "throw, awaited": async () => {
    await main(function* () {
      yield* yieldNow();
      throw new Error("the reason");
    });
  },

  "throw, handled": () =>
    main(function* () {
      yield* yieldNow();
      throw new Error("the reason");
    }).catch((error: Error) => say(`handled: ${error.message}`)),

  "throw with cleanup of tasks": () => {
    void main(function* () {
      spawn(function* () {
        try {
          yield* pending();
        } finally {
          yield* sleep(5);
          say("task cleaned up");
        }
      });
      yield* yieldNow();
      throw new Error("the reason");
    });
  },

  "failed task": () =>
    main(function* () {
      spawn(
        function* () {
          throw new Error("nobody looks");
        },
        { name: "lonely" },
      );
      yield* sleep(5);
      say("main goes on");
    }),

  "nested main": () =>
    main(function* () {
      let error: unknown;
      yield* new CallbackFuture((done) => {
        main(ready(1))
          .catch((e: unknown) => (error = e))
          .finally(done);
      });
      say(error instanceof NestedRuntimeError ? error.message : String(error));
    }),

  "main twice": async () => {
    await main(function* () {
      say("first");
    });
    await main(function* () {
      say("second");
    });
  },

  "one thread": () =>
    main(function* () {
      // A task that blocks, and one that prints: as written nothing is awaited, so nothing runs.
      spawn(function* () {
        const until = performance.now() + 1000;
        while (performance.now() < until);
        say("blocked");
      });
      spawn(function* () {
        say("printed");
      });
    }),

  // Keeping the process alive

  "run, not awaited": () => {
    void new Runtime()
      .run(function* () {
        yield* sleep(50);
      })
      .then(() => say("done"));
  },

  "promise of a handle": () => {
    void new Runtime()
      .spawn(function* () {
        yield* sleep(50);
      })
      .then(() => say("done"));
  },

  "shutdown with cleanup": async () => {
    const rt = new Runtime();
    rt.spawn(function* () {
      try {
        yield* pending();
      } finally {
        yield* sleep(50);
        say("cleaned up");
      }
    });
    await rt.run(yieldNow());
    void rt.shutdown().then(() => say("done"));
  },

  "tasks left standing": async () => {
    const rt = new Runtime();
    rt.spawn(function* () {
      yield* sleep(60_000);
    });
    await rt.run(function* () {
      yield* sleep(1);
    });
    say("done");
  },

  "never driven": () => {
    new Runtime().spawn(function* () {
      say("must not run");
    });
    say("done");
  },

  "long sleeps that lost": () =>
    main(function* () {
      yield* select.biased({ now: ready(1), later: sleep(60_000) });
      yield* timeout(60_000, yieldNow());
      const loser = spawn(sleep(60_000));
      yield* yieldNow();
      loser.abort();
      const ticks = interval(60_000);
      yield* ticks.tick();
      yield* select({ tick: ticks.tick(), soon: sleep(1) });
      ticks[Symbol.dispose]();
      say("done");
    }),

  "long sleeps that lost, then nothing": () =>
    main(function* () {
      const loser = spawn(sleep(60_000));
      yield* select({ soon: sleep(1), later: sleep(60_000) });
      loser.abort();
      yield* pending();
    }),

  // Deadlocks

  "deadlock: pending": () =>
    main(function* app() {
      spawn(worker("first"), { name: "first worker" });
      spawn(worker("second"));
      yield* worker("body");
    }),

  "deadlock: pending, top-level await": async () => {
    await main(worker("body"));
    say("not reached");
  },

  "deadlock: handled": () =>
    main(worker("body")).catch((error: unknown) => {
      say(error instanceof DeadlockError ? `handled: ${error.code}` : String(error));
    }),

  "deadlock: two tasks that join each other": () =>
    main(function* () {
      const handles: { a?: ReturnType<typeof spawn>; b?: ReturnType<typeof spawn> } = {};
      handles.a = spawn(
        function* () {
          yield* handles.b as ReturnType<typeof spawn>;
        },
        { name: "a" },
      );
      handles.b = spawn(
        function* () {
          yield* handles.a as ReturnType<typeof spawn>;
        },
        { name: "b" },
      );
      yield* handles.a;
    }),

  "deadlock: forgotten sender": () =>
    main(function* () {
      const [tx, rx] = mpsc.channel<number>(32);
      spawn(function* producer() {
        for (let i = 0; i < 2; i++) yield* tx.send(i);
        // The sender is neither disposed nor dropped: the channel stays open.
      });
      const consumer = fn(function* consumer() {
        for (let message = yield* rx.recv(); message !== undefined; message = yield* rx.recv()) say(`Got: ${message}`);
        say("Channel closed");
      });
      yield* consumer();
      tx[Symbol.dispose]();
    }),

  "deadlock: mutex locked twice": () =>
    main(function* () {
      const balance = new Mutex({ amount: 0 });
      const transfer = fn(function* transfer() {
        using first = yield* balance.lock();
        first.value.amount++;
        using second = yield* balance.lock();
        second.value.amount++;
        say("not reached");
      });
      yield* transfer();
    }),

  "deadlock: cleanup that waits too": () => main(stuck()),

  "deadlock: shutdown with cleanup that waits": async () => {
    const rt = new Runtime();
    rt.spawn(stuck());
    await rt.run(yieldNow());
    await rt.shutdown();
    say("closed");
  },

  "deadlock: promise of a handle": async () => {
    const error = await new Runtime().spawn(worker("task")).then(undefined, (e: unknown) => e);
    say(String((error as { code?: string }).code));
  },

  "no deadlock while a timer runs": () =>
    main(function* () {
      yield* new CallbackFuture((done) => void setTimeout(done, 100));
      say("done");
    }),

  // Hooks that throw

  ...Object.fromEntries(
    (["onBeforeTaskPoll", "onAfterTaskPoll", "onTaskTerminate", "onThreadPark", "onThreadUnpark"] as const).map(
      (hook) => [
        `throw in ${hook}`,
        () =>
          main(
            function* () {
              yield* spawn(yieldNow());
              yield* sleep(1);
              say("main goes on");
            },
            {
              [hook]: () => {
                throw new Error(`in ${hook}`);
              },
            },
          ),
      ],
    ),
  ),

  // Signals

  interrupt: () => main(onSignal(20)),
  "interrupt twice": () => main(onSignal(60_000)),
  "interrupt two programs": () => Promise.all([main(onSignal(0)), main(onSignal(100))]),
  "interrupt with cleanup that fails": () =>
    main(function* () {
      try {
        yield* onSignal(0);
      } finally {
        throw new Error("cleanup fails");
      }
    }),
  "interrupt without handling": () => main(onSignal(20), { signals: false }),
  "interrupt after the end": async () => {
    await main(ready(1));
    say("ready");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
};

const name = process.argv[2] ?? "";
const scenario = scenarios[name];
if (scenario === undefined) throw new Error(`no scenario "${name}"`);
await scenario();
