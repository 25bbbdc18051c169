/* Run by forgotten.test.ts with --expose-gc and the name of an implementation: prints what is said of senders that are collected. */
import { implementations } from "./implementations.js";
import { waiting } from "./support.js";

const found = implementations.find(({ name }) => name === process.argv[2]) ?? implementations[0];
const { broadcast, mpsc, watch } = (found as (typeof implementations)[number]).module;
const collect = (globalThis as { gc?: () => void }).gc as () => void;
const warnings: string[] = [];
process.on("warning", (warning) => warnings.push(`${(warning as { code?: string }).code}: ${warning.message}`));

async function collected(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The receiver of a channel whose sender nobody holds any more. */
function orphan(dispose: boolean) {
  const [tx, rx] = mpsc.channel<number>(1);
  if (dispose) tx[Symbol.dispose]();
  return rx;
}

const disposed = orphan(true);
await collected();
console.log("disposed:", warnings.length, disposed.isClosed);

const idle = orphan(false);
await collected();
console.log("nobody waits:", warnings.length, idle.isClosed);

const receiving = waiting(idle.recv());
await collected();
console.log("waits:", warnings.length, idle.isClosed, receiving.isWoken);
console.log(warnings[0]);

const unboundedWait = waiting(mpsc.unboundedChannel<number>()[1].recv());
await collected();
console.log("collected while waiting:", warnings.length, unboundedWait.isWoken);

const broadcastWait = waiting(broadcast<number>(1)[1].recv());
await collected();
console.log("broadcast:", warnings.length, broadcastWait.isWoken);
console.log(warnings[2]);

const changing = waiting(watch(0)[1].changed());
await collected();
console.log("watch:", warnings.length, changing.isWoken);
console.log(warnings[3]);
