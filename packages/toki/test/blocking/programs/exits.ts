// The runtime is never shut down: nothing of it may keep the process.
import { Runtime } from "toki";
import { add } from "../jobs.js";

const rt = new Runtime();
console.log(await rt.spawnBlocking(add(1, 2)));
