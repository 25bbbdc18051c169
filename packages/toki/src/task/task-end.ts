import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import type { Waker } from "../future/waker.js";
import type { Task } from "../runtime/task/task.js";

/** Waits until a task is over, and takes no notice of its outcome: a failure is still nobody's. @internal */
export class TaskEnd extends Future<void> {
  private readonly task: Task<unknown>;
  private waker: Waker | null = null;

  constructor(task: Task<unknown>) {
    super();
    this.task = task;
  }

  poll(cx: Context): Poll<void> {
    this[Symbol.dispose]();
    if (this.task.isComplete) return undefined;
    this.waker = cx.waker;
    this.task.addJoiner(cx.waker);
    const { rt } = this.task;
    if (rt.threads !== null && rt !== current.runtime) rt.driveFor(this.task, cx.waker);
    return Pending;
  }

  override [Symbol.dispose](): void {
    const { task, waker } = this;
    this.waker = null;
    if (waker === null) return;
    task.removeJoiner(waker);
    if (task.rt.threads !== null) task.rt.stopDrivingFor(task, waker);
  }

  override describe(): string {
    return `the end of task ${this.task.id}`;
  }
}
