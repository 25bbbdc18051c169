import { toMillis } from "../../../time/duration.js";
import { slowPollMs } from "../../metrics/slow-poll.js";
import type { RuntimeOptions } from "../../options.js";

/** Of a runtime's options, those that its workers follow: data, since functions cannot cross. @internal */
export function workerOptions(options: RuntimeOptions, index: number): RuntimeOptions {
  const copied: RuntimeOptions = { flavor: "multiThread" };
  const keys = [
    "name",
    "enableTime",
    "enableIo",
    "eventInterval",
    "globalQueueInterval",
    "lifoSlot",
    "maxBlockingThreads",
    "threadName",
    "threadStackSize",
    "threadMemoryLimit",
    "pollTimeHistogram",
    "scheduleLatencyHistogram",
    "trackScheduleLatency",
  ] as const;
  for (const key of keys) if (options[key] !== undefined) Object.assign(copied, { [key]: options[key] });
  if (options.threadKeepAlive !== undefined) {
    copied.threadKeepAlive = toMillis(options.threadKeepAlive, "Runtime", "threadKeepAlive");
  }
  const slowMs = slowPollMs(options);
  if (slowMs !== undefined) copied.slowPollThreshold = slowMs;
  if (options.rngSeed !== undefined) copied.rngSeed = options.rngSeed + index + 1;
  return copied;
}
