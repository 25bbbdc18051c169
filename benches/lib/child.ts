/**
 * One benchmark of one peer, alone in its process: `child.js SUITE BENCH`. Sends its samples to the parent.
 * The peer's module is imported here and no other peer's, so that no library disturbs another one's heap or JIT state.
 */
import { measure, type Suite } from "./measure.js";

export interface ChildResult {
  samples: number[];
  detail?: string;
}

const [suiteName, benchName] = process.argv.slice(2);
const { suite } = (await import(`../peers/${suiteName}.js`)) as { suite: Suite };
const bench = suite[benchName ?? ""];
if (bench === undefined) throw new Error(`peer ${suiteName} has no benchmark ${benchName}`);
const result: ChildResult = { samples: await measure(bench) };
if ("detail" in bench && bench.detail !== undefined) result.detail = bench.detail();
if (process.send === undefined) {
  console.log(JSON.stringify(result));
  process.exit(0);
}
// A benchmark may leave a million live timers behind: exit, do not wait for them.
process.send(result, () => process.exit(0));
