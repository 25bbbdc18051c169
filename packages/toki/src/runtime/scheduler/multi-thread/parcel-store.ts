/*
 * Parcels: parts of arguments that only a message can carry (ports, moved buffers, shared buffers, very large ones). They go to the thread that made
 * the runtime at the moment of the spawn, whoever spawns, and to the worker that takes the record when it asks: so a spawner that is held up afterwards
 * holds up nobody. On the thread that made the runtime alone; by task id.
 *
 *   nothing --keep--> KEPT --want--> given away
 *   nothing --want--> WANTED --keep--> given away     what two threads send may arrive in either order
 *   KEPT --drop--> nothing                            the task was cancelled before it started
 *   WANTED --drop--> REFUSED --keep--> nothing        it was cancelled while it waited for them
 *
 * Who finds that nobody will read parcels gives up what is in them (`dropParcels`): here, on the worker that asked, or where a message finds no thread.
 */
import { dropParcels, isCargo, isLongValues } from "../../../portable/codec/carriage.js";
import { Inspector } from "../../../portable/inspect.js";

/** In the place of the slot that wants them: nobody does any more. */
const REFUSED = -1;

/** @internal */
export class ParcelStore {
  private readonly kept = new Map<number, readonly unknown[]>();
  private readonly wanted = new Map<number, number>();
  private readonly give: (slot: number, id: number, values: readonly unknown[], transfer: readonly unknown[]) => void;

  /** @param give - sends values to the thread of a slot */
  constructor(give: (slot: number, id: number, values: readonly unknown[], transfer: readonly unknown[]) => void) {
    this.give = give;
  }

  get size(): number {
    return this.kept.size + this.wanted.size;
  }

  /** `values` are this thread's own: they are moved on. */
  keep(id: number, values: readonly unknown[]): void {
    const slot = this.wanted.get(id);
    if (slot === undefined) {
      this.kept.set(id, values);
      return;
    }
    this.wanted.delete(id);
    if (slot === REFUSED) dropParcels(values);
    else this.send(slot, id, values);
  }

  want(id: number, slot: number): void {
    const values = this.kept.get(id);
    if (values === undefined) {
      this.wanted.set(id, slot);
      return;
    }
    this.kept.delete(id);
    this.send(slot, id, values);
  }

  /** Nobody will want it. */
  drop(id: number): void {
    const values = this.kept.get(id);
    if (values === undefined) {
      if (this.wanted.has(id)) this.wanted.set(id, REFUSED);
      return;
    }
    this.kept.delete(id);
    dropParcels(values);
  }

  /** No thread is left that could want any. */
  close(): void {
    for (const values of this.kept.values()) dropParcels(values);
    this.kept.clear();
    this.wanted.clear();
  }

  private send(slot: number, id: number, values: readonly unknown[]): void {
    this.give(slot, id, values, transferOf(values));
  }
}

/** All that can be moved of values that nobody else has. @internal */
export function transferOf(values: readonly unknown[]): unknown[] {
  const inspector = new Inspector("", true);
  const handles: unknown[] = [];
  for (const value of values) if (isCargo(value)) handles.push(value.handle);
  try {
    for (const value of values) if (!isCargo(value)) inspector.check(isLongValues(value) ? value.words : value, "");
  } catch {
    // What the walk does not know is copied.
  }
  return [...inspector.transfer, ...handles];
}

/** A message to a thread that is no more. @internal */
export function undeliverable(message: unknown): void {
  const { parcels, outcome } = message as { parcels?: readonly unknown[]; outcome?: readonly unknown[] };
  dropParcels(parcels ?? outcome ?? []);
}
