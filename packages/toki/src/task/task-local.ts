/*
 * A task-local lives in a slot of its key. The slot holds a value exactly while the future inside a scope() is being polled, cancelled or dropped,
 * and is put back as it was when that returns. Polls on one thread nest and never interleave, so the slot always belongs to the innermost scope
 * that is being polled.
 *
 * The poll of one task may be nested in that of another, which joins it. It must not see the other's values: a slot has an owner, the task on whose
 * behalf it was set, and is empty for every other. A poll by hand belongs to no task and sees what is set around it.
 */
import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { dropStarted } from "../future/drop.js";
import { isGeneratorFunction } from "../future/fn.js";
import type { FnFuture } from "../future/frame.js";
import { type AwaitEdge, Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { MisuseError, polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { checkFunction, invalidArgument } from "../internal/invalid-argument.js";
import { importModuleOf, loadFunction } from "../portable/load.js";
import { keyOf, type ModuleMeta, urlOf } from "../portable/module-meta.js";
import { PortableFn } from "../portable/portable-fn.js";
import { portable } from "../portable/registry.js";
import type { Task } from "../runtime/task/task.js";
import { AccessError } from "./access-error.js";

const UNSET: unique symbol = Symbol("toki.unset");

/**
 * A value that belongs to a future and everything it awaits, made by {@link taskLocal}.
 *
 * It has no default: outside of its scopes there is no value. Tasks spawned inside a scope do not inherit it; use `AsyncLocalStorage` for what should
 * follow them. It is visible in cleanup too.
 *
 * Threads: the value is that of one task. A key made with `taskLocal(import.meta, name)` is the same one on every thread, so that
 * `spawn(key.scope(value, call()))` of a portable call runs on a worker with a copy of the value.
 *
 * @typeParam T - what the value is
 *
 * @example
 * ```ts
 * import { fn, main, sleep, taskLocal } from "toki";
 *
 * const requestId = taskLocal<number>("requestId");
 *
 * const handler = fn(function* () {
 *   yield* sleep(1);
 *   return `request ${requestId.get()}`;
 * });
 *
 * await main(function* () {
 *   console.log(yield* requestId.scope(7, handler())); // request 7
 * });
 * ```
 */
export class LocalKey<T> {
  /** The key's name in messages and await trees. */
  readonly name: string | undefined;
  /** What other threads know it by. @internal */
  readonly key: string | undefined;
  /** @internal */
  slot: T | typeof UNSET;
  /** @internal */
  owner: Task<unknown> | null;

  /** @internal */
  constructor(name: string | undefined, key?: string) {
    this.name = name;
    this.key = key;
    this.slot = UNSET;
    this.owner = null;
  }

  /**
   * Runs a future in which the value is set. An inner scope of the same key shadows the outer one.
   *
   * **Cancel safety**: that of the future; dropping it drops the future, and its cleanup sees the value.
   *
   * @param value - what {@link LocalKey.get} gives while the future runs
   * @param future - a future, or a `function*` body
   *
   * @example
   * ```ts
   * import { main, taskLocal } from "toki";
   *
   * const user = taskLocal<string>();
   *
   * await main(function* () {
   *   yield* user.scope("alice", function* () {
   *     console.log(user.get()); // alice
   *     yield* user.scope("bob", function* () {
   *       console.log(user.get()); // bob
   *     });
   *     console.log(user.get()); // alice
   *   });
   * });
   * ```
   */
  scope<R>(value: T, future: IntoFuture<R>): Future<R> {
    return new LocalFuture(this, value, intoFuture(future, "LocalKey.scope"));
  }

  /**
   * Calls a function with the value set, until it returns. For synchronous code: what the function starts and leaves behind does not see the value.
   *
   * @param value - what {@link LocalKey.get} gives during the call
   * @param callback - the function to call
   * @returns what the callback returns
   *
   * @example
   * ```ts
   * import { taskLocal } from "toki";
   *
   * const depth = taskLocal<number>();
   * console.log(depth.syncScope(1, () => depth.get() + 1)); // 2
   * ```
   */
  syncScope<R>(value: T, callback: () => R): R {
    if (isGeneratorFunction(callback)) {
      throw new MisuseError(
        "TOKI_NOT_A_FUTURE",
        "LocalKey.syncScope: got a `function*`, which would run after the scope has ended; use scope(value, body) for futures",
      );
    }
    checkFunction(callback, "LocalKey.syncScope", "callback");
    const { slot, owner } = this;
    this.set(value, current.task);
    try {
      return callback();
    } finally {
      this.set(slot, owner);
    }
  }

  /**
   * The value.
   *
   * @throws AccessError outside of every scope of the key
   */
  get(): T {
    const value = this.read();
    if (value === UNSET) throw new AccessError(this.describe());
    return value;
  }

  /** The value, or undefined outside of every scope of the key. */
  tryGet(): T | undefined {
    const value = this.read();
    return value === UNSET ? undefined : value;
  }

  /**
   * Calls a function with the value.
   *
   * @returns what the callback returns
   * @throws AccessError outside of every scope of the key
   */
  with<R>(callback: (value: T) => R): R {
    checkFunction(callback, "LocalKey.with", "callback");
    return callback(this.get());
  }

  /** Calls a function with the value, or returns undefined outside of every scope of the key. */
  tryWith<R>(callback: (value: T) => R): R | undefined {
    checkFunction(callback, "LocalKey.tryWith", "callback");
    const value = this.read();
    return value === UNSET ? undefined : callback(value);
  }

  private read(): T | typeof UNSET {
    const { slot, owner } = this;
    if (slot === UNSET || owner === current.task || current.task === null) return slot;
    return UNSET;
  }

  /** @internal */
  set(slot: T | typeof UNSET, owner: Task<unknown> | null): void {
    this.slot = slot;
    this.owner = owner;
  }

  /** @internal */
  describe(): string {
    return this.name === undefined ? "the task-local" : `the task-local "${this.name}"`;
  }
}

/** A future and the value it runs with. `inner` is undefined once it is over. */
class LocalFuture<T, R> extends Future<R> {
  private readonly key: LocalKey<T>;
  private readonly value: T;
  private inner: Future<R> | undefined;
  private started: boolean;

  constructor(key: LocalKey<T>, value: T, inner: Future<R>) {
    super();
    this.key = key;
    this.value = value;
    this.inner = inner;
    this.started = false;
  }

  override asPortable(): FnFuture<R> | null {
    const { key, value, inner, started } = this;
    if (key.key === undefined || started) return null;
    const call = inner?.asPortable() ?? null;
    return call === null
      ? null
      : (REMOTE.call([key.key, value, (call.info as PortableFn).key, call.slot]) as FnFuture<R>);
  }

  override get isShielded(): boolean {
    return this.inner?.isShielded === true;
  }

  override sentAway(): void {
    this.inner?.sentAway();
    this.inner = undefined;
  }

  poll(cx: Context): Poll<R> {
    const { key, inner } = this;
    if (inner === undefined) throw polledAfterCompletion("a task-local scope");
    this.started = true;
    const { slot, owner } = key;
    const outerCx = current.cx;
    current.cx = cx;
    key.set(this.value, cx.waker.owner);
    let value: Poll<R>;
    try {
      value = inner.poll(cx);
    } catch (error) {
      this.inner = undefined;
      throw error;
    } finally {
      key.set(slot, owner);
      current.cx = outerCx;
    }
    if (value !== Pending) this.inner = undefined;
    return value;
  }

  override pollCancel(cx: Context): Poll<void> {
    const { key, inner } = this;
    if (inner === undefined) return undefined;
    const { slot, owner } = key;
    const outerCx = current.cx;
    current.cx = cx;
    key.set(this.value, cx.waker.owner);
    let isOver = true;
    try {
      isOver = inner.pollCancel(cx) !== Pending;
    } finally {
      key.set(slot, owner);
      current.cx = outerCx;
      if (isOver) this.inner = undefined;
    }
    return isOver ? undefined : Pending;
  }

  override forceCancel(): void {
    const { key, inner } = this;
    if (inner === undefined) return;
    this.inner = undefined;
    const { slot, owner } = key;
    key.set(this.value, current.task);
    try {
      inner.forceCancel();
    } finally {
      key.set(slot, owner);
    }
  }

  // Not the inner future's own way: the task that finishes its cleanup would not see the value.
  override [Symbol.dispose](): void {
    const { inner } = this;
    if (inner === undefined) return;
    if (this.started) dropStarted(this as Future<unknown>);
    else {
      this.inner = undefined;
      inner[Symbol.dispose]();
    }
  }

  override describe(): string {
    const { name } = this.key;
    return name === undefined ? "task-local scope" : `task-local scope of ${name}`;
  }

  override awaits(): Iterable<AwaitEdge> {
    const { inner } = this;
    return inner === undefined ? [] : [{ label: undefined, future: inner as Future<unknown> }];
  }
}

/** On the thread that runs it. */
const REMOTE = PortableFn.defineOwn(
  "scope",
  import.meta.url,
  function* run(local: string, value: unknown, key: string, args: readonly unknown[]) {
    const { locals } = portable();
    if (!locals.has(local)) yield* importModuleOf(local);
    const found = locals.get(local) as LocalKey<unknown> | undefined;
    if (found === undefined)
      throw new Error(`taskLocal ${local}: its module did not define it when a worker imported it`);
    const fn = yield* loadFunction(key);
    return yield* found.scope(value, fn.call(args));
  },
);

/**
 * Makes a key for a task-local value: Tokio's `task_local!`.
 *
 * @param name - for messages and await trees
 *
 * @example
 * ```ts
 * import { main, spawn, taskLocal } from "toki";
 *
 * const user = taskLocal<string>("user");
 *
 * await main(function* () {
 *   yield* user.scope("alice", function* () {
 *     const inherited = yield* spawn(function* () { return user.tryGet(); });
 *     console.log(user.get(), inherited); // alice undefined
 *   });
 * });
 * ```
 */
export function taskLocal<T>(name?: string): LocalKey<T>;
/**
 * Makes a key that every thread knows by its module and name: see {@link LocalKey}. At the top level of the module.
 *
 * @param meta - `import.meta` of the module
 * @param name - one that no other key of the module has
 * @throws InvalidArgumentError if there is no name; MisuseError if another key has it
 *
 * @example
 * ```ts
 * import { fn, main, spawn, taskLocal } from "toki";
 *
 * const requestId = taskLocal<number>(import.meta, "requestId");
 *
 * const handle = fn(import.meta, function* handle() {
 *   return `request ${requestId.get()}`;
 * });
 *
 * await main(function* () {
 *   console.log(yield* spawn(requestId.scope(7, handle()))); // request 7
 * });
 * ```
 */
export function taskLocal<T>(meta: ModuleMeta, name: string): LocalKey<T>;
export function taskLocal<T>(first?: string | ModuleMeta, second?: string): LocalKey<T> {
  if (typeof first === "object") return portableLocal<T>(first, second);
  const name = first;
  if (name !== undefined && typeof name !== "string") throw invalidArgument("taskLocal", "name", "a string", name);
  return new LocalKey(name);
}

function portableLocal<T>(meta: ModuleMeta, name: string | undefined): LocalKey<T> {
  const url = urlOf(meta, "taskLocal");
  if (typeof name !== "string" || name === "")
    throw invalidArgument("taskLocal", "name", "a string that is not empty", name);
  const key = keyOf(url, name);
  const { locals } = portable();
  if (locals.has(key)) {
    throw new MisuseError(
      "TOKI_DUPLICATE_NAME",
      `taskLocal: there are two keys named ${name} in ${url}: give each a name of its own, and make each once, at the top level of the module`,
    );
  }
  const made = new LocalKey<T>(name, key);
  locals.set(key, made);
  return made;
}
