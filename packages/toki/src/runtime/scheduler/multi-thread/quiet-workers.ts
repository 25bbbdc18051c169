/*
 * The workers of one runtime, as quiet.ts asks for them, and the report of a deadlock among the tasks that a shutdown waits for. On the thread that made the
 * runtime alone.
 *
 * What a worker was asked and has answered is on its WorkerHandle, where `stir` takes it back. The answer counts as long as QUIET in its slot still holds it,
 * which the worker clears as it wakes (quiet-answer.ts), and it is enlisted as a sleeper. A worker on whose thread further runtimes were made answers when the
 * workers of those are quiet, too; since others may wake them without it, their words are read with its own.
 */
import { LIFO, MAIL, PARKER, PARKER_INDEX, PARKER_WORKERS, QUIET, slotBase } from "../../../memory/layout.js";
import type { SharedMemory } from "../../../memory/shared-memory.js";
import type { RuntimeCore } from "../../core.js";
import { TaskDump, type TaskSnapshot } from "../../dump.js";
import { DeadlockError } from "../../error.js";
import { FORCED, WORKING } from "./control.js";
import type { Crew } from "./crew.js";
import { Idle } from "./idle.js";
import type { Quiet } from "./messages.js";
import type { QuietMember, QuietWatch } from "./quiet.js";
import type { SharedPart } from "./shared-part.js";
import type { WorkerHandle } from "./worker-handle.js";

/** Whose workers they are. */
interface Owner {
  readonly workers: number;
  readonly phase: number;
  /** Whether somebody waits for the end of the threads. */
  readonly isEndAwaited: boolean;
  force(): void;
}

/** What the thread of a slot has said when it was quiet; undefined if it may do something. 0 for a blocking thread, whose jobs keep who started it from being quiet. */
function quietWordOf(memory: SharedMemory, slot: number): number | undefined {
  const base = slotBase(slot);
  const parker = memory.load(base + PARKER);
  if (parker === 0) return 0;
  // One that was woken, for work or for the end, and has yet to run is not quiet, although its word still says so.
  const idle = new Idle(memory, parker, memory.load(base + PARKER_WORKERS));
  if (!idle.isParked(memory.load(base + PARKER_INDEX)) || memory.load(base + MAIL) !== 0) return undefined;
  const word = memory.load(base + QUIET);
  return word === 0 ? undefined : word;
}

/** @internal */
export class QuietWorkers implements QuietMember {
  private readonly rt: RuntimeCore;
  private readonly owner: Owner;
  private readonly crew: Crew;
  private readonly watch: QuietWatch;
  /** From `join` on. */
  private shared!: SharedPart;
  private stopIdleWatch: (() => void) | undefined;

  constructor(rt: RuntimeCore, owner: Owner, crew: Crew, watch: QuietWatch) {
    this.rt = rt;
    this.owner = owner;
    this.crew = crew;
    this.watch = watch;
  }

  get isAwaited(): boolean {
    return this.rt.waitsForThreads || this.owner.isEndAwaited;
  }

  get activity(): number {
    return this.rt.executor.polls + this.rt.spawnedTasks + this.rt.remoteTasks;
  }

  get isHolding(): boolean {
    return this.rt.isHolding;
  }

  receive(): void {
    this.crew.receive();
  }

  ask(): void {
    for (const worker of this.crew.handles.values()) {
      if (!worker.isReady || worker.question !== undefined || this.wordsOf(worker) !== undefined) continue;
      worker.question = worker.posts;
      worker.host.post({ ask: worker.posts }, []);
    }
  }

  onAnswer(worker: WorkerHandle, { quiet, question, tasks }: Quiet): void {
    worker.question = undefined;
    if (question !== worker.posts) return;
    worker.quietWord = quiet;
    worker.tasks = tasks;
    this.watch.releaseIfQuiet();
  }

  /** The words of a worker, and of those of runtimes that were made on its thread; undefined if not all are quiet. */
  private wordsOf({ slot, quietWord }: WorkerHandle): readonly number[] | undefined {
    if (quietWord === 0) return undefined;
    const { arena } = this.shared.mailbox;
    const words: number[] = [];
    for (const each of arena.family(slot)) {
      const word = quietWordOf(arena.memory, each);
      if (word === undefined) return undefined;
      words.push(word);
    }
    return words.at(-1) === quietWord ? words : undefined;
  }

  quietWords(): readonly number[] | undefined {
    const { owner, crew } = this;
    if (owner.phase === WORKING && crew.handles.size < owner.workers && crew.failure === undefined) return undefined;
    const words: number[] = [];
    for (const worker of crew.handles.values()) {
      const own = this.wordsOf(worker);
      if (own === undefined) return undefined;
      words.push(...own);
    }
    return words;
  }

  get hasWork(): boolean {
    const { control, mailbox } = this.shared;
    const { memory } = mailbox.arena;
    if (mailbox.hasMail || !control.inject.isEmpty) return true;
    if (this.crew.failure === undefined && control.queues.some((queue) => !queue.isEmpty)) return true;
    for (const { slot } of this.crew.handles.values()) {
      if (memory.load(slotBase(slot) + MAIL) !== 0 || memory.load(slotBase(slot) + LIFO) !== 0) return true;
    }
    return false;
  }

  release(): void {
    this.rt.releaseForThreads();
    if (this.owner.isEndAwaited) this.crew.hold(false);
  }

  *trees(): Generator<{ worker: number; tasks: readonly TaskSnapshot[] }> {
    for (const worker of this.crew.handles.values()) {
      if (worker.quietWord !== 0) yield { worker: worker.index, tasks: worker.tasks };
    }
  }

  join(shared: SharedPart): void {
    this.shared = shared;
    this.watch.join(this);
  }

  /** The wait for the threads' end is what keeps the process alive from now on. */
  holdForEnd(): void {
    this.crew.hold(true);
    this.stopIdleWatch ??= this.rt.host.onIdle(() => this.onStuck());
    this.watch.run();
  }

  /** The runtime is over, and the event loop has nothing left: the cleanup of tasks on workers may wait for ever. */
  onStuck(): void {
    this.crew.hold(true);
    if (!this.watch.areQuiet()) {
      this.watch.ask();
      return;
    }
    if (this.owner.phase === FORCED) return;
    const dump = this.watch.complete(new TaskDump([], this.rt.options.name));
    const error = new DeadlockError(dump.toString());
    this.rt.host.report(`toki: ${error.message}\n\n${error.report}`);
    this.owner.force();
  }

  leave(): void {
    this.watch.leave(this);
    this.stopIdleWatch?.();
  }
}
