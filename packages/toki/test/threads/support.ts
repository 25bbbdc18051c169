// Tests of tasks on other threads: a runtime each, a watchdog that says what every task is doing, and a look at the shared memory at the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fn, Runtime, type RuntimeOptions, type Suspend } from "toki";
import * as layoutModule from "../../dist/memory/layout.js";
import * as threadModule from "../../dist/memory/thread.js";

interface Arena {
  readonly inUse: number;
  readonly byteLength: number;
  readonly memory: { load(index: number): number; store(index: number, value: number): void };
}

const { mailboxIfAny } = threadModule as unknown as { mailboxIfAny(): { readonly arena: Arena } | null };
const { FUNCTIONS, MAX_SLOTS, NEXT_ID, SLOT_STATE, slotBase } = layoutModule as unknown as Record<
  "FUNCTIONS" | "MAX_SLOTS" | "NEXT_ID" | "SLOT_STATE",
  number
> & { slotBase(slot: number): number };

const LIMIT_MS = 20_000;

/** Blocks of shared memory that are in use, without the names of functions, which stay. */
export function blocksInUse(): number {
  const arena = mailboxIfAny()?.arena;
  return arena === undefined ? 0 : arena.inUse - arena.memory.load(FUNCTIONS + 1);
}

export function arenaBytes(): number {
  return mailboxIfAny()?.arena.byteLength ?? 0;
}

/** Of the ranges of task ids the next that a thread takes is that with this number. */
export function skipTaskIds(range: number): void {
  mailboxIfAny()?.arena.memory.store(NEXT_ID, range);
}

/** How many threads have a part in the shared memory. */
export function slotsTaken(): number {
  const memory = mailboxIfAny()?.arena.memory;
  let taken = 0;
  for (let slot = 0; slot < MAX_SLOTS; slot++) if ((memory?.load(slotBase(slot) + SLOT_STATE) ?? 0) !== 0) taken++;
  return taken;
}

/** Failures that nobody joined. */
export interface Scene {
  readonly rt: Runtime;
  readonly unhandled: unknown[];
}

/** Fails with a dump if what it is about hangs. */
export async function watched<T>(rt: Runtime, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`hung:\n${rt.dump()}`)), LIMIT_MS);
  });
  try {
    return await Promise.race([work, hung]);
  } finally {
    clearTimeout(timer);
  }
}

/** A test on a runtime with two workers, or as `options` say, which leaves nothing behind in the shared memory. */
export function threads(name: string, body: (scene: Scene) => Promise<void>, options: RuntimeOptions = {}): void {
  test(name, { timeout: 2 * LIMIT_MS }, async () => {
    const before = blocksInUse();
    const unhandled: unknown[] = [];
    const rt = new Runtime({
      flavor: "multiThread",
      workerThreads: 2,
      onUnhandledFailure: ({ error }) => unhandled.push(error),
      ...options,
    });
    try {
      await watched(rt, body({ rt, unhandled }));
    } finally {
      await watched(rt, rt.shutdown());
    }
    assert.equal(blocksInUse(), before, "blocks of shared memory in use");
  });
}

/** As `threads`, with a body that runs on the runtime. */
export function onThreads(
  name: string,
  body: (scene: Scene) => Generator<Suspend, void, unknown>,
  options?: RuntimeOptions,
): void {
  threads(name, (scene) => scene.rt.run(fn(body)(scene)), options);
}

/** Words that threads share, to see how far the other one is: see `mark` and `reached`. */
export function cells(count = 16): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * count));
}
