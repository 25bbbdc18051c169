/** Portable functions of the benchmarks. Worker threads import this module. */
import { fn, type JoinHandle, move, spawn, workerIndex, yieldNow } from "toki";
import { churn, type User } from "./work.js";

export const increment = fn(import.meta, function* increment(x: number) {
  return x + 1;
});

/** Suspends once on its way, as something asynchronous does. */
export const incrementLater = fn(import.meta, function* incrementLater(x: number) {
  yield* yieldNow();
  return x + 1;
});

export const echo = fn(import.meta, function* echo(value: string | User | Uint8Array) {
  return value;
});

export const echoLater = fn(import.meta, function* echoLater(text: string) {
  yield* yieldNow();
  return text;
});

export const bounce = fn(import.meta, function* bounce(bytes: Uint8Array<ArrayBuffer>) {
  return move(bytes);
});

/** What one piece of a fan-out came to, and where. */
export interface Piece {
  value: number;
  worker: number;
}

/** What all pieces of a fan-out came to: the sum of their values, and how many ran on each worker. */
export interface Tally {
  sum: number;
  ran: number[];
}

export const piece = fn(import.meta, function* piece(units: number, seed: number) {
  return { value: churn(units, seed), worker: workerIndex() ?? -1 };
});

/** Spawns all the pieces from the worker that runs it. */
export const fanOut = fn(import.meta, function* fanOut(sizes: readonly number[]) {
  const handles: JoinHandle<Piece>[] = sizes.map((units, i) => spawn(piece(units, i)));
  const tally: Tally = { sum: 0, ran: [] };
  for (const handle of handles) {
    const { value, worker } = yield* handle;
    tally.sum += value;
    tally.ran[worker] = (tally.ran[worker] ?? 0) + 1;
  }
  return tally;
});

/** Holds its thread, as nothing in a real program should, until the number in `gate` is no longer 0. */
export const holdThread = fn(import.meta, function* holdThread(gate: Int32Array<SharedArrayBuffer>) {
  Atomics.add(gate, 1, 1);
  Atomics.wait(gate, 0, 0);
});
