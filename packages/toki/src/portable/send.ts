import type { Future } from "../future/future.js";
import type * as sync from "../sync/index.js";
import type { CancellationToken } from "../util/cancellation-token.js";
import type { PortLike } from "./port-like.js";

/**
 * What can go to another thread, as far as a type can say it: what structured clone copies. Interfaces do not fit it, having no index signature; use
 * {@link Sendable} to check a type.
 */
export type Send =
  | undefined
  | null
  | boolean
  | number
  | bigint
  | string
  | Cloned
  | Crosses
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | readonly Send[]
  | { readonly [key: string]: Send };

/** The key of {@link Crosses}. It is in types alone. */
export declare const crosses: unique symbol;

/** What the objects of this package that can go to another thread have in common, as far as a type can say it. */
export interface Crosses {
  readonly [crosses]: true;
}

type Cloned = Date | RegExp | Error | ArrayBufferLike | ArrayBufferView | PortLike;

type Primitive = undefined | null | boolean | number | bigint | string | void;

// biome-ignore lint/suspicious/noExplicitAny: of any value
type OfAny = any;

/** What has a namesake in `toki/shared` that can be sent. */
type Local =
  | sync.mpsc.Sender<OfAny>
  | sync.mpsc.Receiver<OfAny>
  | sync.mpsc.UnboundedSender<OfAny>
  | sync.mpsc.UnboundedReceiver<OfAny>
  | sync.mpsc.WeakSender<OfAny>
  | sync.mpsc.WeakUnboundedSender<OfAny>
  | sync.OneshotSender<OfAny>
  | sync.OneshotReceiver<OfAny>
  | sync.BroadcastSender<OfAny>
  | sync.BroadcastReceiver<OfAny>
  | sync.WeakBroadcastSender<OfAny>
  | sync.WatchSender<OfAny>
  | sync.WatchReceiver<OfAny>
  | sync.Mutex<OfAny>
  | sync.RwLock<OfAny>
  | sync.Semaphore
  | sync.Notify
  | sync.Barrier
  | sync.OnceCell<OfAny>
  | sync.SetOnce<OfAny>
  | CancellationToken;

/** Levels of an object that types are checked to; the rest is checked at run time. */
type Levels = [0, 0, 0, 0, 0];

type IsAny<T> = 0 extends 1 & T ? true : false;

/** What of `T` cannot be sent, as a sentence; never if all can. */
export type Problem<T, Path extends string, Left extends unknown[] = Levels> =
  IsAny<T> extends true ? never : unknown extends T ? never : T extends unknown ? ProblemOfOne<T, Path, Left> : never;

type ProblemOfOne<T, Path extends string, Left extends unknown[]> = T extends Primitive | Cloned | Crosses
  ? never
  : T extends Local
    ? `${Path} belongs to its thread; its namesake of toki/shared can be sent`
    : T extends symbol
      ? `${Path} is a symbol, which means nothing on another thread`
      : T extends (...args: never) => unknown
        ? `${Path} is a function, and code cannot be sent`
        : T extends Future<unknown>
          ? `${Path} is a future, which belongs to its thread`
          : T extends PromiseLike<unknown>
            ? `${Path} is a promise, which belongs to its thread`
            : Left extends [unknown, ...infer Rest]
              ? ProblemInside<T, Path, Rest>
              : never;

type ProblemInside<T, Path extends string, Left extends unknown[]> =
  T extends ReadonlyMap<infer K, infer V>
    ? Problem<K, `a key of ${Path}`, Left> | Problem<V, `a value of ${Path}`, Left>
    : T extends ReadonlySet<infer V>
      ? Problem<V, `an entry of ${Path}`, Left>
      : T extends readonly (infer V)[]
        ? Problem<V, `${Path}[]`, Left>
        : { [K in keyof T & string]-?: Problem<T[K], `${Path}.${K}`, Left> }[keyof T & string];

// The full stop of the types below makes a new union: of one that has a name the compiler shows the name.

/**
 * `T` if its values can go to another thread; otherwise a type that nothing fits, whose text says what is in the way.
 *
 * @typeParam T - the type to check
 */
export type Sendable<T> = [Problem<T, "it">] extends [never]
  ? T
  : { readonly "cannot be sent": `${Problem<T, "it">}.` };

// `-?`, or the problem of an optional parameter would be `never | undefined`. The key of a rest parameter is no string.
type ArgumentProblems<A extends readonly unknown[]> = {
  [K in keyof A]-?: Problem<A[K], K extends string ? `argument ${K}` : "an argument">;
}[number];

/** What of a function cannot cross threads, as a sentence; never if all can. */
export type FunctionProblems<A extends readonly unknown[], T> =
  | ArgumentProblems<A>
  | (IsAny<T> extends true
      ? never
      : T extends PromiseLike<unknown>
        ? "the function is async: the thread of a blocking function runs it from beginning to end"
        : Problem<T, "the result">);

/** `unknown`, or what the compiler shows when the function cannot cross threads. */
export type SendFunction<A extends readonly unknown[], T> = [FunctionProblems<A, T>] extends [never]
  ? unknown
  : { readonly "cannot be sent": `${FunctionProblems<A, T>}.` };

/** What of the generator function of an `fn` cannot cross threads, as a sentence; never if all can. */
export type BodyProblems<A extends readonly unknown[], T> = ArgumentProblems<A> | Problem<T, "the result">;

/** `unknown`, or what the compiler shows when the body of an `fn` cannot cross threads. */
export type SendBody<A extends readonly unknown[], T> = [BodyProblems<A, T>] extends [never]
  ? unknown
  : { readonly "cannot be sent": `${BodyProblems<A, T>}.` };
