// What waits for ever on a worker, and what only takes long. Imported by workers.
import { connect, createServer } from "node:net";
import { gzip } from "node:zlib";
import { blocking, fn, fromPromise, pending, Runtime, sleep, spawn } from "toki";
import { Notify } from "toki/shared";
import { mark } from "./signals.js";

export const neverEnds = fn(import.meta, function* neverEnds() {
  yield* pending();
});

/** Waits for a child on some worker, beside one that it has left alone. */
export const parent = fn(import.meta, function* parent() {
  spawn(neverEnds());
  yield* spawn(neverEnds(), { name: "child" });
});

export const stuckCleanup = fn(import.meta, function* stuckCleanup(words: Int32Array) {
  try {
    try {
      mark(words, 0);
      yield* pending();
    } finally {
      yield* pending();
    }
  } finally {
    mark(words, 1);
  }
});

export const burnsUntil = fn(import.meta, function* burnsUntil(ms: number) {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return ms;
});

export const compresses = fn(import.meta, function* compresses(bytes: number) {
  const out = yield* fromPromise(
    () =>
      new Promise<Buffer>((resolve, reject) => gzip(Buffer.alloc(bytes, "x"), (e, b) => (e ? reject(e) : resolve(b)))),
  );
  return out.length;
});

const later = fn(import.meta, function* later() {
  yield* sleep(900);
  return 1;
});

/** Has nothing on its own event loop: what it waits for is on another one. */
export const waitsForOther = fn(import.meta, function* waitsForOther() {
  return yield* spawn(later());
});

/** Listens on a port; a connection ends it. */
export const listens = fn(import.meta, function* listens() {
  const server = createServer((socket) => {
    socket.end("hello");
    server.close();
  });
  yield* fromPromise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
  return { port: (server.address() as { port: number }).port };
});

export const asks = fn(import.meta, function* asks(port: number) {
  return yield* fromPromise(
    () =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(port, "127.0.0.1");
        socket.once("data", (data) => resolve(String(data)));
        socket.once("error", reject);
      }),
  );
});

export const notifiesLate = blocking(import.meta, function notifiesLate(up: Notify, ms: number) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  up.notifyOne();
});

const notifies = fn(import.meta, function* notifies(up: Notify, ms: number | undefined) {
  if (ms === undefined) yield* pending();
  else yield* sleep(ms);
  up.notifyOne();
});

/** Waits for what a worker of a runtime of its own does after `ms`, or never. */
export const waitsForOwnRuntime = fn(import.meta, function* waitsForOwnRuntime(ms: number | undefined) {
  const up = new Notify();
  new Runtime({ flavor: "multiThread", workerThreads: 1 }).spawn(notifies(up, ms));
  yield* up.notified();
  return "woken";
});
