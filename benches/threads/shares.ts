/** Who ran what: the counters of the workers, in words. */
import type { Runtime } from "toki";
import type { Tally } from "./functions.js";

/** Counts which worker the pieces of fan-outs ran on. */
export class Shares {
  private readonly ran: number[] = [];

  add(tally: Tally): void {
    tally.ran.forEach((count, worker) => {
      this.ran[worker] = (this.ran[worker] ?? 0) + count;
    });
  }

  /** What each worker ran, and what it has stolen since the runtime began. */
  describe(runtime: Runtime): string {
    const metrics = runtime.metrics();
    const all = this.ran.reduce((sum, count) => sum + count, 0);
    const workers = Array.from({ length: metrics.numWorkers }, (_, worker) => {
      const share = (((this.ran[worker] ?? 0) / all) * 100).toFixed(0);
      const stolen = metrics.workerStealCount(worker).toLocaleString("en-US");
      const operations = metrics.workerStealOperations(worker).toLocaleString("en-US");
      return `worker ${worker} ran ${share} %, stole ${stolen} in ${operations} steals`;
    });
    return `${all.toLocaleString("en-US")} tasks: ${workers.join("; ")}`;
  }
}
