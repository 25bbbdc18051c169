/*
 * Guards of the current runtime form a stack: each remembers what was current before it, and the depth it was made at.
 */
import { current } from "../future/current.js";
import type { RuntimeCore } from "./core.js";

let depth = 0;

class EnterGuard implements Disposable {
  readonly #previous: RuntimeCore | null;
  readonly #depth: number;
  #released = false;

  constructor(core: RuntimeCore) {
    this.#previous = current.runtime;
    this.#depth = ++depth;
    current.runtime = core;
  }

  [Symbol.dispose](): void {
    if (this.#released) return;
    if (this.#depth !== depth) {
      throw new Error("Runtime.enter: guards must be released in the reverse of the order they were made in");
    }
    this.#released = true;
    depth--;
    current.runtime = this.#previous;
  }
}

/** @internal */
export function enterRuntime(core: RuntimeCore): Disposable {
  return new EnterGuard(core);
}
