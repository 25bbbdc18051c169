/*
 * A worker's side of quiet.ts: it says that it is quiet, if it was asked, and takes it back. On the worker's thread alone, which stores QUIET; the thread that
 * made the runtime reads it.
 *
 *   nothing, ASKED --ask()--> ASKED      by a message. While the worker is parked it lets go of the channel: its loop comes to its end if it has nothing else
 *   ASKED --answer()--> QUIET            that end has come. QUIET holds a number that was not used before, which is also the answer
 *   QUIET --stir()--> nothing            it wakes, and has yet to take anything that others could miss
 */
import { QUIET, slotBase } from "../../../memory/layout.js";
import type { SharedMemory } from "../../../memory/shared-memory.js";
import type { RuntimeCore } from "../../core.js";
import { dumpTasks } from "../../dump.js";
import type { Task } from "../../task/task.js";
import type { Quiet } from "./messages.js";
import { RemoteFuture } from "./remote-future.js";

const NO_QUESTION = -1;
/** Of the tasks that it has, how many it describes in a report. */
const MAX_DESCRIBED = 200;

/** @internal */
export class QuietAnswer {
  private readonly rt: RuntimeCore;
  private readonly memory: SharedMemory;
  private readonly address: number;
  /** What was asked and has no answer yet, or NO_QUESTION. */
  private question = NO_QUESTION;
  private word = 0;
  private isQuiet = false;

  /** @param slot - of the worker, whose thread begins */
  constructor(rt: RuntimeCore, memory: SharedMemory, slot: number) {
    this.rt = rt;
    this.memory = memory;
    this.address = slotBase(slot) + QUIET;
    memory.store(this.address, 0);
  }

  get isAsked(): boolean {
    return this.question !== NO_QUESTION;
  }

  ask(question: number): void {
    this.question = question;
  }

  /** It is quiet, and was asked. The message for who did. */
  answer(): Quiet {
    this.isQuiet = true;
    this.memory.store(this.address, ++this.word);
    const own: Task<unknown>[] = [];
    // What others have is described there.
    this.rt.forEachTask((task) => {
      if (own.length < MAX_DESCRIBED && !(task.future instanceof RemoteFuture)) own.push(task);
    });
    const { tasks } = dumpTasks(own, undefined);
    const { question } = this;
    this.question = NO_QUESTION;
    return { quiet: this.word, question, tasks };
  }

  /** The worker wakes. Before it takes anything that others could miss. */
  stir(): void {
    if (!this.isQuiet) return;
    this.isQuiet = false;
    this.memory.store(this.address, 0);
  }
}
