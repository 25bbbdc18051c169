// Tasks that are away, without a worker: what one would have done is written into the record.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as threadModule from "../../dist/memory/thread.js";
import * as stateModule from "../../dist/runtime/scheduler/multi-thread/record-state.js";
import * as tasksModule from "../../dist/runtime/scheduler/multi-thread/remote-tasks.js";
import { Sim } from "../support/sim-host.js";
import { echo } from "../threads/functions.js";

interface Mailbox {
  readonly arena: { readonly memory: object };
}
interface RemoteTasks {
  readonly mailbox: Mailbox;
  spawn(rt: object, queue: object, call: object, fn: object, options: undefined): { id: number; isComplete: boolean };
  failTasksOf(slot: number, error: unknown, isSudden: boolean): void;
}
const { threadMailbox } = threadModule as unknown as { threadMailbox(): Mailbox };
const { begin } = stateModule as unknown as { begin(memory: object, block: number, slot: number): number };
const { remoteTasks } = tasksModule as unknown as { remoteTasks(mailbox: Mailbox): RemoteTasks };

const DEAD = 9;

test("a worker that dies before it has asked for parcels: they are dropped with the task", () => {
  const { core, host } = new Sim({ onUnhandledFailure: () => {} });
  const kept = new Set<number>();
  const part = { dropParcels: (id: number) => kept.delete(id), publishPark() {} };
  Object.assign(core, { threads: part });
  Object.assign(host, { onExit: () => () => {} });
  let record = 0;
  const queue = {
    push(number: number) {
      record = number << 4;
    },
    keepParcels: (id: number) => kept.add(id),
  };
  const tasks = remoteTasks(threadMailbox());
  const call = echo(new SharedArrayBuffer(8)) as unknown as { info: object };
  const task = tasks.spawn(core, queue, call, call.info, undefined);
  assert.deepEqual([...kept], [task.id]);
  begin(tasks.mailbox.arena.memory, record, DEAD);
  tasks.failTasksOf(DEAD, new Error("it has ended"), true);
  assert.ok(task.isComplete);
  assert.deepEqual([...kept], []);
});
