// One small program for each name on the command line: what is a deadlock with worker threads, and what only takes long.
import { gzip } from "node:zlib";
import { DeadlockError, fn, fromPromise, join, main, Runtime, sleep, spawn } from "toki";
import { Notify } from "toki/shared";
import {
  asks,
  burnsUntil,
  compresses,
  listens,
  neverEnds,
  notifiesLate,
  parent,
  stuckCleanup,
  waitsForOther,
  waitsForOwnRuntime,
} from "../deadlocks.js";
import { add, fanOut, sleeps, waits } from "../functions.js";

const say = (text: string) => void process.stdout.write(`${text}\n`);
const cells = () => new Int32Array(new SharedArrayBuffer(64));

const programs: Record<string, () => unknown> = {
  "two tasks": () =>
    main(function* () {
      const words = cells();
      process.on("exit", () => say(`started ${words[0]}, cleaned up ${words[1]}`));
      yield* join(spawn(waits(words), { name: "one" }), spawn(waits(words)));
    }),

  "a child of a task": () =>
    main(function* () {
      yield* spawn(parent());
    }),

  "main waits, workers have idle tasks": () =>
    main(function* () {
      spawn(neverEnds());
      spawn(parent());
      yield* spawn(function* lonely() {
        yield* neverEnds();
      });
    }),

  handled: async () => {
    try {
      await main(function* () {
        yield* spawn(neverEnds());
      });
    } catch (error) {
      say(`${error instanceof DeadlockError}`);
    }
    // The next one is none the worse for it.
    say(
      `${await main(function* () {
        return yield* spawn(fanOut(3, 3));
      })}`,
    );
  },

  "a promise of a handle": async () => {
    const rt = new Runtime({ workerThreads: 1 });
    try {
      await rt.spawn(neverEnds());
    } catch (error) {
      say((error as Error).name);
    }
    await rt.shutdown();
  },

  "another runtime's task": async () => {
    const there = new Runtime({ workerThreads: 1 });
    await main(
      function* () {
        yield* there.spawn(neverEnds());
      },
      { flavor: "currentThread" },
    );
  },

  blockOn: () => {
    const rt = new Runtime({ workerThreads: 2 });
    try {
      rt.blockOn(rt.spawn(parent()));
    } catch (error) {
      say((error as Error).name);
    }
    say(`${rt.blockOn(rt.spawn(add(1, 1)))}`);
    rt.shutdownBackground();
  },

  "cleanup that waits for ever": () =>
    main(function* () {
      const words = cells();
      process.on("exit", () => say(`outer cleanup ${words[1]}`));
      const handle = spawn(stuckCleanup(words));
      while (Atomics.load(words, 0) === 0) yield* sleep(1);
      handle.abort();
      yield* handle;
    }),

  "so in a shutdown": () =>
    main(function* () {
      const words = cells();
      process.on("exit", () => say(`outer cleanup ${words[1]}`));
      spawn(stuckCleanup(words));
      while (Atomics.load(words, 0) === 0) yield* sleep(1);
    }),

  "takes long": () =>
    main(
      function* () {
        const results = yield* join(
          spawn(burnsUntil(1200)),
          spawn(sleeps(1200)),
          spawn(compresses(20 << 20)),
          spawn(waitsForOther()),
        );
        say(results.map((result) => typeof result).join());
      },
      { workerThreads: 4 },
    ),

  "a job elsewhere": async () => {
    const there = new Runtime({ flavor: "currentThread" });
    const here = new Runtime({ flavor: "currentThread" });
    const woken = fn(function* woken(by: string) {
      const up = new Notify();
      there.spawnBlocking(notifiesLate(up, 500));
      yield* up.notified();
      say(by);
    });
    await here.run(woken("run"));
    here.blockOn(woken("blockOn"));
  },

  "a runtime on a worker": () =>
    main(
      function* () {
        say(yield* spawn(waitsForOwnRuntime(500)));
      },
      { workerThreads: 1 },
    ),

  "a runtime on a worker, in vain": () =>
    main(
      function* () {
        yield* spawn(waitsForOwnRuntime(undefined));
      },
      { workerThreads: 1 },
    ),

  "main's own work": () =>
    main(
      function* () {
        const handle = spawn(neverEnds());
        yield* fromPromise(() => new Promise((resolve) => gzip(Buffer.alloc(40 << 20), resolve)));
        yield* sleep(700);
        yield* fromPromise(() => new Promise((resolve) => void setTimeout(resolve, 300)));
        handle.abort();
        say("done");
      },
      { workerThreads: 2 },
    ),

  "a server on a worker": () =>
    main(
      function* () {
        const { port } = yield* spawn(listens());
        yield* sleep(600);
        say(yield* spawn(asks(port)));
      },
      { workerThreads: 2 },
    ),
};

await programs[process.argv[2] as string]?.();
