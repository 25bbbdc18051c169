import { proofsOn as broadcast } from "./broadcast.proofs.js";
import { proofsOn as locks } from "./locks.proofs.js";
import { proofsOn as mpsc } from "./mpsc.proofs.js";
import { proofsOn as once } from "./once.proofs.js";
import { proofsOn as oneshot } from "./oneshot.proofs.js";
import { shared } from "./primitives.js";
import { prove } from "./prove.js";
import { proofsOn as watch } from "./watch.proofs.js";

// What docs/cancel-safety.md says of toki/sync holds for toki/shared.
prove("toki/shared: mpsc", mpsc(shared));
prove("toki/shared: broadcast", broadcast(shared));
prove("toki/shared: oneshot", oneshot(shared));
prove("toki/shared: watch", watch(shared));
prove("toki/shared: locks and limits", locks(shared));
prove("toki/shared: cells", once(shared));
