/*
 * What the task of a spawned call waits for at home, while a worker has it. On home's thread alone.
 *
 *   AWAY        queued, or with a worker
 *   CANCELLING  as AWAY, and the worker has been told to cancel it
 *   FORCING     as CANCELLING, and not to wait for cleanup. The task is over; the outcome will only be freed
 *   HOME        the outcome is here, or it never left
 */
import type { Context } from "../../../future/context.js";
import { Future } from "../../../future/future.js";
import { Pending, type Poll } from "../../../future/poll.js";
import { keepShape } from "../../../internal/keep-shape.js";
import type { RuntimeCore } from "../../core.js";
import type { Task } from "../../task/task.js";
import type { RemoteTasks } from "./remote-tasks.js";

/** @internal */
export const AWAY = 0;
/** @internal */
export const CANCELLING = 1;
/** @internal */
export const FORCING = 2;
/** @internal */
export const HOME = 3;

/** @internal */
export class RemoteFuture extends Future<unknown> {
  state = AWAY;
  readonly tasks: RemoteTasks;
  readonly rt: RuntimeCore;
  record: number;
  /** Its index in the table of its thread. */
  readonly key: number;
  readonly functionNumber: number;
  task: Task<unknown> | null = null;
  /** Whether somebody waits for the outcome. */
  isWanted = false;
  /** Whether a part of the arguments went by message. */
  hasParcels = false;

  constructor(tasks: RemoteTasks, rt: RuntimeCore, record: number, key: number, functionNumber: number) {
    super();
    this.tasks = tasks;
    this.rt = rt;
    this.record = record;
    this.key = key;
    this.functionNumber = functionNumber;
  }

  /** Somebody waits for the outcome, or needs the task to be over. */
  want(): void {
    if (this.isWanted) return;
    this.isWanted = true;
    this.tasks.want(this);
  }

  /** The outcome completes the task directly; a poll finds nothing. */
  poll(_cx: Context): Poll<unknown> {
    return Pending;
  }

  override onAbort(): void {
    // Or a worker might begin it before this thread comes to the task, for which it may even have to run others first.
    if (this.state === AWAY) this.tasks.withdraw(this);
  }

  override pollCancel(_cx: Context): Poll<void> {
    return this.tasks.cancel(this) ? undefined : Pending;
  }

  override forceCancel(): void {
    this.tasks.force(this);
  }

  override describe(): string {
    return this.tasks.describe(this);
  }
}

keepShape(new RemoteFuture(null as unknown as RemoteTasks, null as unknown as RuntimeCore, 0, 0, 0));
