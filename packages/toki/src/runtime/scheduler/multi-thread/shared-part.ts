/*
 * What the thread that made a runtime shares with its workers, from the first spawn to the end of the last of them. Made, used and given back on that thread
 * alone; what is in it has its protocols in control.ts, remote-tasks.ts, mailbox.ts and burial.ts.
 */
import type { Mailbox } from "../../../memory/mailbox.js";
import { threadMailbox } from "../../../memory/thread.js";
import { shareTaskIds } from "../../core.js";
import { Burial } from "./burial.js";
import { Control } from "./control.js";
import { type LocalQueue, NO_TASK } from "./local-queue.js";
import * as record from "./record.js";
import { type RemoteTasks, remoteTasks } from "./remote-tasks.js";

/** @internal */
export class SharedPart {
  readonly control: Control;
  /** What this thread has spawned and no worker has taken. */
  readonly queue: LocalQueue;
  readonly tasks: RemoteTasks;
  readonly mailbox: Mailbox;
  readonly burial: Burial;

  constructor(workers: number) {
    const mailbox = threadMailbox();
    shareTaskIds(mailbox.arena.memory);
    this.mailbox = mailbox;
    this.control = Control.create(mailbox.arena, workers);
    this.tasks = remoteTasks(mailbox);
    this.queue = this.control.ownQueue(workers);
    this.burial = new Burial(this.control, mailbox);
  }

  /** No thread is left, nor anybody who waits for what is queued: gives the records of it back. */
  dropQueued(): void {
    const { control, queue } = this;
    this.drop(queue);
    this.drop(control.inject);
    for (let index = 0; index < control.workers; index++) this.drop(control.ownQueue(index));
  }

  private drop(queue: { pop(): number }): void {
    const { arena } = this.mailbox;
    for (let number = queue.pop(); number !== NO_TASK; number = queue.pop()) {
      const block = number << record.RECORD_SHIFT;
      // Cancelled before it started, or its home is no more.
      if (arena.memory.load(block + record.STATE) !== record.MOVED) this.tasks.values.dropArgs(block);
      arena.free(block, record.RECORD_CLASS);
    }
  }
}
