// Functions for blocking threads, in a module without side effects.
import { threadId } from "node:worker_threads";
import { blocking, move } from "toki";

export const add = blocking(import.meta, function add(a: number, b: number) {
  return a + b;
});

export const echo = blocking(import.meta, function echo(value: any): any {
  return value;
});

export const echo2 = blocking(import.meta, function echo2(_first: any, second: any): any {
  return second;
});

/** Reads a shared cell: a job that a test can see start and let go on. */
export const gate = blocking(import.meta, function gate(cell: Int32Array) {
  Atomics.add(cell, 0, 1);
  Atomics.notify(cell, 0);
  while (Atomics.load(cell, 1) === 0) Atomics.wait(cell, 1, 0, 1000);
  Atomics.add(cell, 2, 1);
  return Atomics.load(cell, 0);
});

export const whichThread = blocking(import.meta, function whichThread() {
  return threadId;
});

class QuotaError extends RangeError {
  override readonly name = "QuotaError";
  readonly limit = 5;
  readonly details = { used: 7 };
  readonly callback = () => {};
}

export const fail = blocking(import.meta, function fail(how: string): never {
  if (how === "string") throw "a plain string";
  if (how === "type") throw new TypeError("wrong type");
  if (how === "symbol") throw Symbol("odd");
  throw new QuotaError("too much", { cause: new TypeError("inner", { cause: "root" }) });
});

export const exit = blocking(import.meta, function exit(code: number): void {
  process.exit(code);
});

export const crash = blocking(import.meta, function crash(): void {
  process.nextTick(() => {
    throw new Error("nobody catches this");
  });
});

export const exhaust = blocking(import.meta, function exhaust(): void {
  const blocks: number[][] = [];
  for (;;) blocks.push(new Array(100_000).fill(1.5));
});

export const forever = blocking(import.meta, function forever(cell: Int32Array): void {
  Atomics.add(cell, 0, 1);
  Atomics.notify(cell, 0);
  for (;;) Atomics.wait(cell, 3, 0, 1000);
});

export const invert = blocking(import.meta, function invert(bytes: Uint8Array) {
  return move(bytes.map((byte) => 255 - byte));
});

export const returnsFunction = blocking(import.meta, function returnsFunction(): any {
  return { nested: [() => {}] };
});

export const returnsPromise = blocking(import.meta, function returnsPromise(): any {
  return Promise.resolve(1);
});

export const stack = blocking(import.meta, function stack(depth: number): number {
  return stackBody(depth);
});

function stackBody(depth: number): number {
  return depth === 0 ? 0 : 1 + stackBody(depth - 1);
}

export const closePort = blocking(import.meta, function closePort(port: MessagePort) {
  port.close();
});

/** Not at the top level: a thread that imports this module does not have it. */
export function defineLate() {
  return blocking(import.meta, function late() {});
}
