import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Builder,
  DriverDisabledError,
  type Future,
  Instant,
  InvalidArgumentError,
  interval,
  intervalAt,
  Runtime,
  type RuntimeOptions,
  ready,
  sleep,
  sleepUntil,
  timeout,
  timeoutAt,
} from "toki";
import { TcpListener, TcpStream } from "toki/net";
import { ctrlC } from "toki/signal";

/** What is wrong, the argument the error has to name, and what it has to say was expected. */
const INVALID: [options: object, argument: string, expected: RegExp][] = [
  [{ flavor: "manyThreads" as never }, "flavor", /"currentThread" or "multiThread"/],
  [{ flavor: "multiThread", startPaused: true }, "startPaused", /cannot stand/],
  [{ flavor: "multiThread", unhandledPanic: "shutdownRuntime" }, "unhandledPanic", /"ignore"/],
  [{ workerThreads: 0 }, "workerThreads", /above 0/],
  [{ workerThreads: 1.5 }, "workerThreads", /integer/],
  [{ workerThreads: 513 }, "workerThreads", /from 1 to 512/],
  [{ threadMemoryLimit: 0 }, "threadMemoryLimit", /above 0/],
  [{ flavor: "threads" }, "flavor", /currentThread/],
  [{ name: "" }, "name", /not empty/],
  [{ name: 7 }, "name", /string/],
  [{ eventInterval: 0 }, "eventInterval", /integer above 0/],
  [{ eventInterval: -1 }, "eventInterval", /integer above 0/],
  [{ eventInterval: 1.5 }, "eventInterval", /integer above 0/],
  [{ eventInterval: Number.NaN }, "eventInterval", /integer above 0/],
  [{ eventInterval: "61" }, "eventInterval", /integer above 0/],
  [{ globalQueueInterval: 0 }, "globalQueueInterval", /integer above 0/],
  [{ globalQueueInterval: Number.POSITIVE_INFINITY }, "globalQueueInterval", /integer above 0/],
  [{ rngSeed: 0.5 }, "rngSeed", /integer/],
  [{ rngSeed: 2 ** 60 }, "rngSeed", /integer/],
  [{ unhandledPanic: "abort" }, "unhandledPanic", /"ignore" or "shutdownRuntime"/],
  [{ enableTime: 1 }, "enableTime", /boolean/],
  [{ enableIo: "yes" }, "enableIo", /boolean/],
  [{ startPaused: null }, "startPaused", /boolean/],
  [{ lifoSlot: 3 }, "lifoSlot", /boolean/],
  [{ startPaused: true, enableTime: false }, "startPaused", /enableTime/],
  ...[
    "onUnhandledFailure",
    "onTaskSpawn",
    "onTaskTerminate",
    "onBeforeTaskPoll",
    "onAfterTaskPoll",
    "onThreadStart",
    "onThreadStop",
    "onThreadPark",
    "onThreadUnpark",
  ].map((hook): [object, string, RegExp] => [{ [hook]: "not a function" }, hook, /function/]),
];

describe("RuntimeOptions", () => {
  for (const [options, argument, expected] of INVALID) {
    test(`rejects ${JSON.stringify(options)}, and names what is wrong`, () => {
      assert.throws(
        () => new Runtime(options as RuntimeOptions),
        (error) => {
          assert(error instanceof InvalidArgumentError);
          assert.equal(error.code, "TOKI_INVALID_ARGUMENT");
          assert.equal(error.argument, argument);
          assert.match(error.message, new RegExp(`^Runtime: ${argument} must be `));
          assert.match(error.message, expected);
          return true;
        },
      );
    });
  }

  test("must be an object", () => {
    for (const options of [null, 4, "currentThread"]) {
      assert.throws(() => new Runtime(options as never), { code: "TOKI_INVALID_ARGUMENT", argument: "options" });
    }
  });

  test("none are needed, and explicit undefined counts as absent", async () => {
    assert.equal(await new Runtime().run(ready(1)), 1);
    const options = { name: undefined, eventInterval: undefined, onThreadPark: undefined } as never;
    assert.equal(await new Runtime(options).run(ready(2)), 2);
  });

  test("are copied: changing the object later changes nothing", () => {
    const options: RuntimeOptions = { name: "before" };
    const rt = new Runtime(options);
    options.name = "after";
    assert.equal(rt.handle.name, "before");
  });
});

type Setter = Exclude<keyof Builder, "build">;

describe("Builder", () => {
  const bad: [setter: Setter, value: unknown, argument: string][] = [
    ["name", "", "name"],
    ["globalQueueInterval", 0, "globalQueueInterval"],
    ["eventInterval", 0, "eventInterval"],
    ["unhandledPanic", "explode", "unhandledPanic"],
    ["rngSeed", "seed", "rngSeed"],
    ["startPaused", "yes", "startPaused"],
    ["onTaskSpawn", 1, "onTaskSpawn"],
    ["onTaskTerminate", 1, "onTaskTerminate"],
    ["onBeforeTaskPoll", 1, "onBeforeTaskPoll"],
    ["onAfterTaskPoll", 1, "onAfterTaskPoll"],
    ["onThreadStart", 1, "onThreadStart"],
    ["onThreadStop", 1, "onThreadStop"],
    ["onThreadPark", 1, "onThreadPark"],
    ["onThreadUnpark", 1, "onThreadUnpark"],
  ];
  for (const [setter, value, argument] of bad) {
    test(`${setter}(${JSON.stringify(value)}) throws at the call`, () => {
      const builder = Builder.currentThread() as unknown as Record<string, (value: unknown) => unknown>;
      assert.throws(() => builder[setter]?.(value), { code: "TOKI_INVALID_ARGUMENT", argument });
      assert.throws(() => builder[setter]?.(value), new RegExp(`Builder\\.${setter}`));
    });
  }

  test("leaves both drivers off, and timers throw where they are created", async () => {
    const rt = Builder.currentThread().build();
    await rt.run(function* () {
      const create = {
        sleep: () => sleep(1),
        sleepUntil: () => sleepUntil(Instant.now()),
        timeout: () => timeout(1, ready(1)),
        timeoutAt: () => timeoutAt(Instant.now(), ready(1)),
        interval: () => interval(1),
        intervalAt: () => intervalAt(Instant.now(), 1),
      };
      for (const [name, make] of Object.entries(create)) {
        assert.throws(make, (error) => {
          assert(error instanceof DriverDisabledError, name);
          assert.equal(error.code, "TOKI_DRIVER_DISABLED");
          assert.match(error.message, /timers are disabled/);
          assert.match(error.message, /enableTime/);
          return true;
        });
      }
    });
    await rt.shutdown();
  });

  test("without enableIo() sockets and signals throw when they are used, and not before", async () => {
    const rt = Builder.currentThread().enableTime().build();
    await rt.run(function* () {
      const uses: [string, () => Future<unknown>][] = [
        ["TcpListener.bind", () => TcpListener.bind("127.0.0.1:0")],
        ["TcpStream.connect", () => TcpStream.connect("127.0.0.1:9")],
        ["ctrlC", () => ctrlC()],
      ];
      for (const [name, use] of uses) {
        let error: unknown;
        try {
          yield* use();
        } catch (e) {
          error = e;
        }
        assert(error instanceof DriverDisabledError, `${name}: ${error}`);
        assert.match(error.message, /IO is disabled/);
        assert.match(error.message, /enableIo/);
      }
    });
    await rt.shutdown();
  });

  test("enableTime() alone makes timers work", async () => {
    const rt = Builder.currentThread().enableTime().build();
    await rt.run(function* () {
      yield* sleep(1);
    });
  });

  test("new Runtime() has everything enabled", async () => {
    await new Runtime().run(function* () {
      yield* sleep(0);
    });
  });

  test("startPaused() starts a virtual clock at the first instant", async () => {
    const rt = Builder.currentThread().enableTime().startPaused().build();
    const waited = await rt.run(function* () {
      const start = Instant.now();
      yield* sleep({ days: 300 });
      return start.elapsed();
    });
    assert.equal(waited, 300 * 86_400_000);
  });

  test("startPaused() without timers throws at build, and startPaused(false) does not", () => {
    assert.throws(() => Builder.currentThread().startPaused().build(), { argument: "startPaused" });
    Builder.currentThread().startPaused().startPaused(false).build();
  });

  test("setting something again replaces it", async () => {
    const log: string[] = [];
    const rt = Builder.currentThread()
      .name("first")
      .name("second")
      .onThreadStart(() => log.push("first"))
      .onThreadStart(() => log.push("second"))
      .build();
    assert.equal(rt.handle.name, "second");
    await rt.run(ready(1));
    assert.deepEqual(log, ["second"]);
  });

  test("builds independent runtimes from one builder", () => {
    const builder = Builder.currentThread().name("a");
    const a = builder.build();
    const b = builder.name("b").build();
    assert.deepEqual([a.handle.name, b.handle.name], ["a", "b"]);
    assert.notEqual(a.handle.id, b.handle.id);
  });

  test("every setter returns the builder", () => {
    const builder = Builder.currentThread();
    const hook = () => {};
    const returned = [
      builder.enableAll(),
      builder.enableIo(),
      builder.enableTime(),
      builder.name("x"),
      builder.globalQueueInterval(1),
      builder.eventInterval(1),
      builder.disableLifoSlot(),
      builder.unhandledPanic("ignore"),
      builder.rngSeed(1),
      builder.startPaused(),
      builder.onTaskSpawn(hook),
      builder.onTaskTerminate(hook),
      builder.onBeforeTaskPoll(hook),
      builder.onAfterTaskPoll(hook),
      builder.onThreadStart(hook),
      builder.onThreadStop(hook),
      builder.onThreadPark(hook),
      builder.onThreadUnpark(hook),
    ];
    assert(returned.every((value) => value === builder));
  });
});
