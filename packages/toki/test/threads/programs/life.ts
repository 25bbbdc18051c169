// One small program for each name on the command line: what a process with worker threads does that no test inside one can see.
import { fn, join, main, pending, Runtime, sleep, spawn, yieldNow } from "toki";
import { exhausts, exits, stopsInCallback, throwsInCallback } from "../ends.js";
import { add, fanOut, gated, holds, lingers, waits } from "../functions.js";
import { mark, reached, until } from "../signals.js";

const say = (text: string) => void process.stdout.write(`${text}\n`);
const cells = () => new Int32Array(new SharedArrayBuffer(64));

/** The text of what a future throws. */
const failure = fn(function* failure(future: import("toki").Future<unknown>) {
  try {
    return `value ${yield* future}`;
  } catch (error) {
    const cause = (error as Error).cause as Error | undefined;
    return `${(error as Error).name} ${cause?.name ?? ""} ${cause?.message ?? ""}`.trim();
  }
});

const programs: Record<string, () => unknown> = {
  "no threads": () =>
    main(function* () {
      spawn(function* () {
        yield* yieldNow();
      });
      yield* yieldNow();
      say(`threads ${process.getActiveResourcesInfo().filter((kind) => kind === "MessagePort").length}`);
    }),

  "value of a task": async () => {
    say(
      `${await main(function* () {
        return yield* spawn(add(40, 2));
      })}`,
    );
  },

  "main returns": async () => {
    const words = cells();
    await main(function* () {
      spawn(waits(words));
      spawn(waits(words));
      yield* reached(words, 0, 2);
      say("Main done");
    });
    say(`cleaned up ${words[1]}`);
  },

  "main throws": () =>
    main(function* () {
      const words = cells();
      spawn(waits(words));
      yield* reached(words, 0);
      process.on("exit", () => say(`cleaned up ${words[1]}`));
      throw new Error("the reason");
    }),

  signal: () =>
    main(function* () {
      const words = cells();
      const other = cells();
      process.on("exit", () => say("exit"));
      const watch = spawn(function* () {
        try {
          yield* pending();
        } finally {
          yield* join(reached(words, 1, 2), reached(other, 1));
          say(`cleaned up ${words[1]} ${other[1]}`);
          mark(other, 2);
        }
      });
      spawn(waits(words));
      spawn(waits(words));
      spawn(lingers(other));
      yield* reached(words, 0, 2);
      yield* reached(other, 0);
      say("ready");
      yield* watch;
    }),

  "a runtime that is never shut down": async () => {
    const rt = new Runtime({ workerThreads: 2 });
    say(`${await rt.spawn(add(1, 2))}`);
    rt.spawn(gated(cells(), 1));
  },

  "process.exit in a task": () =>
    main(
      function* () {
        const words = cells();
        // It holds its thread: what exits runs on the other one.
        const other = spawn(holds(words));
        yield* reached(words, 0);
        say(yield* failure(spawn(exits(3))));
        mark(words, 1);
        say(yield* failure(other));
        say(`${yield* spawn(add(1, 1))}`);
      },
      { workerThreads: 2 },
    ),

  "uncaught error in a callback": () =>
    main(
      function* () {
        say(yield* failure(spawn(throwsInCallback())));
        say(`${yield* spawn(add(1, 1))}`);
      },
      { workerThreads: 1 },
    ),

  "exit in a callback, while others wait in the queue": () =>
    main(
      function* () {
        const words = cells();
        const first = spawn(stopsInCallback(words));
        yield* reached(words, 0);
        const rest = Array.from({ length: 50 }, (_, i) => spawn(add(i, 0)));
        mark(words, 1);
        say(yield* failure(first));
        let sum = 0;
        for (const handle of rest) sum += yield* handle;
        say(`${sum}`);
      },
      { workerThreads: 1 },
    ),

  "out of memory": () =>
    main(
      function* () {
        say(yield* failure(spawn(exhausts())));
        say(`${yield* spawn(fanOut(3, 3))}`);
      },
      { workerThreads: 2, threadMemoryLimit: 32 << 20 },
    ),

  "blockOn while a worker dies": () => {
    const rt = new Runtime({ workerThreads: 1 });
    say(rt.blockOn(failure(rt.spawn(exits(4)))));
    say(`${rt.blockOn(rt.spawn(add(1, 1)))}`);
    rt.shutdownBackground();
  },

  "idle uses no CPU": () =>
    main(
      function* () {
        const words = cells();
        const handles = [spawn(gated(words, 1)), spawn(gated(words, 2))];
        yield* reached(words, 0, 2);
        yield* sleep(50);
        const before = process.cpuUsage();
        yield* sleep(1000);
        const { user, system } = process.cpuUsage(before);
        say(`${Math.round((user + system) / 1000)} ms`);
        mark(words, 1);
        for (const handle of handles) yield* handle;
      },
      { workerThreads: 2 },
    ),

  "leaves a listener": async () => {
    const rt = new Runtime({ workerThreads: 2 });
    const words = cells();
    rt.spawn(gated(words, 1));
    await until(words, 0);
    say("done");
  },
};

await programs[process.argv[2] as string]?.();
