// The side of a portable function that schedulers see: internal, so that the package's types do not have it.
import assert from "node:assert/strict";
import type { Future, Suspend } from "toki";
import * as frameModule from "../../dist/future/frame.js";
import * as registryModule from "../../dist/portable/registry.js";

export interface PortableFn {
  readonly kind: "fn" | "blocking";
  readonly name: string;
  readonly url: string;
  readonly key: string;
  readonly body: unknown;
  readonly site: Error;
  id: number;
  call(args: readonly unknown[]): Call<unknown>;
  instantiate(args: readonly unknown[]): Generator<Suspend, unknown, unknown>;
}

/** A call of an `fn`. */
export interface Call<T> extends Future<T> {
  readonly gen: unknown;
  readonly portable: PortableFn | null;
  readonly isShielded: boolean;
  takeArguments(): readonly unknown[];
  claim(): void;
  unclaim(): void;
  forceCancel(): void;
  awaits(): Iterable<unknown>;
}

const { FnFuture, MAX_NATIVE_DEPTH } = frameModule as unknown as {
  FnFuture: abstract new () => Call<unknown>;
  MAX_NATIVE_DEPTH: number;
};
const { portable } = registryModule as unknown as { portable(): { functions: Map<string, PortableFn> } };

export { MAX_NATIVE_DEPTH };

export function callOf<T>(future: Future<T>): Call<T> {
  assert.ok(future instanceof FnFuture);
  return future as unknown as Call<T>;
}

export function identityOf(future: Future<unknown>): PortableFn {
  const { portable: identity } = callOf(future);
  assert.ok(identity !== null);
  return identity;
}

/** What this thread has registered under `key`. */
export function registered(key: string): PortableFn | undefined {
  return portable().functions.get(key);
}
