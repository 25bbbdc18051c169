/*
 * Whether and how long the thread that made a runtime looks out for outcomes before it goes to its event loop, from where the way back takes some
 * fifty microseconds.
 *
 * Looking out takes a processor away. It is done only while there are more processors than workers that are awake, and only if outcomes have lately come
 * sooner than that way back takes: `mean` is the moving average of how long this thread had nothing to do before an outcome gave it something. After many
 * waits without, it tries again, for the work may have changed.
 */
import type { Mailbox } from "../../../memory/mailbox.js";
import type { Host } from "../../driver/host.js";
import type { Executor } from "../executor.js";
import type { Idle } from "./idle.js";

/** Milliseconds: waits beyond are left to the event loop, and no look-out is longer. */
const LIMIT_MS = 0.12;
const LEEWAY_MS = 0.01;
const WEIGHT = 0.25;
const RETRY = 64;

/** @internal */
export class Lookout {
  private readonly host: Host;
  private readonly executor: Executor;
  private readonly processors: number;
  private mean = 0.02;
  private waitingSince = 0;
  private lists = 0;
  private skipped = 0;

  constructor(host: Host, executor: Executor) {
    this.host = host;
    this.executor = executor;
    this.processors = host.parallelism();
  }

  /** The thread has nothing to do. True if mail has come meanwhile that makes a task runnable. */
  look(mailbox: Mailbox, idle: Idle): boolean {
    const { host, executor } = this;
    const now = host.now();
    if (this.waitingSince === 0) {
      this.waitingSince = now;
      this.lists = mailbox.lists;
    }
    if (mailbox.drain() && executor.hasRunnable) return true;
    if (!this.isWorthwhile(idle)) return false;
    const end = now + Math.min(LIMIT_MS, 1.5 * this.mean + LEEWAY_MS);
    do {
      for (let i = 0; i < 50; i++) if (mailbox.drain() && executor.hasRunnable) return true;
    } while (host.now() < end);
    return false;
  }

  /** The thread has something to do again, because of mail or for another reason. */
  over(mailbox: Mailbox): void {
    if (this.waitingSince === 0) return;
    if (mailbox.lists !== this.lists) this.mean += WEIGHT * (this.host.now() - this.waitingSince - this.mean);
    this.waitingSince = 0;
  }

  private isWorthwhile(idle: Idle): boolean {
    if (idle.unparked >= this.processors) return false;
    if (this.mean < LIMIT_MS || ++this.skipped >= RETRY) {
      this.skipped = 0;
      return true;
    }
    return false;
  }
}
