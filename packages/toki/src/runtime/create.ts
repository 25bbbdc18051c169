import { host } from "#host";
import { defaultWorkers, useThreads } from "#threads";
import { RuntimeCore } from "./core.js";
import { type RuntimeOptions, validateOptions } from "./options.js";

/** Makes a runtime as the options say. @throws InvalidArgumentError if one is not what it should be @internal */
export function createRuntime(options: RuntimeOptions, where: string): RuntimeCore {
  validateOptions(options, where);
  const rt = new RuntimeCore({ ...options }, host);
  const { flavor } = options;
  if (flavor === "currentThread" || (flavor === undefined && needsOneThread(options))) return rt;
  const workers = options.workerThreads ?? defaultWorkers(rt, where);
  // Where there are no threads, the default is to do without.
  if (workers !== undefined) useThreads(rt, workers);
  else if (flavor !== undefined) useThreads(rt, 1);
  return rt;
}

function needsOneThread(options: RuntimeOptions): boolean {
  return options.startPaused === true || options.unhandledPanic === "shutdownRuntime";
}
