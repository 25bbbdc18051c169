/*
 * Objects over something of the platform's that can be in one place only, such as a socket. The platform carries that thing, as a parcel (Cargo), and who
 * has sent the object has lost it.
 *
 *   HERE      nothing was sent; writing a message only looks, so that a message which is given up changes nothing
 *   DEPARTED  the message goes out: this thread's object is of no use any more, and the cargo belongs to whoever has the message
 *   ARRIVED   the message was read: the other thread's object has it
 *
 * A cargo that nobody will read is closed by the thread that finds that out (`closeCargoes`). One that is between two threads when the reader ends is closed
 * by the platform.
 */
import { discard } from "./discard.js";

/** What of the platform's is carried. @internal */
export interface Handle {
  destroy(): unknown;
}

/** How objects of one class go to another thread. @internal */
export interface Carriage {
  /** A number of its own, the same on every thread. */
  readonly kind: number;
  /** The module that registers it, for a thread that has not imported that. */
  readonly module: string;
  /** Why the object has to stay, as the end of a sentence about it; undefined if it can go. */
  reasonToStay(object: object): string | undefined;
  /** What is carried, and plain data that goes with it. */
  load(object: object): { readonly handle: Handle; readonly state: unknown };
  /** The message goes out. */
  depart(object: object): void;
  /** Makes this thread's object. */
  arrive(handle: Handle, state: unknown): object;
}

/** The parcel. It arrives as a plain object with these properties. @internal */
export class Cargo {
  readonly isCargo = true;
  readonly kind: number;
  readonly module: string;
  readonly handle: Handle;
  readonly state: unknown;

  constructor(carriage: Carriage, object: object) {
    const { handle, state } = carriage.load(object);
    this.kind = carriage.kind;
    this.module = carriage.module;
    this.handle = handle;
    this.state = state;
  }
}

const byKind: (Carriage | undefined)[] = [];
const byPrototype = new Map<object, Carriage>();

/** From now on, objects with this prototype can be sent. @internal */
export function registerCarriage(prototype: object, carriage: Carriage): void {
  byKind[carriage.kind] = carriage;
  byPrototype.set(prototype, carriage);
}

/** @internal */
export function carriageOf(prototype: object): Carriage | undefined {
  return byPrototype.get(prototype);
}

/** Makes the object of a cargo. @internal */
export function unload(cargo: unknown): object {
  const { kind, handle, state, module } = cargo as Cargo;
  const carriage = byKind[kind];
  if (carriage === undefined) throw new Error(`${module} has to be imported on this thread too`);
  return carriage.arrive(handle, state);
}

/** No other parcel looks like one: plain objects are never parcels. @internal */
export function isCargo(parcel: unknown): parcel is Cargo {
  return typeof parcel === "object" && parcel !== null && (parcel as Partial<Cargo>).isCargo === true;
}

/** The modules to import before these parcels can be read. @internal */
export function modulesFor(parcels: readonly unknown[]): string[] {
  const missing = parcels.filter((parcel) => isCargo(parcel) && byKind[parcel.kind] === undefined) as Cargo[];
  return [...new Set(missing.map((cargo) => cargo.module))];
}

/** Nobody will read the cargoes among these parcels. @internal */
export function closeCargoes(parcels: readonly unknown[]): void {
  for (const parcel of parcels) if (isCargo(parcel)) parcel.handle.destroy();
}

/** Encoded values that are too long for shared memory: a parcel, the first one, as recognizable as a cargo. @internal */
export interface LongValues {
  readonly isLong: true;
  readonly words: Int32Array;
}

/** @internal */
export function isLongValues(parcel: unknown): parcel is LongValues {
  return typeof parcel === "object" && parcel !== null && (parcel as Partial<LongValues>).isLong === true;
}

/** Nobody will read these parcels, nor has begun to. @internal */
export function dropParcels(parcels: readonly unknown[]): void {
  closeCargoes(parcels);
  const [first] = parcels;
  if (isLongValues(first)) discard(first.words, 0);
}
