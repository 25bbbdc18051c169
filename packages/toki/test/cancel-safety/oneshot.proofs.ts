import assert from "node:assert/strict";
import {
  cancelOn,
  cooperative,
  type Future,
  join,
  select,
  spawn,
  taskLocal,
  timeout,
  unconstrained,
  withAbortSignal,
} from "toki";
import type { OneshotReceiver } from "toki/sync";
import { assertPending, testTask } from "toki/test";
import { everyDrop, everyDropUnpolled, settle } from "./drops.js";
import { type Primitives, sync } from "./primitives.js";
import type { Proof } from "./proof.js";

/** The proofs, on either implementation. */
export function proofsOn({ oneshot, CancellationToken }: Primitives): readonly Proof[] {
  /** To dispose a receiver is to give it up for good, which is not losing a wait. */
  const GIVES_UP = { except: ["disposed by hand"] } as const;

  const user = taskLocal<string>();

  /** Combinators that own the receiver. */
  const AROUND: Record<string, (rx: OneshotReceiver<string>) => Future<unknown>> = {
    select: (rx) => select({ rx }),
    join: (rx) => join(rx),
    timeout: (rx) => timeout(1000, rx),
    unconstrained: (rx) => unconstrained(rx),
    cooperative: (rx) => cooperative(rx),
    "key.scope()": (rx) => user.scope("alice", rx),
    "token.runUntilCancelled()": (rx) => new CancellationToken().runUntilCancelled(rx),
    cancelOn: (rx) => cancelOn(new AbortController().signal, rx),
    withAbortSignal: (rx) => withAbortSignal(() => rx),
  };

  return [
    {
      operation: "the receiver",
      claim:
        "safe; it can be awaited again, the value is not lost. Disposing it, or a `select` or `timeout` around it, gives it up",
      proof: {
        ...everyDropUnpolled(
          "oneshot receiver",
          function* (drop) {
            const [tx, rx] = oneshot<string>();
            tx.send("value");
            yield* drop(rx);
            assert.equal(yield* rx, "value");
          },
          GIVES_UP,
        ),
        ...everyDrop(
          "oneshot receiver that waits",
          function* (drop) {
            const [tx, rx] = oneshot<string>();
            yield* drop(rx);
            yield* drop(rx);
            assert.equal(tx.isClosed, false);
            tx.send("value");
            assert.equal(yield* rx, "value");
          },
          GIVES_UP,
        ),
        ...everyDrop(
          "oneshot receiver that was told of the value",
          function* (drop) {
            const [tx, rx] = oneshot<string>();
            yield* drop(rx, () => tx.send("value"));
            assert.equal(yield* rx, "value");
          },
          GIVES_UP,
        ),
        ...Object.assign(
          {},
          ...Object.entries(AROUND).map(([name, wrap]) =>
            everyDrop(
              `oneshot receiver in ${name}, told of the value`,
              function* (drop) {
                const [tx, rx] = oneshot<string>();
                yield* drop(wrap(rx), () => tx.send("value"));
                assert.equal(yield* rx, "value");
              },
              GIVES_UP,
            ),
          ),
        ),
        *"oneshot receiver disposed by hand, itself or in a select or timeout: the channel is closed"() {
          for (const wrap of [(rx: OneshotReceiver<string>) => rx, AROUND["select"]!, AROUND["timeout"]!]) {
            const [tx, rx] = oneshot<string>();
            const task = testTask(wrap(rx));
            assertPending(task.poll());
            task[Symbol.dispose]();
            assert.equal(tx.isClosed, true);
          }
        },
        *"oneshot receiver in a body disposed by hand: it only stops waiting"() {
          const [tx, rx] = oneshot<string>();
          const task = testTask(function* () {
            yield* rx;
          });
          assertPending(task.poll());
          task[Symbol.dispose]();
          tx.send("value");
          assert.equal(yield* rx, "value");
        },
        *"oneshot receiver whose task is aborted before its first poll"() {
          const waits: ((rx: OneshotReceiver<string>) => Parameters<typeof spawn>[0])[] = [
            (rx) => rx,
            (rx) => select({ rx }),
            (rx) => timeout(1000, rx),
            (rx) =>
              function* () {
                return yield* rx;
              },
          ];
          for (const wait of waits) {
            const [tx, rx] = oneshot<string>();
            tx.send("value");
            spawn(wait(rx)).abort();
            yield* settle();
            assert.equal(yield* rx, "value");
          }
        },
      },
    },
    {
      operation: "`tx.closed()`",
      claim: "safe",
      proof: {
        ...everyDropUnpolled("tx.closed()", function* (drop) {
          const [tx, rx] = oneshot<string>();
          yield* drop(tx.closed());
          rx.close();
          yield* tx.closed();
        }),
        ...everyDrop("tx.closed() that waits", function* (drop) {
          const [tx, rx] = oneshot<string>();
          yield* drop(tx.closed());
          assert.equal(tx.isClosed, false);
          tx.send("value");
          assert.equal(yield* rx, "value");
        }),
        ...everyDrop("tx.closed() that was told", function* (drop) {
          const [tx, rx] = oneshot<string>();
          yield* drop(tx.closed(), () => rx.close());
          yield* tx.closed();
        }),
      },
    },
  ];
}

export const proofs = proofsOn(sync);
