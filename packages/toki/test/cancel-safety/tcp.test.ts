// Counts the sockets of its process.
import { prove } from "./prove.js";
import { proofs } from "./tcp.proofs.js";

prove("TCP", proofs);
