/*
 * The tasks that this thread has spawned for any worker to run: home's side of record.ts. One object for each thread, for all its runtimes.
 *
 * A task that is away is an ordinary Task here, with a RemoteFuture: joining, aborting, sets and scopes know no difference. It is never scheduled while it
 * is away, except to be cancelled; the mail that brings the outcome completes it.
 */
import type { FnFuture } from "../../../future/frame.js";
import { BLOCK_WORDS } from "../../../memory/layout.js";
import type { Mailbox } from "../../../memory/mailbox.js";
import type { SharedMemory } from "../../../memory/shared-memory.js";
import { closeCargoes, dropParcels } from "../../../portable/codec/carriage.js";
import type { PortableFn } from "../../../portable/portable-fn.js";
import type { RuntimeCore, SpawnOptions } from "../../core.js";
import * as task from "../../task/task.js";
import { FunctionTable } from "./function-table.js";
import * as record from "./record.js";
import * as state from "./record-state.js";
import { AWAY, CANCELLING, FORCING, HOME, RemoteFuture } from "./remote-future.js";
import { nowMicros } from "./shared-clock.js";
import { HAS_NAME, HAS_PARCELS, IS_PARCEL, Values } from "./values.js";

/** In the place of parts of an outcome: nobody will read them. */
const UNWANTED = null;

/** Where a thread queues the records of a runtime. @internal */
export interface RecordQueue {
  push(number: number): void;
  /** Sends off what only a message can carry: copied and moved as it is now. */
  keepParcels(id: number, values: readonly unknown[], transfer: readonly unknown[]): void;
}

/** @internal */
export class RemoteTasks {
  readonly mailbox: Mailbox;
  readonly functions: FunctionTable;
  readonly values: Values;
  private readonly memory: SharedMemory;
  private readonly table: (RemoteFuture | null)[] = [];
  private readonly freeKeys: number[] = [];
  /** Parts of outcomes that came by message, by task id; or what waits for them. */
  private readonly parcels = new Map<number, readonly unknown[] | RemoteFuture | typeof UNWANTED>();

  constructor(mailbox: Mailbox) {
    this.mailbox = mailbox;
    this.memory = mailbox.arena.memory;
    this.functions = new FunctionTable(mailbox.arena);
    this.values = new Values(mailbox.arena);
    mailbox.handlers[record.LINK] = (node) => this.onReply(node - record.LINK);
    // For a worker that is no more; one that lives has a handler of its own.
    mailbox.handlers[record.COMMAND] = (node) => {
      const before = state.onCommand(this.memory, node - record.COMMAND);
      if ((before & record.ZOMBIE) !== 0) mailbox.arena.free(node - record.COMMAND, record.RECORD_CLASS);
    };
  }

  /**
   * Queues a call where a worker can take it.
   *
   * @throws NotSendError if an argument cannot be sent: the future is as it was
   */
  spawn(
    rt: RuntimeCore,
    queue: RecordQueue,
    future: FnFuture<unknown>,
    fn: PortableFn,
    options: SpawnOptions | undefined,
  ): task.Task<unknown> {
    const { memory, values, mailbox } = this;
    const number = this.functions.numberOf(fn);
    const { encoder } = values;
    encoder.begin(this.functions.get(number).where);
    encoder.args(future.slot as readonly unknown[]);
    const name = options?.name;
    let flags = 0;
    if (name !== undefined) {
      encoder.value(name, "options.name");
      flags |= HAS_NAME;
    }
    let { parcels, transfer } = encoder;
    if (parcels.length > 0) flags |= HAS_PARCELS;

    const block = mailbox.arena.alloc(record.RECORD_CLASS);
    // Taken at once: the spawn hook may spawn as well.
    const key = this.freeKeys.pop() ?? this.table.push(null) - 1;
    const remote = new RemoteFuture(this, rt, block, key, number);
    let spawned: task.Task<unknown>;
    memory.write(block + record.DATA, 0);
    memory.write(block + record.DATA_CLASS, IS_PARCEL);
    try {
      // Memory may be full, and hooks of the user may throw: then the spawn never was.
      if (!values.put(block, flags)) {
        const moved: unknown[] = [];
        parcels = values.message(moved);
        transfer = moved;
      }
      remote.hasParcels = parcels.length > 0;
      spawned = rt.startRemote(remote, options);
      try {
        if (remote.hasParcels) queue.keepParcels(spawned.id, parcels, transfer);
      } catch (error) {
        rt.finish(spawned, task.CANCELLED, undefined);
        throw error;
      }
    } catch (error) {
      values.dropArgs(block);
      mailbox.arena.free(block, record.RECORD_CLASS);
      this.freeKeys.push(key);
      throw error;
    }
    future.takeArguments();
    encoder.depart();
    remote.task = spawned;
    this.table[key] = remote;
    memory.write(block + record.STATE, record.QUEUED);
    memory.write(block + record.FUNCTION, number);
    memory.write(block + record.WORKER, rt.observer?.tracksLatency ? nowMicros(rt.host) : -1);
    memory.write(block + record.HOME_KEY, key);
    record.setOrigin(memory, block, mailbox.slot, spawned.id);
    mailbox.expected++;
    rt.remoteTasks++;
    rt.holdForThreads();
    queue.push(block >>> record.RECORD_SHIFT);
    // Nobody else will listen: what comes ends the task all the same.
    if (rt.executor.driven === 0) mailbox.attend();
    if (!rt.isOpen) {
      // A hook has begun the shutdown, or even ended it.
      spawned.abort();
      if (rt.isClosed) rt.finish(spawned, task.CANCELLED, undefined);
    }
    return spawned;
  }

  /** From now on its end wakes this thread. */
  want(remote: RemoteFuture): void {
    if (remote.state === HOME) return;
    this.memory.store(remote.record + record.HOME_KEY, remote.key | record.WANTED);
    // A batch that is under way looks at its mail before the thread parks. If there is none, what has come without a ring needs one.
    if (this.mailbox.hasMail) remote.rt.executor.request();
  }

  /** Cancels a task that is away. True if it had not started: it is over then. */
  cancel(remote: RemoteFuture): boolean {
    if (remote.state !== AWAY) return remote.state === HOME;
    if (this.withdraw(remote)) return true;
    remote.state = CANCELLING;
    this.call(remote, record.CANCEL);
    remote.want();
    return false;
  }

  /** Sees to it that a task that is away does not start. False if it has. */
  withdraw(remote: RemoteFuture): boolean {
    if (!state.takeBack(this.memory, remote.record, record.ABANDONED)) return false;
    this.dropParcels(remote);
    this.leave(remote);
    return true;
  }

  /** Cancels a task without waiting for its cleanup: it is over at once, here. */
  force(remote: RemoteFuture): void {
    if (remote.state === AWAY && this.cancel(remote)) return;
    if (remote.state !== CANCELLING) return;
    remote.state = FORCING;
    this.call(remote, record.CANCEL | record.FORCE);
  }

  /** Where it is. */
  describe(remote: RemoteFuture): string {
    const name = this.functions.get(remote.functionNumber).where.slice("spawn ".length);
    if (remote.state === HOME) return name;
    const now = this.memory.load(remote.record + record.STATE);
    if (now === record.QUEUED) return `${name} (queued for a worker)`;
    const slot = this.memory.read(remote.record + record.WORKER);
    const worker = remote.rt.threads?.workerOf(slot);
    return `${name} (on worker ${worker ?? "?"})`;
  }

  /**
   * The thread of `slot` has ended: its tasks fail.
   *
   * @param isSudden - it may have ended in the middle of anything, and have lost what it had taken from a queue
   */
  failTasksOf(slot: number, error: unknown, isSudden: boolean): void {
    // It posts no more: what is not here now was never posted.
    this.mailbox.drain();
    const lost: RemoteFuture[] = [];
    for (const remote of [...this.table]) {
      if (remote === null || remote === undefined) continue;
      const now = this.memory.load(remote.record + record.STATE);
      if (now === record.QUEUED) {
        if (isSudden) lost.push(remote);
      } else if ((now & record.RUNNING) !== 0 && this.memory.read(remote.record + record.WORKER) === slot) {
        this.fail(remote, now, error);
      }
    }
    lost.sort((a, b) => (a.task as task.Task<unknown>).id - (b.task as task.Task<unknown>).id);
    for (const remote of lost) this.queueAgain(remote);
  }

  /** The worker of a task is no more. */
  private fail(remote: RemoteFuture, now: number, error: unknown): void {
    const block = remote.record;
    if ((now & record.DONE) === 0) {
      this.values.freeData(block);
      this.dropParcels(remote); // it may not have come to ask for them
    } else {
      const { id } = remote.task as task.Task<unknown>;
      if (this.parcels.get(id) !== remote) this.onReply(block);
      if (remote.state === HOME) return;
      // It waits for a message that will not come.
      this.parcels.delete(id);
      this.values.dropValue(block);
    }
    this.settle(remote, task.FAILED, error);
    // The record is in no queue, but its command may be in the mailbox of the dead.
    this.freeUnlessCalled(block);
  }

  /** A record that may be in no queue any more: another one takes its place. If it is in one after all, who takes it finds it MOVED. */
  private queueAgain(remote: RemoteFuture): void {
    const { memory } = this;
    const { arena } = this.mailbox;
    const from = remote.record;
    const block = arena.alloc(record.RECORD_CLASS);
    // ATOMICS: plain; if a worker takes it meanwhile and writes, the exchange fails, and the copy is not used.
    for (let word = record.FUNCTION; word < BLOCK_WORDS; word++) memory.write(block + word, memory.read(from + word));
    memory.write(block + record.STATE, record.QUEUED);
    memory.write(block + record.WORKER, -1);
    if (!state.takeBack(memory, from, record.MOVED)) {
      arena.free(block, record.RECORD_CLASS);
      return;
    }
    remote.record = block;
    remote.rt.threads?.push(block >>> record.RECORD_SHIFT);
  }

  /** No worker will ever take what is queued. */
  failQueued(rt: RuntimeCore, error: unknown): void {
    for (const remote of [...this.table]) {
      if (remote === null || remote === undefined || remote.rt !== rt || remote.state !== AWAY) continue;
      if (!state.takeBack(this.memory, remote.record, record.ABANDONED)) continue;
      this.dropParcels(remote);
      this.settle(remote, task.FAILED, error);
    }
  }

  private dropParcels(remote: RemoteFuture): void {
    if (!remote.hasParcels) return;
    remote.rt.threads?.dropParcels((remote.task as task.Task<unknown>).id);
  }

  /** A part of an outcome that came by message. */
  onParcels(id: number, values: readonly unknown[]): void {
    const waiting = this.parcels.get(id);
    if (waiting instanceof RemoteFuture) {
      this.parcels.delete(id);
      this.take(waiting, values);
    } else if (waiting === UNWANTED) {
      this.parcels.delete(id);
      dropParcels(values);
    } else this.parcels.set(id, values);
  }

  private onReply(block: number): void {
    const { memory } = this;
    const remote = this.table[memory.read(block + record.HOME_KEY) & ~record.WANTED];
    // Not ours: its home has ended, and this thread sees to what is left.
    if (remote === null || remote === undefined || remote.record !== block) {
      this.dropOutcomeParcels(block);
      this.dropReply(block);
      return;
    }
    if ((this.values.flagsOf(block) & (HAS_PARCELS | IS_PARCEL)) === 0) {
      this.take(remote, []);
      return;
    }
    const id = record.idOf(memory, block);
    const parcels = this.parcels.get(id);
    if (parcels === undefined) this.parcels.set(id, remote);
    else {
      this.parcels.delete(id);
      this.take(remote, parcels as readonly unknown[]);
    }
  }

  /** What comes by message, or has come, with an outcome that nobody will read. */
  private dropOutcomeParcels(block: number): void {
    if ((this.values.flagsOf(block) & (HAS_PARCELS | IS_PARCEL)) === 0) return;
    const id = record.idOf(this.memory, block);
    const parcels = this.parcels.get(id);
    if (parcels === undefined) this.parcels.set(id, UNWANTED);
    else {
      this.parcels.delete(id);
      dropParcels(parcels as readonly unknown[]);
    }
  }

  /** Frees a record whose home is no more. */
  dropReply(block: number): void {
    this.values.dropValue(block);
    this.freeUnlessCalled(block);
  }

  /** The outcome is there: the task is over. */
  private take(remote: RemoteFuture, parcels: readonly unknown[]): void {
    const block = remote.record;
    const now = this.memory.load(block + record.STATE);
    let outcome = 0;
    let value: unknown;
    if (remote.state === FORCING && parcels.length > 0) {
      dropParcels(parcels);
      this.leave(remote);
      this.dropReply(block);
      return;
    }
    try {
      value = this.values.takeValue(block, parcels);
      if ((now & record.FAILED) !== 0) outcome = task.FAILED;
      else if ((now & record.CANCELLED) !== 0) outcome = task.CANCELLED;
    } catch (error) {
      closeCargoes(parcels);
      outcome = task.FAILED;
      value = error;
    }
    this.freeUnlessCalled(block);
    this.settle(remote, outcome, value);
  }

  private settle(remote: RemoteFuture, outcome: number, value: unknown): void {
    const forced = remote.state === FORCING;
    this.leave(remote);
    if (!forced) remote.rt.finish(remote.task as task.Task<unknown>, outcome, value);
  }

  /** The future is away no more. */
  private leave(remote: RemoteFuture): void {
    const { rt, key } = remote;
    remote.state = HOME;
    this.table[key] = null;
    this.freeKeys.push(key);
    this.mailbox.expected--;
    rt.remoteTasks--;
    if (rt.remoteTasks === 0) rt.releaseForThreads();
  }

  /** Tells the worker, unless it has yet to read what it was told before. */
  private call(remote: RemoteFuture, bits: number): void {
    const { memory } = this;
    const { record: block } = remote;
    if (!state.command(memory, block, bits)) return;
    this.mailbox.post(memory.read(block + record.WORKER), block + record.COMMAND);
  }

  /** Frees a record, or leaves that to the worker, to which a command is under way. */
  freeUnlessCalled(block: number): void {
    if (state.release(this.memory, block)) this.mailbox.arena.free(block, record.RECORD_CLASS);
  }
}

let tasks: RemoteTasks | null = null;

/** Those of this thread. @internal */
export function remoteTasks(mailbox: Mailbox): RemoteTasks {
  tasks ??= new RemoteTasks(mailbox);
  return tasks;
}
