// Programs about runtimes: making, nesting, mixing, ending.
import assert from "node:assert/strict";
import test from "node:test";
import {
  Builder,
  DriverDisabledError,
  fn,
  Handle,
  Instant,
  main,
  NestedRuntimeError,
  pending,
  Runtime,
  sleep,
  spawn,
} from "toki";
import { ms, runExample, runSource } from "./support.js";

const work = fn(function* work() {
  yield* sleep(1);
  return "Work done";
});

test("program 4: main and its hand expansion do the same", async () => {
  const log: string[] = [];
  const hello = fn(function* hello() {
    log.push("Hello from async!");
  });
  await main(hello());
  const rt = new Runtime();
  await rt.run(hello());
  await rt.shutdown();
  assert.deepEqual(log, ["Hello from async!", "Hello from async!"]);
});

test("programs 4, 26, 100: the example prints once for each and exits by itself", async () => {
  const { stdout, stderr, code } = await runExample("hello");
  assert.equal(stdout, "Hello from async!\nHello from async!\n");
  assert.equal(stderr, "");
  assert.equal(code, 0);
});

test("program 8, on one thread: one start hook, and one stop hook once the runtime is gone", async () => {
  const log: string[] = [];
  const rt = Builder.currentThread()
    .enableAll()
    .name("worker")
    .onThreadStart(() => log.push("Worker online"))
    .onThreadStop(() => log.push("Worker going home"))
    .build();
  await rt.run(work());
  await rt.run(work());
  assert.deepEqual(log, ["Worker online"]);
  await rt.shutdown();
  assert.deepEqual(log, ["Worker online", "Worker going home"]);
});

test("program 9: what cpu spawns on io runs there; sleep on cpu throws, it has no drivers", async () => {
  const io = new Runtime({ name: "io" });
  const cpu = Builder.currentThread().name("cpu").build();
  const ioDone = io.run(work()); // drives io
  const where = await cpu.run(function* () {
    const task = io.spawn(function* () {
      yield* sleep(0);
      return Handle.current().name;
    });
    assert.throws(() => sleep(1), DriverDisabledError);
    return yield* task;
  });
  await ioDone;
  assert.equal(where, "io");
  await cpu.shutdown();
  await io.shutdown();
});

test("program 16, on one thread: blockOn gives the value, what is left is cancelled", async () => {
  const rt = new Runtime({ name: "custom" });
  let cancelled = false;
  rt.spawn(function* () {
    try {
      yield* pending();
    } finally {
      cancelled = true;
    }
  });
  assert.equal(rt.blockOn(work()), "Work done");
  assert.equal(cancelled, false);
  await rt.shutdown();
  assert.equal(cancelled, true);
});

test("programs 19, 101: blockOn is fine in plain code and throws inside a runtime", async () => {
  const outer = new Runtime();
  assert.equal(outer.blockOn(work()), "Work done");
  await outer.run(function* () {
    const inner = new Runtime(); // making one is allowed
    assert.throws(() => inner.blockOn(work()), NestedRuntimeError);
    assert.throws(() => outer.blockOn(work()), /Cannot start a runtime from within a runtime/);
    assert.equal(yield* work(), "Work done"); // the runtime is none the worse for it
    yield* spawn(function* () {
      assert.throws(() => inner.blockOn(work()), NestedRuntimeError);
    });
  });
  await outer.shutdown();
});

test("program 21: prints only Main done, and ends at once", async () => {
  const { stdout, stderr, code } = await runExample("main-done");
  assert.equal(stdout, "Main done\n");
  assert.equal(stderr, "");
  assert.equal(code, 0);
});

test("programs 41, 92: a runtime with defaults and one from the builder run the same body", async () => {
  const runtimes = [
    new Runtime(),
    new Runtime({ flavor: "currentThread" }),
    Builder.currentThread().enableAll().build(),
  ];
  for (const rt of runtimes) {
    assert.equal(await rt.run(work()), "Work done");
    await rt.shutdown();
  }
});

test("program 73: a runtime with time only throws on a socket, and another is independent of it", async () => {
  const program = `
    import { Builder, Runtime, sleep } from "toki";
    import { TcpListener } from "toki/net";
    const http = Builder.currentThread().enableTime().build();
    const trading = new Runtime();
    await http.run(function* () {
      try {
        yield* TcpListener.bind("127.0.0.1:0");
      } catch (error) {
        console.log(error.name);
      }
    });
    await http.shutdown();
    await trading.run(function* () {
      yield* sleep(1);
    });
    console.log("independent");
    await trading.shutdown();
  `;
  const { stdout, stderr, code } = await runSource(program);
  assert.equal(stdout, "DriverDisabledError\nindependent\n", stderr);
  assert.equal(code, 0);
});

test("program 88: a timer belongs to the runtime that was current when it was made", async () => {
  const a = new Runtime({ startPaused: true });
  const b = new Runtime({ startPaused: true });
  const nap = fn(function* nap(length: number) {
    const start = Instant.now();
    yield* sleep(length);
    return [Handle.current().id, ms(start.elapsed())];
  });
  const onB = b.spawn(nap(30_000));
  const viaB = b.run(nap(60_000));
  const viaA = a.run(function* () {
    const own = yield* nap(1000); // b's minute does not move this clock
    return { own, foreign: yield* onB };
  });
  assert.deepEqual(await viaB, [b.handle.id, 60_000]);
  assert.deepEqual(await viaA, { own: [a.handle.id, 1000], foreign: [b.handle.id, 30_000] });
  await a.shutdown();
  await b.shutdown();
});
