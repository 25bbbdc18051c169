import * as sharedModule from "toki/shared";
import * as syncModule from "toki/sync";
import * as util from "toki/util";

/** What the proofs of channels and locks are about: the names are the same in both implementations. */
export type Primitives = typeof syncModule & Pick<typeof util, "CancellationToken">;

/** Those of one thread. */
export const sync: Primitives = { ...syncModule, CancellationToken: util.CancellationToken };

/** Those that threads share. */
export const shared: Primitives = sharedModule as unknown as Primitives;
