import { proofs as combinators } from "./combinators.proofs.js";
import { proofs as locks } from "./locks.proofs.js";
import { proofs as mpsc } from "./mpsc.proofs.js";
import { proofs as oneshot } from "./oneshot.proofs.js";
import { proofs as promises } from "./promises.proofs.js";
import type { Proof } from "./proof.js";
import { proofs as signals } from "./signals.proofs.js";
import { proofs as tasks } from "./tasks.proofs.js";
import { proofs as tcp } from "./tcp.proofs.js";
import { proofs as time } from "./time.proofs.js";
import { proofs as util } from "./util.proofs.js";

/** The whole table: the sections of docs/cancel-safety.md, with the proofs of their rows. */
export const table: readonly (readonly [section: string, proofs: readonly Proof[]])[] = [
  ["time", time],
  ["tasks", tasks],
  ["combinators", combinators],
  ["mpsc", mpsc],
  ["oneshot", oneshot],
  ["locks and limits", locks],
  ["TCP", tcp],
  ["signals", signals],
  ["promises", promises],
  ["toki/util", util],
];
