import { crosses } from "../../portable/error-classes.js";
import { SyncError } from "../error.js";

/**
 * A broadcast receiver has no value to give, as `kind` says. Only `closed` is an end: a loop that receives goes on after a {@link LaggedError}.
 *
 * @example
 * ```ts
 * import { broadcast, BroadcastRecvError } from "toki/sync";
 *
 * const [tx, rx] = broadcast<string>(16);
 * const kinds: string[] = [];
 * for (let i = 0; i < 2; i++) {
 *   try {
 *     rx.tryRecv();
 *   } catch (error) {
 *     if (error instanceof BroadcastRecvError) kinds.push(error.kind);
 *   }
 *   tx[Symbol.dispose]();
 * }
 * console.log(kinds); // [ 'empty', 'closed' ]
 * ```
 */
export class BroadcastRecvError extends SyncError {
  override readonly name: string = "BroadcastRecvError";
  readonly code: "TOKI_CHANNEL_EMPTY" | "TOKI_CHANNEL_CLOSED" | "TOKI_CHANNEL_LAGGED";
  /**
   * `closed`: there will never be another value. `lagged`: values were missed, see {@link LaggedError.skipped}; the next receive goes on with the oldest that
   * is there. `empty`, by `tryRecv` only: there is none now.
   */
  readonly kind: "empty" | "closed" | "lagged";

  constructor(kind: "empty" | "closed" | "lagged", message = kind === "empty" ? "channel empty" : "channel closed") {
    super(message);
    this.kind = kind;
    this.code =
      kind === "empty" ? "TOKI_CHANNEL_EMPTY" : kind === "closed" ? "TOKI_CHANNEL_CLOSED" : "TOKI_CHANNEL_LAGGED";
  }
}

crosses(BroadcastRecvError, "BroadcastRecvError");

/**
 * A broadcast receiver was too slow: values it had not read were overwritten by later ones. The next receive gives the oldest value that is still there.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { broadcast, LaggedError } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = broadcast<number>(2);
 *   for (const n of [10, 20, 30]) tx.send(n); // 30 takes the place of 10
 *   try {
 *     yield* rx.recv();
 *   } catch (error) {
 *     if (error instanceof LaggedError) console.log("missed", error.skipped); // missed 1
 *   }
 *   console.log(yield* rx.recv(), yield* rx.recv()); // 20 30
 * });
 * ```
 */
export class LaggedError extends BroadcastRecvError {
  override readonly name = "LaggedError";
  declare readonly kind: "lagged";
  declare readonly code: "TOKI_CHANNEL_LAGGED";
  /** How many values were missed. */
  readonly skipped: number;

  constructor(skipped: number) {
    super("lagged", `channel lagged by ${skipped}`);
    this.skipped = skipped;
  }
}

crosses(LaggedError, "LaggedError");
