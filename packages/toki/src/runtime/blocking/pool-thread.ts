import type { Host, HostThread, HostTimer } from "../driver/host.js";
import type { BlockingFuture } from "./blocking-future.js";
import type { MemorySlot } from "./memory-slot.js";

/** A thread of the pool: starting, idle, or at a job. @internal */
export class PoolThread {
  readonly name: string;
  job: BlockingFuture<unknown> | null = null;
  jobId = 0;
  isReady = false;
  isTerminated = false;
  isStopping = false;
  exitCode: number | undefined;
  /** Its part in shared memory; undefined if no slot was free. */
  slot: MemorySlot | undefined;
  /** Set by the pool right after construction. */
  host!: HostThread;
  private keepAlive: HostTimer | null = null;

  constructor(name: string) {
    this.name = name;
  }

  terminate(): void {
    this.isTerminated = true;
    this.host.terminate();
  }

  /** An idle thread ends by itself after `ms`. */
  startKeepAlive(host: Host, ms: number, onEnd: () => void): void {
    this.keepAlive = host.setTimer(onEnd, ms);
    this.keepAlive.setRef(false);
  }

  stopKeepAlive(): void {
    this.keepAlive?.clear();
    this.keepAlive = null;
  }
}
