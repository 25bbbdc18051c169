import { MessageChannel, type MessagePort, receiveMessageOnPort, type Transferable, Worker } from "node:worker_threads";
import type { HostThread, HostThreadOptions } from "./host.js";

/*
 * A worker and a channel of our own to it: unlike the worker's built-in one it can be read while the event loop is held. Neither keeps the process alive.
 */

export class NodeThread implements HostThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;

  constructor(options: HostThreadOptions) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const worker = new Worker(options.source, {
      eval: true,
      name: options.name,
      workerData: { toki: { port: port2, cell: options.cell, data: options.data } },
      transferList: [port2],
      resourceLimits: {
        ...(options.stackSize === undefined ? {} : { stackSizeMb: options.stackSize / 2 ** 20 }),
        ...(options.memoryLimit === undefined ? {} : { maxOldGenerationSizeMb: options.memoryLimit / 2 ** 20 }),
      },
    });
    this.#worker = worker;
    let failure: unknown;
    worker.on("error", (error) => {
      failure = error ?? new Error("an uncaught error");
    });
    worker.on("exit", (code) => {
      // What it said before it ended comes first.
      for (let message = this.receive(); message !== undefined; message = this.receive()) options.onMessage(message);
      port1.close();
      options.onEnd(code, failure);
    });
    port1.on("message", options.onMessage);
    port1.on("messageerror", (error) => options.onMessage({ broken: String(error) }));
    port1.unref();
    worker.unref();
  }

  post(message: unknown, transfer: readonly unknown[]): void {
    this.#port.postMessage(message, transfer as Transferable[]);
  }

  receive(): unknown {
    return receiveMessageOnPort(this.#port)?.message;
  }

  // Node answers `true` from postMessage while there is another end, which is gone with its thread. Not documented: without it a thread counts as alive.
  isAlive(): boolean {
    const answer: unknown = (this.#port as { postMessage(message: unknown): unknown }).postMessage(PROBE);
    return PROBE_WORKS ? answer === true : true;
  }

  terminate(): void {
    void this.#worker.terminate();
  }

  setRef(ref: boolean): void {
    if (ref) this.#worker.ref();
    else this.#worker.unref();
  }
}

const PROBE = { probe: true };
const PROBE_WORKS = (() => {
  const { port1, port2 } = new MessageChannel();
  const answer: unknown = (port1 as { postMessage(message: unknown): unknown }).postMessage(PROBE);
  port1.close();
  port2.close();
  return answer === true;
})();
