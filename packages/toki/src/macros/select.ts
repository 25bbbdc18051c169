/*
 * Select: several futures on one task, until the first is ready.
 *
 * RUNNING: each wake polls the enabled branches, from a random one on and around (biased: from the first). CANCELLING: there is a winner, or a branch threw,
 * or the select itself was cancelled. See combinator.ts.
 *
 * The outcome is delivered after the losers' cleanup has ended, so whatever runs next finds them gone.
 */
import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { type AwaitEdge, Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { checkFunction, checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import { crosses } from "../portable/error-classes.js";
import { RuntimeError } from "../runtime/error.js";
import { randomBelow } from "../runtime/random.js";
import { CANCELLING, Combinator, DONE, RUNNING } from "./combinator.js";
import type { OutputOf } from "./output.js";

/**
 * Every branch of a `select` is disabled, and it has no `else`.
 *
 * @example
 * ```ts
 * import { main, select, SelectError } from "toki";
 *
 * await main(function* () {
 *   try {
 *     yield* select({ off: undefined });
 *   } catch (error) {
 *     console.log(error instanceof SelectError); // true
 *   }
 * });
 * ```
 */
export class SelectError extends RuntimeError {
  override readonly name = "SelectError";
  readonly code = "TOKI_ALL_BRANCHES_DISABLED";

  constructor() {
    super("select: all branches are disabled and there is no else");
  }
}

crosses(SelectError, "SelectError");

/** How a branch takes part in a {@link select}. */
export interface BranchOptions<T> {
  /** Only values for which this is true win; another value disables the branch, and the select goes on with the others. */
  when?: (value: T) => boolean;
  /** Whether the branch takes part at all. @default true */
  if?: boolean;
}

/**
 * A future with conditions, made by {@link branch}.
 *
 * @example
 * ```ts
 * import { branch, main, ready, select } from "toki";
 *
 * await main(function* () {
 *   const enabled = false;
 *   const { key } = yield* select({ a: branch(ready(1), { if: enabled }), b: ready(2) });
 *   console.log(key); // b
 * });
 * ```
 */
export class Branch<T> {
  // Not internal: without members in the declaration every type would be a Branch of unknown.
  /** What the branch waits for. */
  readonly future: IntoFuture<T>;
  /** Its conditions. */
  readonly options: BranchOptions<T>;

  /** @internal */
  constructor(future: IntoFuture<T>, options: BranchOptions<T>) {
    this.future = future;
    this.options = options;
  }
}

/**
 * Adds conditions to a branch of a {@link select}.
 *
 * @param future - the branch's future
 * @param options - `when` is the pattern a value has to match, `if` the condition for the branch to be polled at all
 * @throws MisuseError if `future` is not a future
 *
 * @example
 * ```ts
 * import { branch, main, ready, select, sleep } from "toki";
 *
 * await main(function* () {
 *   const { key } = yield* select({
 *     even: branch(ready(3), { when: (n) => n % 2 === 0 }),
 *     timeout: sleep(1),
 *   });
 *   console.log(key); // timeout
 * });
 * ```
 */
export function branch<T>(future: IntoFuture<T>, options: BranchOptions<T>): Branch<T> {
  if (options === null || typeof options !== "object") throw invalidArgument("branch", "options", "an object", options);
  const { when, if: enabled } = options;
  if (when !== undefined) checkFunction(when, "branch", "options.when");
  if (enabled !== undefined && typeof enabled !== "boolean")
    throw invalidArgument("branch", "options.if", "a boolean", enabled);
  return new Branch(intoFuture(future, "branch"), options);
}

/** What a {@link select} takes for each key. `undefined`, `null` and `false` are disabled branches. */
// biome-ignore lint/suspicious/noExplicitAny: a branch of any value; Branch<T> is invariant because of `when`
export type SelectBranch = IntoFuture<unknown> | Branch<any> | undefined | null | false;

type BranchOutput<B> = B extends Branch<infer T> ? T : OutputOf<B>;

/** The outcome of a {@link select}: the key of the branch that won, and its value. */
export type Selected<B> = {
  [K in keyof B & string]-?: { readonly key: K; readonly value: BranchOutput<Exclude<B[K], undefined | null | false>> };
}[keyof B & string];

/** Options of {@link select}. */
export interface SelectOptions<E> {
  /** Poll the branches in the order they are written, every time. A branch that is always ready then starves those after it. @default false */
  biased?: boolean;
  /** Gives the outcome `{ key: "else", value }` when every branch is disabled. */
  else?: () => E;
}

type When = ((value: unknown) => boolean) | undefined;

class Select extends Combinator<{ key: string; value: unknown }> {
  private readonly keys: string[];
  private readonly whens: When[] | undefined;
  private readonly biased: boolean;
  private readonly otherwise: (() => unknown) | undefined;
  private outcome: { key: string; value: unknown } | undefined = undefined;

  constructor(
    keys: string[],
    futures: (Future<unknown> | undefined)[],
    whens: When[] | undefined,
    biased: boolean,
    otherwise: (() => unknown) | undefined,
  ) {
    super(futures);
    this.keys = keys;
    this.whens = whens;
    this.biased = biased;
    this.otherwise = otherwise;
  }

  poll(cx: Context): Poll<{ key: string; value: unknown }> {
    this.adopt(cx);
    if (this.state === DONE) throw polledAfterCompletion("a select");
    if (this.state === RUNNING) {
      if (current.budget <= 0) {
        cx.waker.wake();
        return Pending;
      }
      if (!this.race(cx)) return Pending;
      this.state = CANCELLING;
    }
    const { branches } = this;
    if (branches.pollCancelAll(cx) === Pending) return Pending;
    this.state = DONE;
    if (branches.failed) throw branches.error;
    return this.outcome as { key: string; value: unknown };
  }

  /** One round of polls; true when it is decided. */
  private race(cx: Context): boolean {
    const { branches } = this;
    const count = branches.futures.length;
    branches.begin(cx, this.biased || count < 2 ? 0 : randomBelow(count));
    for (let polled = 0; ; polled++) {
      const index = branches.next(polled);
      if (index < 0) break;
      if (branches.futures[index] === undefined) continue;
      let value: Poll<unknown>;
      try {
        value = branches.poll(index, cx);
        if (value === Pending) continue;
        branches.take(index);
        const when = this.whens?.[index];
        if (when !== undefined && !when(value)) continue;
      } catch (error) {
        branches.take(index);
        branches.record(error);
        return true;
      }
      this.outcome = { key: this.keys[index] as string, value };
      return true;
    }
    if (branches.left > 0) return false;
    try {
      if (this.otherwise === undefined) throw new SelectError();
      this.outcome = { key: "else", value: this.otherwise() };
    } catch (error) {
      branches.record(error);
    }
    return true;
  }

  override describe(): string {
    return this.state === CANCELLING ? "select (decided, cleaning up)" : "select";
  }

  override *awaits(): Iterable<AwaitEdge> {
    for (const [index, future] of this.branches.futures.entries()) {
      if (future !== undefined) yield { label: this.keys[index], future };
    }
  }
}

/**
 * Waits for the first of several futures. The others are cancelled and their cleanup is awaited before the outcome is delivered.
 *
 * The branch polled first is chosen at random each time (from there on in order, around), so that a branch that is always ready cannot starve the
 * others; `{ biased: true }` polls in the order written. A branch that is `undefined`, `null` or `false` is disabled. When every branch is disabled,
 * `else` decides, or `SelectError` is thrown. A branch that throws ends the select with that error.
 *
 * Losers are dropped where they are suspended. What survives losing: a `JoinHandle` (its task goes on), a `Sleep` or a channel's receiver (they
 * keep their state outside the await), and any future lent with {@link pin}.
 *
 * **Cancel safety**: dropping the select drops every branch, with its cleanup. Whether something is lost depends on the branches.
 *
 * @param branches - a future or `function*` body for each key; see {@link branch} for conditions
 * @param options - `biased`, `else`
 * @returns `{ key, value }` of the branch that won: a discriminated union
 * @throws what a branch throws; SelectError; MisuseError if a branch is not a future
 *
 * @example
 * ```ts
 * import { fn, main, select, sleep } from "toki";
 *
 * const fetchUser = fn(function* fetchUser(id: number) {
 *   yield* sleep(200);
 *   return { id, name: "alice" };
 * });
 *
 * await main(function* () {
 *   const winner = yield* select({ user: fetchUser(1), timeout: sleep(10) });
 *   if (winner.key === "user") console.log(winner.value.name);
 *   else console.log("Timed out waiting for data");
 * });
 * ```
 */
export function select<B extends Record<string, SelectBranch>, E = never>(
  branches: B,
  options?: SelectOptions<E>,
): Future<Selected<B> | ([E] extends [never] ? never : { readonly key: "else"; readonly value: E })> {
  if (branches === null || typeof branches !== "object" || branches instanceof Future || Array.isArray(branches)) {
    throw invalidArgument("select", "branches", "an object with a future for each key", branches);
  }
  checkOptions(options, "select");
  const otherwise = options?.else;
  if (otherwise !== undefined) checkFunction(otherwise, "select", "options.else");
  const keys = Object.keys(branches);
  const futures: (Future<unknown> | undefined)[] = [];
  let whens: When[] | undefined;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    let source = branches[key] as SelectBranch;
    if (source instanceof Branch) {
      const { when, if: enabled } = source.options as BranchOptions<unknown>;
      if (when !== undefined) {
        whens ??= [];
        whens[i] = when;
      }
      source = enabled === false ? undefined : (source.future as IntoFuture<unknown>);
    }
    const isDisabled = source === undefined || source === null || source === false;
    futures.push(isDisabled ? undefined : intoFuture(source as IntoFuture<unknown>, `select: branch ${key}`));
  }
  return new Select(keys, futures, whens, options?.biased === true, otherwise) as never;
}

select.biased = function biased<B extends Record<string, SelectBranch>, E = never>(
  branches: B,
  options?: Omit<SelectOptions<E>, "biased">,
) {
  checkOptions(options, "select");
  return select<B, E>(branches, { ...options, biased: true } as SelectOptions<E>);
};
