import { rows as abort } from "./abort.rows.js";
import { rows as cleanup } from "./cleanup.rows.js";
import { rows as combinators } from "./combinators.rows.js";
import { rows as deadline } from "./deadline.rows.js";
import { rows as errors } from "./errors.rows.js";
import { rows as leaves } from "./leaves.rows.js";
import { deadlocks, run, shutdown } from "./runtime.rows.js";
import type { Row } from "./scene.js";
import { rows as scope } from "./scope.rows.js";
import { rows as select } from "./select.rows.js";
import { rows as unwind } from "./unwind.rows.js";

/** The whole table: the sections of scenarios.md, with their rows. */
export const table: readonly (readonly [section: string, rows: readonly Row[]])[] = [
  ["abort", abort],
  ["unwinding", unwind],
  ["cleanup", cleanup],
  ["errors in cleanup", errors],
  ["cleanup with a deadline", deadline],
  ["select", select],
  ["timeout, join and the like", combinators],
  ["scope", scope],
  ["leaf futures", leaves],
  ["run with a signal", run],
  ["shutdown", shutdown],
  ["deadlock", deadlocks],
];
