import { prove } from "./prove.js";
import { table } from "./table.js";

/** These count the sockets of their process, or send it signals. */
const APART = ["TCP", "signals"];

for (const [section, proofs] of table) if (!APART.includes(section)) prove(section, proofs);
