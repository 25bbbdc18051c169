/*
 * The tasks that this worker runs for whoever spawned them: the worker's side of record.ts.
 *
 * A record becomes an ordinary Task of the worker's runtime. When that is over, it wakes its first joiner, which is the ServedTask: that encodes the outcome
 * into the record and mails it home.
 *
 * A task whose module this thread has yet to import, or whose arguments come by message, cannot begin. As long as that may take, up to a limit, the worker
 * takes no other (`isHeld`): those would stay with it, while another worker could begin them. It counts as one that runs a task meanwhile.
 *
 * Commands (cancel) find the task through `served`. A task that ends at its first poll, as most do, never gets there: the one that was taken last is
 * entered when the worker next takes a record or looks at its mail, unless it is over by then.
 */
import { type Body, FnFuture } from "../../../future/frame.js";
import { Waker } from "../../../future/waker.js";
import { keepShape } from "../../../internal/keep-shape.js";
import type { SharedMemory } from "../../../memory/shared-memory.js";
import { closeCargoes, dropParcels, modulesFor } from "../../../portable/codec/carriage.js";
import { discard } from "../../../portable/codec/discard.js";
import { sendableThrown } from "../../../portable/errors.js";
import { importModuleOf, loadFunction } from "../../../portable/load.js";
import type { PortableFn } from "../../../portable/portable-fn.js";
import type { RuntimeCore } from "../../core.js";
import * as task from "../../task/task.js";
import { TaskExtra } from "../../task/task-extra.js";
import { Arrival } from "./arrival.js";
import * as record from "./record.js";
import { begin, complete, onCommand } from "./record-state.js";
import type { RemoteTasks } from "./remote-tasks.js";
import { sinceMicros } from "./shared-clock.js";
import { HAS_NAME, HAS_PARCELS, IS_PARCEL } from "./values.js";

/** How a worker reaches the others. @internal */
export interface Courier {
  /** Sends a message to the thread of a slot. */
  message(slot: number, message: unknown, transfer: readonly unknown[]): void;
  /** A task is over; there may be nothing else to do. */
  runningDry(): void;
  /** Asks for what only a message can carry. */
  wantParcels(id: number): void;
  /** Nobody will ask for it. */
  dropParcels(id: number): void;
}

/** What dumps call the frame around a function that has yet to come. @internal */
export const START_NAME = "(starts)";
const SLOW = { name: START_NAME };

/** Milliseconds for which a worker takes no other task while it imports a module, or waits for a message. */
const IMPORT_MS = 2000;
const MESSAGE_MS = 20;

/** @internal */
export class ServedTasks {
  private readonly rt: RuntimeCore;
  private readonly tasks: RemoteTasks;
  private readonly courier: Courier;
  private readonly memory: SharedMemory;
  private readonly functions: (PortableFn | undefined)[] = [];
  private readonly served = new Map<number, ServedTask>();
  private readonly arrivals = new Map<number, Arrival>();
  private last: ServedTask | null = null;
  /** Slots that have mail for which no bell was rung. */
  private readonly owed = new Set<number>();
  private holds = 0;
  /** How many tasks it runs. */
  alive = 0;

  constructor(rt: RuntimeCore, tasks: RemoteTasks, courier: Courier) {
    this.rt = rt;
    this.tasks = tasks;
    this.courier = courier;
    this.memory = tasks.mailbox.arena.memory;
    tasks.mailbox.handlers[record.COMMAND] = (node) => this.onCommand(node - record.COMMAND);
  }

  /** Makes a task of a record that was taken from a queue; null if it was cancelled meanwhile. */
  take(number: number): task.Task<unknown> | null {
    this.enterLast();
    const { memory } = this;
    const block = number << record.RECORD_SHIFT;
    const queuedAt = memory.read(block + record.WORKER);
    const found = begin(memory, block, this.tasks.mailbox.slot);
    if (found !== record.QUEUED) {
      if (found !== record.MOVED) this.tasks.values.dropArgs(block);
      this.tasks.mailbox.arena.free(block, record.RECORD_CLASS);
      return null;
    }
    const flags = this.tasks.values.flagsOf(block);
    const id = record.idOf(memory, block);
    if (!this.rt.isOpen) {
      this.dropArguments(block);
      this.send(block, record.CANCELLED, undefined);
      return null;
    }
    const served = new ServedTask(this, block);
    const fn = this.functions[memory.read(block + record.FUNCTION)];
    let name: string | undefined;
    let future: FnFuture<unknown>;
    try {
      if (fn === undefined || (flags & (HAS_PARCELS | IS_PARCEL)) !== 0) future = this.slowStart(served, id, fn);
      else if ((flags & HAS_NAME) === 0) future = fn.call(this.tasks.values.takeArgs(block));
      else {
        const named = this.tasks.values.takeNamedArgs(block);
        name = named.name;
        future = fn.call(named.args);
      }
    } catch (error) {
      this.send(block, record.FAILED, error);
      return null;
    }
    const made = new task.Task<unknown>(this.rt, future, id, task.SCHEDULED | task.JOINED);
    made.joiners = served;
    served.task = made;
    if (name !== undefined) {
      made.extra = new TaskExtra();
      made.extra.name = name;
    }
    const { rt } = this;
    if (rt.observer?.tracksLatency) rt.observer.waited(made, sinceMicros(rt.host, queuedAt));
    rt.liveTasks++;
    this.alive++;
    this.last = served;
    return made;
  }

  /** A task that has to wait before it begins: for its module, or for arguments that come by message. */
  private slowStart(served: ServedTask, id: number, fn: PortableFn | undefined): FnFuture<unknown> {
    const { tasks, memory } = this;
    const block = served.record;
    const self = this;
    const flags = tasks.values.flagsOf(block);
    const number = memory.read(block + record.FUNCTION);
    function* start(): Body<unknown> {
      let args: readonly unknown[] | undefined;
      let name: string | undefined;
      let known: PortableFn;
      let parcels: readonly unknown[] = [];
      if ((flags & (HAS_PARCELS | IS_PARCEL)) !== 0) {
        const arrival = new Arrival(() => self.arrivals.delete(id));
        self.arrivals.set(id, arrival);
        self.courier.wantParcels(id);
        const release = self.hold(MESSAGE_MS);
        try {
          parcels = yield* arrival;
        } finally {
          release();
        }
      }
      try {
        known = fn ?? (yield* self.load(number));
        for (const url of modulesFor(parcels)) yield* importModuleOf(`${url}#`);
        served.holdsArguments = false;
        if ((flags & HAS_NAME) === 0) args = tasks.values.takeArgs(block, parcels);
        else ({ args, name } = tasks.values.takeNamedArgs(block, parcels));
      } finally {
        if (served.holdsArguments) dropParcels(parcels);
        else if (args === undefined) closeCargoes(parcels);
      }
      if (name !== undefined) {
        const running = served.task as task.Task<unknown>;
        running.extra ??= new TaskExtra();
        running.extra.name = name;
      }
      return yield* known.call(args);
    }
    served.holdsArguments = true;
    return new FnFuture<unknown>(start(), SLOW);
  }

  /** The function with a number, which this thread may have to import. */
  private load(number: number): FnFuture<PortableFn> {
    const self = this;
    function* find(): Body<PortableFn> {
      const release = self.hold(IMPORT_MS);
      try {
        const found = yield* loadFunction(self.tasks.functions.get(number).key);
        self.functions[number] = found;
        return found;
      } finally {
        release();
      }
    }
    return new FnFuture<PortableFn>(find(), SLOW);
  }

  /** Whether a task that was taken waits for what it needs to begin, and has not waited long. */
  get isHeld(): boolean {
    return this.holds > 0;
  }

  private hold(ms: number): () => void {
    const { host, executor } = this.rt;
    let isOver = false;
    const release = () => {
      if (isOver) return;
      isOver = true;
      timer.clear();
      // A worker that is held is not enlisted: it looks for tasks by itself.
      if (--this.holds === 0) executor.request();
    };
    const timer = host.setTimer(release, ms);
    this.holds++;
    return release;
  }

  /** Arguments that came by message. */
  onParcels(id: number, values: readonly unknown[]): void {
    const arrival = this.arrivals.get(id);
    this.arrivals.delete(id);
    if (arrival === undefined) dropParcels(values);
    else arrival.arrive(values);
  }

  /** Called as a task ends. */
  finish(served: ServedTask): void {
    const ended = served.task as task.Task<unknown>;
    this.alive--;
    if (this.last === served) this.last = null;
    else this.served.delete(served.record);
    const { state } = ended;
    if (served.holdsArguments) this.dropArguments(served.record);
    if ((state & task.CANCELLED) !== 0) this.send(served.record, record.CANCELLED, undefined);
    else if ((state & task.FAILED) !== 0) this.send(served.record, record.FAILED, ended.output);
    else this.send(served.record, 0, ended.output);
  }

  /** The task is over before it began. */
  private dropArguments(block: number): void {
    const { values } = this.tasks;
    const flags = values.flagsOf(block);
    if ((flags & (HAS_PARCELS | IS_PARCEL)) !== 0) this.courier.dropParcels(record.idOf(this.memory, block));
    values.dropArgs(block);
  }

  /** Encodes an outcome and mails it home. */
  private send(block: number, outcome: number, output: unknown): void {
    const { memory, tasks } = this;
    const { values, mailbox } = tasks;
    const { encoder } = values;
    const home = record.homeOf(memory, block);
    let bits = record.DONE | outcome;
    try {
      encoder.begin(outcome === 0 ? this.whereOf(block) : "");
      const isOther = outcome === record.FAILED && !(output instanceof Error);
      encoder.value(isOther ? sendableThrown(output) : output, "the result");
    } catch (error) {
      bits = record.DONE | record.FAILED;
      encoder.begin("");
      encoder.value(error, "the error");
    }
    try {
      this.sendParcels(block, home);
    } catch (error) {
      bits = record.DONE | record.FAILED;
      this.putInstead(block, error);
    }
    // Before home learns of it: what it spawns next is announced to a worker that sleeps only if nobody is about to look.
    this.courier.runningDry();
    complete(memory, block, bits);
    mailbox.push(home, block + record.LINK);
    if ((bits & record.FAILED) !== 0 || (memory.load(block + record.HOME_KEY) & record.WANTED) !== 0)
      mailbox.ring(home);
    else this.owed.add(home);
  }

  /** Rings at the homes of tasks that nobody waited for: this worker has nothing else to do. */
  ringOwed(): void {
    if (this.owed.size === 0) return;
    for (const home of this.owed) this.tasks.mailbox.ring(home);
    this.owed.clear();
  }

  /** The outcome cannot go, because a socket in it was destroyed behind our back, or the shared memory is full. */
  private putInstead(block: number, error: unknown): void {
    const { values } = this.tasks;
    const { encoder } = values;
    closeCargoes(encoder.parcels);
    discard(encoder.words, 0);
    values.freeData(block);
    encoder.begin("");
    encoder.value(error, "the error");
    try {
      values.put(block, 0);
    } catch {
      // Full: what needs no block tells at least that it has failed.
      encoder.begin("");
      encoder.value(undefined, "the error");
      values.put(block, 0);
    }
  }

  /** Puts what was encoded into the record, and sends what is too much for it. */
  private sendParcels(block: number, home: number): void {
    const { values } = this.tasks;
    const { encoder } = values;
    const { parcels, transfer } = encoder;
    const fits = values.put(block, parcels.length === 0 ? 0 : HAS_PARCELS);
    if (fits && parcels.length === 0) return;
    const id = record.idOf(this.memory, block);
    const moved: unknown[] = [];
    const outcome = fits ? parcels : values.message(moved);
    encoder.depart();
    this.courier.message(home, { outcome, id }, fits ? transfer : moved);
  }

  private whereOf(block: number): string {
    return this.tasks.functions.get(this.memory.read(block + record.FUNCTION)).where;
  }

  /** Makes the task that was taken last known to commands, if it is not over. */
  enterLast(): void {
    const { last } = this;
    if (last === null) return;
    this.last = null;
    this.served.set(last.record, last);
  }

  /** The thread ends: gives up what is in arguments that it has yet to take, and the tasks that it has spawned itself, which concern nobody else. */
  dropAll(): void {
    this.enterLast();
    const { tasks, memory } = this;
    for (const served of this.served.values()) {
      if (served.holdsArguments) this.dropArguments(served.record);
      if (record.homeOf(memory, served.record) !== tasks.mailbox.slot) continue;
      tasks.freeUnlessCalled(served.record);
    }
    this.served.clear();
  }

  private onCommand(block: number): void {
    this.enterLast();
    const before = onCommand(this.memory, block);
    if ((before & record.ZOMBIE) !== 0) {
      this.tasks.mailbox.arena.free(block, record.RECORD_CLASS);
      return;
    }
    const served = this.served.get(block);
    if (served === undefined) return; // over: the outcome is under way
    served.task?.abort();
    if ((before & record.FORCE) !== 0) served.task?.forceUnwind();
  }
}

/** The first joiner of a task that is run for another thread. */
class ServedTask extends Waker {
  readonly record: number;
  task: task.Task<unknown> | null = null;
  /** The record still has the arguments: the task waits for what it needs to begin. */
  holdsArguments = false;
  private readonly tasks: ServedTasks;

  constructor(tasks: ServedTasks, block: number) {
    super();
    this.tasks = tasks;
    this.record = block;
  }

  wake(): void {
    this.tasks.finish(this);
  }
}

keepShape(new ServedTask(null as unknown as ServedTasks, 0));
