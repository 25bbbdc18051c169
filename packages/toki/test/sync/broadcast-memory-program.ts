/* Run by broadcast-memory.test.ts with --expose-gc: prints which values a broadcast channel still holds. */
import { broadcast } from "toki/sync";
import { now } from "./support.js";

const collect = (globalThis as { gc?: () => void }).gc as () => void;

const [tx, a] = broadcast<object>(4);
const b = tx.subscribe();
const refs: WeakRef<object>[] = [];

function send(): void {
  const value = { n: refs.length };
  refs.push(new WeakRef(value));
  tx.send(value);
}

async function held(when: string): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    collect();
  }
  console.log(`${when}:`, ...refs.flatMap((ref, i) => (ref.deref() === undefined ? [] : [i])));
}

for (let i = 0; i < 3; i++) send();
await held("sent");
for (let i = 0; i < 3; i++) a.tryRecv();
await held("read by one");
now(b.recv());
await held("one read by both");
for (let i = 0; i < 4; i++) send();
await held("overwritten");
b[Symbol.dispose]();
a.tryRecv();
await held("slow one disposed, another read");
a[Symbol.dispose]();
await held("all disposed");
console.log(tx.receiverCount);
