import { invalidArgument } from "../../internal/invalid-argument.js";
import type { MetricsSource } from "./metrics-source.js";

/** The number of the thread that is meant. @throws InvalidArgumentError if there is no such one @internal */
export function checkThread(source: MetricsSource, worker: number | "main", where: string): number {
  if (worker === "main") return source.maker;
  const { workers } = source;
  if (Number.isInteger(worker) && worker >= 0 && worker < workers) return worker;
  const range = workers === 1 ? "0" : `0 to ${workers - 1}`;
  throw invalidArgument(where, "worker", `the index of a worker (${range}) or "main"`, worker);
}
