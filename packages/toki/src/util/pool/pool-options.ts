import type { MaybeFuture } from "../../future/settled.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { integer } from "../../sync/integer.js";
import { type Duration, toMillis } from "../../time/duration.js";

/** Options of {@link Pool}. */
export interface PoolOptions<T> {
  /** How many items there may be, lent ones included. */
  maxSize: number;
  /**
   * Makes an item, when somebody asks and none is idle: returns it, or a future of it. What it throws goes to who asked.
   *
   * **Cancel safety**: the future is dropped if who asked is cancelled; it must leave nothing behind.
   */
  create: () => MaybeFuture<T>;
  /** Asked before an idle item is lent: false drops it, and another is looked for. An error does the same, and goes to who asked. Default: each is good. */
  validate?: (item: T) => MaybeFuture<boolean>;
  /** Called with each item that leaves the pool. It cannot wait: a good-bye that takes time is a task of its own. Default: calls the item's `[Symbol.dispose]`, if it has one. */
  destroy?: (item: T) => void;
  /**
   * How long an item may lie idle. Looked at when an item is asked for or given back.
   *
   * @default no limit
   */
  idleTimeout?: Duration;
  /**
   * How old an item may become. Looked at when an item is asked for or given back.
   *
   * @default no limit
   */
  maxLifetime?: Duration;
}

/** Options, checked. @internal */
export interface PoolRules<T> {
  readonly maxSize: number;
  readonly create: () => MaybeFuture<T>;
  readonly validate: ((item: T) => MaybeFuture<boolean>) | undefined;
  readonly destroy: (item: T) => void;
  readonly idleMs: number;
  readonly lifetimeMs: number;
}

function disposeOf(item: unknown): void {
  (item as Partial<Disposable> | null | undefined)?.[Symbol.dispose]?.();
}

/** @internal */
export function poolRules<T>(options: PoolOptions<T>): PoolRules<T> {
  const where = "new Pool";
  if (typeof options !== "object" || options === null) throw invalidArgument(where, "options", "an object", options);
  const { maxSize, create, validate, destroy = disposeOf, idleTimeout, maxLifetime } = options;
  integer(where, "options.maxSize", maxSize, 1);
  if (typeof create !== "function") throw invalidArgument(where, "options.create", "a function", create);
  if (validate !== undefined && typeof validate !== "function") {
    throw invalidArgument(where, "options.validate", "a function", validate);
  }
  if (typeof destroy !== "function") throw invalidArgument(where, "options.destroy", "a function", destroy);
  return {
    maxSize,
    create,
    validate,
    destroy,
    idleMs: toMillis(idleTimeout ?? Number.POSITIVE_INFINITY, where, "options.idleTimeout"),
    lifetimeMs: toMillis(maxLifetime ?? Number.POSITIVE_INFINITY, where, "options.maxLifetime"),
  };
}
