// This process sends signals to itself.
import { prove } from "./prove.js";
import { proofs } from "./signals.proofs.js";

const windows = process.platform === "win32" && "signals cannot be sent to a process on Windows";

prove("signals", proofs, windows);
