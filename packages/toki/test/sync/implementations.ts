import * as shared from "toki/shared";
import * as sync from "toki/sync";

/**
 * What the suites of this folder run on: the primitives of one thread, and those that threads share, here used by one thread alone. What a suite sends is
 * compared by content, since shared memory holds copies.
 */
export const implementations: readonly {
  readonly name: string;
  readonly module: typeof sync;
  readonly isShared: boolean;
}[] = [
  { name: "toki/sync", module: sync, isShared: false },
  { name: "toki/shared", module: shared as unknown as typeof sync, isShared: true },
];
