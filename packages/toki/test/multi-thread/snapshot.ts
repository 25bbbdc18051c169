// The words that the threads of a runtime share, for people: what a watchdog prints of a hang. It reads, and locks nothing.
import * as layout from "../../dist/memory/layout.js";
import { SharedMemory } from "../../dist/memory/shared-memory.js";
import { Idle } from "../../dist/runtime/scheduler/multi-thread/idle.js";
import { InjectQueue } from "../../dist/runtime/scheduler/multi-thread/inject-queue.js";
import { LocalQueue } from "../../dist/runtime/scheduler/multi-thread/local-queue.js";

const { BELL, CLASSES, FREE_LIST_WORDS, FREE_LISTS, FUNCTIONS, GROWTH, MAIL, slotBase } = layout as unknown as Record<
  "BELL" | "CLASSES" | "FREE_LIST_WORDS" | "FREE_LISTS" | "FUNCTIONS" | "GROWTH" | "MAIL",
  number
> & { slotBase(slot: number): number };

export interface Shape {
  readonly buffer: SharedArrayBuffer;
  /** Where the words of the runtime are (control.ts). */
  readonly control: number;
  readonly workers: number;
  readonly slots: readonly number[];
}

export type Report = string[];

const INJECT = 16;
const IDLE = 32;
const CAPACITY = 256;
const PARK = ["running", "parked", "notified", "called"];
const BELLS = ["awake", "asleep", "parked"];

export function snapshot({ buffer, control, workers, slots }: Shape): Report {
  const memory = new SharedMemory(new Int32Array(buffer, 0, buffer.byteLength >>> 2));
  const idle = new Idle(memory, control + IDLE, workers);
  const inject = new InjectQueue(memory, control + INJECT, { base: 0, stride: 16 });
  const queues = control + IDLE + ((Idle.words(workers) + 15) & ~15);
  const lines = [
    `phase ${memory.load(control)}`,
    `idle: ${idle.searching} searching, ${idle.unparked} of ${workers} unparked, lock ${memory.load(control + IDLE)}`,
    `inject: ${inject.length} queued, lock ${memory.load(control + INJECT)}`,
  ];
  for (let i = 0; i <= workers; i++) {
    const base = queues + i * LocalQueue.words(CAPACITY);
    const queue = new LocalQueue(memory, base, CAPACITY);
    const state = i < workers ? PARK[memory.load(idle.parkWord(i))] : "makes the runtime";
    lines.push(`queue ${i}: ${queue.length} queued, thief ${memory.load(base + 1)}; ${state}`);
  }
  for (const slot of slots) {
    const base = slotBase(slot);
    let mail = 0;
    const mailbox = memory.load(base + MAIL);
    for (let node = mailbox; node !== 0 && mail < 1000; node = memory.read(node)) mail++;
    lines.push(`slot ${slot}: ${BELLS[memory.load(base + BELL)]}, ${mail} letters`);
  }
  const locks = [`growth ${memory.load(GROWTH)}`, `functions ${memory.load(FUNCTIONS)}`];
  for (let k = 0; k < CLASSES; k++) locks.push(`class ${k} ${memory.load(FREE_LISTS + FREE_LIST_WORDS * k)}`);
  lines.push(`locks: ${locks.filter((lock) => !lock.endsWith(" 0")).join(", ") || "all free"}`);
  return lines;
}
