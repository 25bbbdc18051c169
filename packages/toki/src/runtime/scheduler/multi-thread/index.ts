import { invalidArgument } from "../../../internal/invalid-argument.js";
import type { RuntimeCore } from "../../core.js";
import { Supervisor } from "./supervisor.js";

/** How many workers a runtime has if nobody says; undefined where there are no threads. @internal */
export function defaultWorkers(rt: RuntimeCore, where: string): number | undefined {
  const { host } = rt;
  const wanted = host.environment("TOKIO_WORKER_THREADS");
  if (wanted === undefined || wanted === "") return host.parallelism();
  const count = Number(wanted);
  if (!Number.isInteger(count) || count < 1) {
    throw invalidArgument(where, "TOKIO_WORKER_THREADS", "an integer above 0 in the environment", wanted);
  }
  return count;
}

/** Makes a runtime one of many threads, of which none is started yet. @internal */
export function useThreads(rt: RuntimeCore, workers: number): void {
  rt.joinThreads(new Supervisor(rt, workers));
}
