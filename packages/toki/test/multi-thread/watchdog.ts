// A thread that prints what every thread is at when the main thread itself hangs, and ends the process.
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { type Shape, snapshot } from "./snapshot.js";

const { shapes, ms } = workerData as { shapes: Shape[]; ms: number };

setTimeout(() => {
  for (const shape of shapes) writeSync(2, `the main thread hangs\n${snapshot(shape).join("\n")}\n`);
  process.kill(process.pid, "SIGKILL");
}, ms);
