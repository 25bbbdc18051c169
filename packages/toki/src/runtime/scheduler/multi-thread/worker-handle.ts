import type { HostThread } from "../../driver/host.js";
import type { TaskSnapshot } from "../../dump.js";

/** A worker as the thread knows it that started it. @internal */
export class WorkerHandle {
  readonly index: number;
  readonly slot: number;
  readonly name: string;
  host!: HostThread;
  isReady = false;
  exitCode: number | undefined;
  /** How often it was given something to do: messages, questions about its being quiet aside, and the runtime's end. */
  posts = 0;
  /** What it was asked and has not answered: the number of posts then. */
  question: number | undefined;
  /** What it answered, if nothing was sent to it since it was asked; otherwise 0. */
  quietWord = 0;
  tasks: readonly TaskSnapshot[] = [];

  constructor(index: number, slot: number, name: string) {
    this.index = index;
    this.slot = slot;
    this.name = name;
  }

  post(message: unknown, transfer: readonly unknown[]): void {
    this.stir();
    this.host.post(message, transfer);
  }

  /** It is about to have something to do: what it has answered, or will answer to what it was asked before, says nothing any more. */
  stir(): void {
    this.posts++;
    this.quietWord = 0;
  }
}
