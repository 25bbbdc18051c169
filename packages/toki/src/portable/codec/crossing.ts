/*
 * Objects of shared memory in messages. A message that holds one holds a reference to it: taken when the object is written, given to the object
 * that is made when the message is read, released when the message is not read.
 */
import { Inspector } from "../inspect.js";
import { portable } from "../registry.js";
import { carriageOf } from "./carriage.js";

/** How objects of one class cross threads. */
export interface Crossing {
  /** A number of its own, the same on every thread. */
  readonly kind: number;
  /** Takes a reference, and says in two words what it is to. */
  send(object: object): { readonly a: number; readonly b: number };
  /** Makes this thread's object; it owns the reference. */
  receive(a: number, b: number): object;
  /** Gives the reference back: nobody will receive it. */
  release(a: number, b: number): void;
  /** The message is not sent after all: as if `send` had never been called. If it is left out, `release` does that. */
  undo?(a: number, b: number): void;
  /** Takes one more reference for a message that is read more than once; undefined if the object can be in one place only. */
  retain?(a: number, b: number): void;
}

const byKind: (Crossing | undefined)[] = [];
const byPrototype = new Map<object, Crossing>();

/**
 * From now on, objects with this prototype can be sent.
 *
 * @param url - the module that does this: threads that are started from now on import it too, whatever their own modules import
 */
export function registerCrossing(prototype: object, crossing: Crossing, url?: string): void {
  if (url !== undefined) portable().crossings.add(url);
  const known = byKind[crossing.kind];
  if (known !== undefined && known !== crossing) throw new Error(`two crossings of kind ${crossing.kind}`);
  byKind[crossing.kind] = crossing;
  byPrototype.set(prototype, crossing);
}

export function crossingOf(prototype: object): Crossing | undefined {
  return byPrototype.get(prototype);
}

export function crossingOfKind(kind: number): Crossing {
  const crossing = byKind[kind];
  if (crossing === undefined) {
    throw new Error(
      `an object of toki/shared came to a thread that has not imported toki/shared (kind ${kind}): import it, not only its types, in the module of the function`,
    );
  }
  return crossing;
}

/** Says why a value cannot be sent; knows that objects with a crossing can, and which of those with a carriage. @internal */
export class MessageInspector extends Inspector {
  /** Whether any was met. */
  hasCrossings = false;
  /** Whether what has a carriage can go where this message goes. */
  takesCargo = true;

  override check(value: unknown, path: string): void {
    if (typeof value === "object" && value !== null) {
      const prototype: object = Object.getPrototypeOf(value);
      if (byPrototype.has(prototype)) {
        this.hasCrossings = true;
        return;
      }
      const carriage = this.takesCargo ? carriageOf(prototype) : undefined;
      if (carriage !== undefined) {
        const reason = carriage.reasonToStay(value);
        if (reason !== undefined) throw this.refuse(path, reason);
        return;
      }
    }
    super.check(value, path);
  }
}
