import { proofs as broadcast } from "./broadcast.proofs.js";
import { proofs as combinators } from "./combinators.proofs.js";
import { proofs as doubles } from "./doubles.proofs.js";
import { proofs as locks } from "./locks.proofs.js";
import { proofs as mpsc } from "./mpsc.proofs.js";
import { proofs as once } from "./once.proofs.js";
import { proofs as oneshot } from "./oneshot.proofs.js";
import { proofs as patterns } from "./patterns.proofs.js";
import { proofs as promises } from "./promises.proofs.js";
import type { Proof } from "./proof.js";
import { proofs as signals } from "./signals.proofs.js";
import { proofs as streams } from "./streams.proofs.js";
import { proofs as tasks } from "./tasks.proofs.js";
import { proofs as tcp } from "./tcp.proofs.js";
import { proofs as time } from "./time.proofs.js";
import { proofs as util } from "./util.proofs.js";
import { proofs as watch } from "./watch.proofs.js";

/** The whole table: the sections of docs/cancel-safety.md, with the proofs of their rows. */
export const table: readonly (readonly [section: string, proofs: readonly Proof[]])[] = [
  ["time", time],
  ["tasks", tasks],
  ["combinators", combinators],
  ["mpsc", mpsc],
  ["broadcast", broadcast],
  ["oneshot", oneshot],
  ["watch", watch],
  ["locks and limits", locks],
  ["cells", once],
  ["patterns", patterns],
  ["TCP", tcp],
  ["signals", signals],
  ["streams", streams],
  ["promises", promises],
  ["toki/util", util],
  ["test doubles", doubles],
];
