/*
 * The counters and histograms of the threads of one runtime, for all of them to read.
 *
 *   counters     COUNTER_WORDS for each thread in the control block: numbers of 64 bits (metrics/counters.ts), the workers' first, then those of the
 *                thread that made the runtime
 *   HISTOGRAMS   beside a thread's counters: the block with its histograms, poll times first, or 0. The maker writes it before the workers start
 *
 * Each number is written by its thread alone, plainly, as it looks up between polls, parks and goes on, and read by anybody at any time. A reader may see
 * some numbers of an earlier moment than others, never a wrong one: an aligned access of 64 bits is one access on the machines that run this.
 *
 *   the maker    LOCAL   no worker yet: its own numbers are in ordinary memory, those of workers 0
 *                SHARED  open(), before the first worker starts
 *                KEPT    close(), after the last one has ended: a copy of what they were
 *   a worker     SHARED  all its life. One that takes the place of another goes on with its numbers
 */
import type { Arena } from "../../../memory/arena.js";
import { classFor } from "../../../memory/arena.js";
import type { SharedMemory } from "../../../memory/shared-memory.js";
import type { RuntimeCore } from "../../core.js";
import * as counter from "../../metrics/counters.js";
import { LATENCY, type MetricsSource, POLL_TIME } from "../../metrics/metrics-source.js";
import { COUNTER_WORDS, type Control } from "./control.js";
import type { LocalQueue } from "./local-queue.js";

interface Places {
  readonly counters: Float64Array;
  readonly histograms: readonly (Float64Array | undefined)[];
}

const HISTOGRAMS = counter.COUNTERS;
const NOTHING: Places = { counters: new Float64Array(counter.COUNTERS), histograms: [] };

/** @internal */
export class SharedMetrics implements MetricsSource {
  readonly workers: number;
  readonly maker: number;
  /** The counters of this thread. */
  own: Float64Array = new Float64Array(counter.COUNTERS);
  private readonly rt: RuntimeCore;
  private readonly self: number;
  private memory: SharedMemory | null = null;
  private control: Control | null = null;
  /** What this thread has looked at. */
  private readonly threads: (Places | undefined)[] = [];

  /** @param self - the number of this thread */
  constructor(rt: RuntimeCore, workers: number, self: number) {
    this.rt = rt;
    this.workers = workers;
    this.maker = workers;
    this.self = self;
    this.own[counter.THREAD] = rt.host.threadId + 1;
    this.threads[self] = { counters: this.own, histograms: rt.observer?.histograms.map((each) => each?.counts) ?? [] };
  }

  /** The maker: from now on the numbers are where other threads see them. */
  open(arena: Arena, control: Control): void {
    const { memory } = arena;
    const words = this.histogramWords;
    for (let thread = 0; thread <= this.workers && words > 0; thread++) {
      const block = arena.alloc(classFor(words));
      for (let i = 0; i < words; i++) memory.write(block + i, 0);
      this.view(memory, control, thread, HISTOGRAMS + 1)[HISTOGRAMS] = block;
    }
    this.join(memory, control);
  }

  /** A worker: its numbers go on from those of the thread whose place it takes. The maker: from its own so far. */
  join(memory: SharedMemory, control: Control): void {
    const { rt, self } = this;
    const thread = this.own[counter.THREAD] as number;
    this.memory = memory;
    this.control = control;
    this.threads.length = 0;
    const { counters, histograms } = this.thread(self);
    this.own = counters;
    counters[counter.THREAD] = thread;
    rt.observer?.histograms.forEach((histogram, kind) => {
      histogram?.moveTo(histograms[kind] as Float64Array);
    });
  }

  /** The maker: no other thread is left. Keeps the numbers, and gives the memory back. */
  close(arena: Arena): void {
    const { memory, control, rt } = this;
    if (memory === null || control === null) return;
    const blocks: number[] = [];
    for (let thread = 0; thread <= this.workers; thread++) {
      const { counters, histograms } = this.thread(thread);
      if (thread !== this.self) counter.dropBlocking(counters);
      blocks.push(this.view(memory, control, thread, HISTOGRAMS + 1)[HISTOGRAMS] as number);
      this.threads[thread] = { counters: counters.slice(), histograms: histograms.map((counts) => counts?.slice()) };
    }
    this.memory = null;
    this.control = null;
    const { counters, histograms } = this.thread(this.self);
    this.own = counters;
    rt.observer?.histograms.forEach((histogram, kind) => {
      if (histogram !== undefined) histogram.counts = histograms[kind] as Float64Array;
    });
    for (const block of blocks) if (block !== 0) arena.free(block, classFor(this.histogramWords));
  }

  counters(thread: number): Float64Array {
    if (thread === this.self) this.rt.threads?.publish();
    // ATOMICS: a load, so that a loop which waits for a number to change reads it anew each time.
    else if (this.control !== null) this.memory?.load(this.control.countersOf(thread));
    return this.thread(thread).counters;
  }

  histogram(thread: number, kind: number): Float64Array | undefined {
    return this.thread(thread).histograms[kind];
  }

  get sharedDepth(): number {
    const { control } = this;
    return control === null ? 0 : control.inject.length + (control.queues[this.workers] as LocalQueue).length;
  }

  stealableDepth(worker: number): number {
    return (this.control?.queues[worker] as LocalQueue | undefined)?.length ?? 0;
  }

  private thread(index: number): Places {
    const known = this.threads[index];
    if (known !== undefined) return known;
    const { memory, control, rt } = this;
    if (memory === null || control === null) return NOTHING;
    let at = this.view(memory, control, index, HISTOGRAMS + 1)[HISTOGRAMS] as number;
    const histograms = [POLL_TIME, LATENCY].map((kind) => {
      const length = rt.observer?.histograms[kind]?.starts.length;
      if (length === undefined || at === 0) return undefined;
      const counts = new Float64Array(memory.reaching(at + 2 * length - 1).buffer, at * 4, length);
      at += 2 * length;
      return counts;
    });
    const places = { counters: this.view(memory, control, index, counter.COUNTERS), histograms };
    this.threads[index] = places;
    return places;
  }

  private view(memory: SharedMemory, control: Control, thread: number, length: number): Float64Array {
    const base = control.countersOf(thread);
    return new Float64Array(memory.reaching(base + COUNTER_WORDS - 1).buffer, base * 4, length);
  }

  private get histogramWords(): number {
    let words = 0;
    for (const histogram of this.rt.observer?.histograms ?? []) words += 2 * (histogram?.starts.length ?? 0);
    return words;
  }
}
