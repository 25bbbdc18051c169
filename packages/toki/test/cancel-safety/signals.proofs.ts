import assert from "node:assert/strict";
import { type Future, Handle } from "toki";
import { ctrlC, signal } from "toki/signal";
import { assertPending, assertReady, testTask } from "toki/test";
import { turns, until } from "../net/support.js";
import { everyDrop, everyDropUnpolled } from "./drops.js";
import type { Proof } from "./proof.js";

const waiting = () => testTask(ctrlC(), { runtime: Handle.current() });

/** Sends a signal to this process and waits until Node has delivered it. */
function send(name: NodeJS.Signals): Future<void> {
  let delivered = false;
  process.once(name, () => {
    delivered = true;
  });
  process.kill(process.pid, name);
  return until(() => delivered, `delivery of ${name}`);
}

export const proofs: readonly Proof[] = [
  {
    operation: "`ctrlC()`",
    claim: "safe; what arrives while nobody waits is not remembered",
    proof: {
      ...everyDropUnpolled("ctrlC()", function* (drop) {
        yield* drop(ctrlC());
        const next = waiting();
        assertPending(next.poll());
        next[Symbol.dispose]();
      }),
      ...everyDrop("ctrlC() that waits", function* (drop) {
        yield* drop(ctrlC());
        yield* send("SIGINT");
        const next = waiting();
        assertPending(next.poll());
        yield* turns(2);
        assert.equal(next.isWoken, false);
        yield* send("SIGINT");
        assert.ok(next.isWoken);
        assertReady(next.poll());
      }),
      *"ctrlC() that was told: everybody else who waits is told too"() {
        const [dropped, other] = [waiting(), waiting()];
        assertPending(dropped.poll());
        assertPending(other.poll());
        yield* send("SIGINT");
        dropped.cancel();
        assertReady(other.poll());
        const later = waiting();
        assertPending(later.poll());
        later[Symbol.dispose]();
      },
    },
  },
  {
    operation: "`signal(...).recv()`",
    claim: "safe; the arrival stays for the next",
    proof: {
      ...everyDropUnpolled("signal(...).recv()", function* (drop) {
        const hangups = signal("SIGHUP");
        yield* send("SIGHUP");
        yield* drop(hangups.recv());
        assertReady(testTask(hangups.recv()).poll());
      }),
      ...everyDrop("signal(...).recv() that waits", function* (drop) {
        const hangups = signal("SIGHUP");
        yield* drop(hangups.recv());
        yield* send("SIGHUP");
        assertReady(testTask(hangups.recv()).poll());
      }),
      *"signal(...).recv() that was told"() {
        for (const end of ["cancel", "dispose"] as const) {
          const hangups = signal("SIGHUP");
          const wait = testTask(hangups.recv());
          assertPending(wait.poll());
          yield* send("SIGHUP");
          assert.ok(wait.isWoken);
          if (end === "cancel") wait.cancel();
          else wait[Symbol.dispose]();
          assertReady(testTask(hangups.recv()).poll());
        }
      },
    },
  },
];
