import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  blocking,
  type Future,
  fn,
  InvalidArgumentError,
  MisuseError,
  Runtime,
  sleep,
  spawn,
  spawnBlocking,
  yieldNow,
} from "toki";
import { assertPending, testBlockOn, testTask } from "toki/test";
import { add, runByKey } from "./functions.js";
import { type Call, callOf, identityOf, registered } from "./support.js";

const meta = import.meta;

const later = fn(meta, function* later(value: any) {
  yield* yieldNow();
  return value;
});

describe("fn(import.meta, ...): what other threads know", () => {
  test("the registry has it by its key", () => {
    const info = identityOf(later(1));
    assert.equal(info.key, `${meta.url}#later`);
    assert.equal(registered(info.key), info);
    assert.deepEqual([info.kind, info.name, info.url, info.id], ["fn", "later", meta.url, -1]);
    assert.equal(testTask(info.call(["sent"])).pollUntilIdle(), "sent");
    assert.equal(Object.prototype.toString.call(info.instantiate([1])), "[object Generator]");
  });

  test("another thread that imports the module finds it by the same key, and runs it", async () => {
    const { key } = identityOf(add(0, 0));
    await using rt = new Runtime();
    assert.equal(
      await rt.run(function* () {
        return yield* spawnBlocking(runByKey(key, [40, 2]));
      }),
      42,
    );
  });

  test("another copy of the package has the same registry", async () => {
    const dir = mkdtempSync(path.join(tmpdir(), "toki-copy-"));
    try {
      for (const name of ["dist", "package.json"]) {
        cpSync(new URL(`../../${name}`, import.meta.url), path.join(dir, name), { recursive: true });
      }
      const copy = (await import(pathToFileURL(path.join(dir, "dist/index.js")).href)) as { fn: typeof fn };
      assert.notEqual(copy.fn, fn);
      const body = function* defined(x: number) {
        return x + 1;
      };
      copy.fn(meta, body);
      const entry = registered(`${meta.url}#defined`);
      assert.deepEqual([entry?.kind, entry?.id], ["fn", -1]);
      assert.equal(testTask(entry!.call([1])).poll(), 2);
      assert.throws(() => fn(meta, function* defined() {}), { code: "TOKI_DUPLICATE_NAME" });
      assert.equal(testTask(callOf(fn(meta, body)(2))).poll(), 3);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test("the arguments of a call are taken once, before it starts, and then it is over here", () => {
    const argument = {};
    const future = callOf(later(argument));
    const args = future.takeArguments();
    assert.deepEqual([args.length, args[0] === argument], [1, true]);
    assert.equal(future.portable, null);
    for (const use of [() => future.takeArguments(), () => future.claim(), () => testTask(future).poll()]) {
      assert.throws(use, { code: "TOKI_POLLED_AFTER_COMPLETION", message: /^Cannot poll later after completion/ });
    }
    future[Symbol.dispose]();
    future.forceCancel();
    testBlockOn(function* () {
      yield* later(1);
      assert.throws(() => spawn(future), { code: "TOKI_POLLED_AFTER_COMPLETION" });
    });
  });

  test("a call that a task owns, that has started or is over cannot be sent; nor any of an ordinary fn", () => {
    const ordinary = callOf(fn(function* ordinary() {})());
    const owned = callOf(later(1));
    owned.claim();
    const started = callOf(later(1));
    assertPending(testTask(started).poll());
    const over = callOf(later(1));
    over[Symbol.dispose]();
    for (const future of [ordinary, owned, started, over] as Call<unknown>[]) {
      assert.equal(future.portable, null);
      assert.throws(() => future.takeArguments(), MisuseError);
    }
    owned.unclaim();
    assert.notEqual(owned.portable, null);
    assert.equal(testTask(owned).pollUntilIdle(), 1);
  });

  test("the same body twice has one identity", () => {
    const body = function* same() {};
    const [a, b] = [fn(meta, body), fn(meta, body)];
    assert.equal(identityOf(a()), identityOf(b()));
  });
});

describe("fn(import.meta, ...): what is refused", () => {
  test("a second function with its name, of either kind", () => {
    const url = meta.url;
    fn(meta, function* twice1() {});
    blocking(meta, function twice2() {});
    for (const [define, message] of [
      [
        () => fn(meta, function* twice1() {}),
        `fn: there are two functions named twice1 in ${url}: give each a name of its own, and call fn() once for each, at the top level of the module`,
      ],
      [
        () => fn(meta, function* twice2() {}),
        `fn: there are two functions named twice2 in ${url} (the other was made by blocking()): give each a name of its own, and call fn() once for each, at the top level of the module`,
      ],
      [
        () => blocking(meta, function twice1() {}),
        `blocking: there are two functions named twice1 in ${url} (the other was made by fn()): give each a name of its own, and call blocking() once for each, at the top level of the module`,
      ],
    ] as const) {
      assert.throws(define, { name: "MisuseError", code: "TOKI_DUPLICATE_NAME", message });
    }
    fn({ url: "file:///elsewhere.js" }, function* twice1() {});
    assert.equal(testTask(later(1)).pollUntilIdle(), 1);
  });

  test("meta without a url", () => {
    for (const wrong of [{}, { url: 5 }, { url: "" }, null, undefined, "file:///a.js"]) {
      assert.throws(
        () => fn(wrong as never, function* noMeta() {}),
        (error) => error instanceof InvalidArgumentError && /^fn: meta must be import\.meta, got /.test(error.message),
      );
    }
  });

  test("a function without a name", () => {
    assert.throws(
      () => fn(meta, function* () {}),
      (error) =>
        error instanceof InvalidArgumentError &&
        error.argument === "body" &&
        /^fn: body must be a named function, `fn\(import\.meta, function\* /.test(error.message),
    );
  });

  for (const [what, body] of [
    ["a plain function", function plain() {}],
    ["an async function", async function later() {}],
    ["an async generator", async function* steps() {}],
    ["undefined", undefined],
    ["a generator object", (function* made() {})()],
  ] as const) {
    test(what, () => {
      assert.throws(
        () => fn(meta, body as never),
        (error) =>
          error instanceof MisuseError &&
          error.code === "TOKI_NOT_A_FUTURE" &&
          /^fn: body must be a generator function .*; for a plain function .* blocking\(import\.meta/.test(
            error.message,
          ),
      );
    });
  }

  test("meta alone", () => {
    assert.throws(() => fn(meta as never), { code: "TOKI_NOT_A_FUTURE" });
  });
});

// Types: compiled, never run.
export function types(): void {
  const call: (n: number, options?: { deep: Map<string, readonly Date[]> }) => Future<string[]> = fn(
    meta,
    function* ok(n: number, _?: { deep: Map<string, readonly Date[]> }) {
      yield* sleep(1);
      return [String(n)];
    },
  );
  const generic: (value: unknown) => Future<unknown> = fn(meta, function* generic(value: unknown) {
    return value;
  });
  // @ts-expect-error: an argument is missing
  call();
  // @ts-expect-error: argument 0.options.callback is a function
  fn(meta, function* a(_: { options: { callback: () => void } }) {});
  // @ts-expect-error: argument 1 is a symbol
  fn(meta, function* b(_: number, __: symbol) {});
  // @ts-expect-error: argument 0 is a function, although it is optional
  fn(meta, function* optional(_?: () => void) {});
  // @ts-expect-error: an argument is a function
  fn(meta, function* rest(..._: (() => void)[]) {});
  // @ts-expect-error: an argument is a function
  fn(meta, function* rest2(_: number, ...__: (() => void)[]) {});
  fn(meta, function* fine(_ = 1, ...__: string[]) {});
  blocking(meta, function fineToo(_ = 1, ...__: string[]) {});
  // @ts-expect-error: argument 0 is a future
  fn(meta, function* c(_: Future<number>) {});
  // @ts-expect-error: the result is a promise
  fn(meta, function* d() {
    return Promise.resolve(1);
  });
  // @ts-expect-error: the result.f is a function
  fn(meta, function* e() {
    return { f: () => 1 };
  });
  fn(meta, function* g() {
    // @ts-expect-error: `this` is void
    return this.x as number;
  });
  // @ts-expect-error: `this` is void
  fn(meta, function* h(this: { x: number }) {
    return this.x;
  });
  // @ts-expect-error: no generator function
  fn(meta, () => 1);
  // @ts-expect-error: no generator function
  fn(meta, async function k() {});
  // @ts-expect-error: meta has no url
  fn({}, function* l() {});
  const local: (this: { x: number }, f: () => void) => Future<number> = fn(function* (
    this: { x: number },
    _: () => void,
  ) {
    return this.x;
  });
  void [generic, local];
}
