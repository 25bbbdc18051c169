// What the programs about threads run on workers.
import { isMainThread, threadId } from "node:worker_threads";
import { blocking, fn, Handle, Runtime, sleep, spawn, workerIndex } from "toki";
import { TcpListener } from "toki/net";

export const whereAmI = fn(import.meta, function* whereAmI() {
  return { runtime: Handle.current().name, worker: workerIndex(), isMainThread };
});

export const work = fn(import.meta, function* work() {
  yield* sleep(1);
  return "Work done";
});

export const add = fn(import.meta, function* add(cell: Int32Array, n: number) {
  Atomics.add(cell, 0, n);
});

/** Why a socket could not be used, or undefined. */
export const listen = fn(import.meta, function* listen() {
  try {
    using _listener = yield* TcpListener.bind("127.0.0.1:0");
  } catch (error) {
    return (error as Error).name;
  }
});

/** Why a timer could not be used, or undefined. */
export const useTimer = fn(import.meta, function* useTimer() {
  try {
    yield* sleep(1);
  } catch (error) {
    return (error as Error).name;
  }
});

/** Cells of `shares`: how many have begun, then a bit for each worker that ran one. */
export const BEGUN = 0;
export const RAN_ON = 1;

/**
 * Runs on one worker, and holds it until another one has run one as well.
 *
 * @returns the worker
 */
const share = fn(import.meta, function* share(cell: Int32Array) {
  const own = 1 << (workerIndex() as number);
  Atomics.add(cell, BEGUN, 1);
  Atomics.or(cell, RAN_ON, own);
  Atomics.notify(cell, RAN_ON);
  for (let seen = Atomics.load(cell, RAN_ON); seen === own; seen = Atomics.load(cell, RAN_ON)) {
    Atomics.wait(cell, RAN_ON, seen, 100);
  }
  return workerIndex() as number;
});

/** Spawns `tasks` shares on its own worker, and says which worker each ran on. */
export const fanOut = fn(import.meta, function* fanOut(cell: Int32Array, tasks: number) {
  const handles = Array.from({ length: tasks }, () => spawn(share(cell)));
  const ranOn: number[] = [];
  for (const handle of handles) ranOn.push(yield* handle);
  return { spawnedOn: workerIndex() as number, ranOn };
});

const query = fn(import.meta, function* query(id: number) {
  yield* sleep(2);
  return { id, name: `user ${id}`, thread: threadId };
});

/** A task that is suspended, by a timer and by a task elsewhere, and goes on. */
export const dbTask = fn(import.meta, function* dbTask(id: number) {
  const before = threadId;
  const request = { id, at: [1, 2, 3] }; // lives across both awaits
  yield* sleep(1);
  const row = yield* spawn(query(request.id));
  return { row: { id: row.id, name: row.name }, at: request.at, isSameThread: threadId === before };
});

export const currentHandle = blocking(import.meta, function currentHandle() {
  return Handle.current().id;
});

export const backInAsyncLand = blocking(import.meta, function backInAsyncLand() {
  return new Runtime().blockOn(function* () {
    yield* sleep(10);
    return "Back in async land from blocking thread";
  });
});
