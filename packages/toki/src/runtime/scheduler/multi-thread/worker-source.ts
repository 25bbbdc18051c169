/*
 * The first lines of a worker's thread: plain text, so that no bundler has to find a file. They import the module that this package is in, which registers
 * how a worker begins (worker-thread.ts).
 */
import { THREAD_PROLOGUE } from "../../thread-prologue.js";

/** @internal */
export const WORKER_SOURCE = `${THREAD_PROLOGUE}
const { module, buffer, copy, seat, crossings } = workerData.toki.data;
const { receiveMessageOnPort } = process.getBuiltinModule("node:worker_threads");
portable.memory = { buffer, slot: seat.slot, copy };
const channel = {
  post: (message, transfer) => port.postMessage(message, transfer),
  onMessage: (handler) => port.on("message", handler),
  receive: () => receiveMessageOnPort(port)?.message,
  setRef: (ref) => (ref ? port.ref() : port.unref()),
  onExit: (handler) => process.on("exit", handler),
  exit: () => process.exit(0),
};
process.on("exit", (code) => port.postMessage({ exit: code }));
portable.importModule(module.url).then(async () => {
  for (const url of crossings) await portable.importModule(url);
  const begin = portable.starters.get(module.url)?.[module.copy];
  if (begin === undefined) throw new Error("the module of the runtime, " + module.url + ", is not the same on a worker");
  begin(workerData.toki.data, channel);
});
`;
