import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import test from "node:test";
import {
  type BlockingJob,
  blocking,
  InvalidArgumentError,
  MisuseError,
  main,
  move,
  NotSendError,
  pending,
  Runtime,
  type Sendable,
  spawnBlocking,
} from "toki";
import { type Mutex, mpsc } from "toki/sync";
import { closePort, defineLate, echo, invert } from "./jobs.js";

const meta = import.meta;

test("what structured clone knows passes, both ways", async () => {
  const cyclic: { self?: unknown; list: unknown[] } = { list: [1, "two", 3n, null, undefined, Number.NaN, -0] };
  cyclic.self = cyclic;
  const shared = new SharedArrayBuffer(8);
  const key = createSecretKey(Buffer.from("secret"));
  await main(function* () {
    for (const value of [
      1,
      "text",
      5n,
      true,
      null,
      undefined,
      [1, [2]],
      { a: { b: 1 } },
      new Map([[{ k: 1 }, new Set([1])]]),
      new Date(5),
      /x/gi,
      new Uint8Array([1, 2]),
      new Float64Array(3),
      new ArrayBuffer(4),
      cyclic,
      key,
    ]) {
      assert.deepEqual(yield* spawnBlocking(echo(value)), value);
    }
    const back = yield* spawnBlocking(echo(shared));
    new Uint8Array(back)[3] = 7;
    assert.equal(new Uint8Array(shared)[3], 7);
    const error = (yield* spawnBlocking(echo(new RangeError("kept")))) as Error;
    assert.ok(error instanceof RangeError && error.message === "kept");
  });
});

test("what cannot be sent is refused at the call, with its path", () => {
  const [tx] = mpsc.channel<number>(1);
  class Account {
    balance = 1;
  }
  for (const [value, message] of [
    [
      { options: { callback() {} } },
      /^NotSendError: blocking echo: argument 0\.options\.callback is the function callback, and code cannot be sent$/,
    ],
    [[1, [Symbol("x")]], /argument 0\[1\]\[0\] is a symbol/],
    [Object.assign([1], { callback() {} }), /argument 0\.callback is the function callback/],
    [Object.assign([], { 5: Symbol("x"), 4000000000: 1 }), /argument 0\[5\] is a symbol/],
    [new Map([["key", () => {}]]), /argument 0\.get\("key"\) is the function/],
    [{ "odd key": tx }, /argument 0\["odd key"\] is an instance of Sender, which belongs to this thread/],
    [pending(), /argument 0 is an instance of/],
    [Promise.resolve(), /argument 0 is an instance of Promise/],
    [new WeakMap(), /argument 0 is an instance of WeakMap/],
    [new Runtime(), /argument 0 is an instance of Runtime/],
    [new Account(), /argument 0 is an instance of Account/],
    [new MessageChannel().port1, /argument 0 is a MessagePort, which can only be moved/],
  ] as const) {
    assert.throws(
      () => echo(value),
      (error) => error instanceof NotSendError && message.test(String(error)),
    );
  }
});

test("move transfers an argument and a result; without it they are copied", async () => {
  await main(function* () {
    const copied = new Uint8Array([0, 255]);
    assert.deepEqual([...(yield* spawnBlocking(invert(copied)))], [255, 0]);
    assert.equal(copied.length, 2);
    const moved = new Uint8Array([1, 254]);
    const inside = (yield* spawnBlocking(echo({ deep: [move(moved)] }))) as { deep: Uint8Array[] };
    assert.deepEqual([...inside.deep[0]!], [1, 254]);
    assert.equal(moved.length, 0);
    const { port1, port2 } = new MessageChannel();
    port2.close();
    yield* spawnBlocking(closePort(move(port1)));
    for (const idle of [true, false]) {
      const gone = new Uint8Array(8);
      const job = echo(move(gone));
      yield* spawnBlocking(job);
      if (!idle) spawnBlocking(echo(1));
      assert.throws(
        () => spawnBlocking(job),
        /NotSendError: blocking echo: an argument is a buffer that has been moved/,
      );
      assert.throws(() => echo(gone), /argument 0 is a buffer that has been moved away/);
    }
    assert.throws(() => move({} as ArrayBuffer), InvalidArgumentError);
    assert.throws(() => move(new Uint8Array(new SharedArrayBuffer(1))), InvalidArgumentError);
  });
});

test("a function needs a name of its own, and must be plain", () => {
  assert.throws(() => blocking(meta, () => 1), /blocking: body must be a named function/);
  assert.throws(() => blocking(meta, async function later() {} as never), /blocking: body must be a plain function/);
  assert.throws(() => blocking(meta, function* steps() {} as never), /blocking: body must be a plain function/);
  assert.throws(() => blocking({} as ImportMeta, function noMeta() {}), /blocking: meta must be import\.meta/);
  assert.throws(() => blocking(meta, 5 as never), InvalidArgumentError);
  blocking(meta, function twice() {});
  assert.throws(
    () => blocking(meta, function twice() {}),
    (error) => error instanceof MisuseError && error.code === "TOKI_DUPLICATE_NAME",
  );
  const same = function same() {};
  blocking(meta, same);
  blocking(meta, same);
});

test("spawnBlocking takes nothing but a job", async () => {
  await main(function* () {
    assert.throws(() => spawnBlocking((() => 1) as never), /spawnBlocking: job must be/);
    assert.throws(() => spawnBlocking(echo(1), { name: 5 as never }), /options\.name must be/);
  });
});

test("a function that its module does not define again on a thread is named", async () => {
  const late = defineLate();
  await using rt = new Runtime();
  await assert.rejects(async () => await rt.spawnBlocking(late()), /blocking late: .*did not define it/s);
});

// Types: compiled, never run.
export function types(): void {
  const job: BlockingJob<number> = blocking(meta, function ok(_: { a: Map<string, readonly Date[]>; b?: Uint8Array }) {
    return 1;
  })({ a: new Map() });
  interface Json {
    [key: string]: Json | string | Json[];
  }
  blocking(meta, function recursive(value: Json): Json {
    return value;
  });
  // @ts-expect-error: argument 0.options.callback is a function
  blocking(meta, function a(_: { options: { callback: () => void } }) {});
  // @ts-expect-error: argument 1 is a symbol
  blocking(meta, function b(_: number, __: symbol) {});
  // @ts-expect-error: the function is async
  blocking(meta, async function c() {});
  // @ts-expect-error: the result.then is a future
  blocking(meta, function d() {
    return { then: pending() };
  });
  const fine: Sendable<{ a: number }> = { a: 1 };
  // @ts-expect-error: it.f is a function
  const wrong: Sendable<{ f(): void }> = { f() {} };
  // A stranger reads these texts; an alias in their place would say nothing.
  type Why<T> = Extract<Sendable<T>, { "cannot be sent": unknown }>["cannot be sent"];
  const lock: Why<{ lock: Mutex<number> }> = "it.lock belongs to its thread; its namesake of toki/shared can be sent.";
  const hooks: Why<{ f(): void; g(): void }>[] = [
    "it.f is a function, and code cannot be sent.",
    "it.g is a function, and code cannot be sent.",
  ];
  void [job, fine, wrong, lock, hooks];
}
