import type { Future } from "../future/future.js";
import type { Suspend } from "../future/poll.js";

/** The value type of anything that can be awaited. */
export type OutputOf<F> =
  F extends Future<infer T>
    ? T
    : F extends () => Generator<Suspend, infer T, unknown>
      ? T
      : F extends Generator<Suspend, infer T, unknown>
        ? T
        : never;
