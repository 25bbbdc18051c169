import type { FnInfo } from "../future/fn-info.js";
import { type Body, FnFuture } from "../future/frame.js";
import { keyOf } from "./module-meta.js";
import { portable, register } from "./registry.js";

/** @internal */
export type PortableBody = (...args: never) => Generator;

/**
 * An `fn` that every thread knows, by its key; the entry of its key in the registry. Other copies of this package may have made it: tell it by `kind`, not
 * by its class, and start it through `call`, whose future is of the copy that the body awaits with.
 *
 * @internal
 */
export class PortableFn implements FnInfo {
  readonly kind = "fn";
  readonly name: string;
  readonly site: Error | undefined;
  readonly url: string;
  readonly key: string;
  readonly body: PortableBody;
  /** The number in the arena's table of functions; -1 until the scheduler of this thread has asked for it, which alone writes it. */
  id = -1;

  private constructor(name: string, url: string, key: string, body: PortableBody, site: Error | undefined) {
    this.name = name;
    this.site = site;
    this.url = url;
    this.key = key;
    this.body = body;
  }

  /** Gives `body` its identity; the same one as before if it has one. @throws MisuseError if another function has its key */
  static define(name: string, url: string, body: PortableBody, site: Error | undefined): PortableFn {
    const key = keyOf(url, name);
    const known = portable().functions.get(key);
    if (known instanceof PortableFn && known.body === body) return known;
    const made = new PortableFn(name, url, key, body, site);
    register(made, name, url);
    return made;
  }

  /**
   * For this package's own: the name is made one that nothing else has, since several copies of the package may be in one module. The copies are
   * evaluated in one order on every thread, so each gets its name again.
   */
  static defineOwn(name: string, url: string, body: PortableBody): PortableFn {
    let free = `toki:${name}`;
    for (let n = 2; portable().functions.has(keyOf(url, free)); n++) free = `toki:${name}~${n}`;
    return PortableFn.define(free, url, body, undefined);
  }

  /** The future of a call: inert, its generator not even made, so that it can be sent away as its arguments. */
  call(args: readonly unknown[]): FnFuture<unknown> {
    const future = new FnFuture<unknown>(null, this);
    future.slot = args;
    return future;
  }

  /** Begins the call: default values of parameters are evaluated here. */
  instantiate(args: readonly unknown[]): Body<unknown> {
    return Reflect.apply(this.body, undefined, args) as Body<unknown>;
  }
}
