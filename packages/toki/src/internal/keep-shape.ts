/*
 * The engine's optimised code depends on the hidden classes of the objects it handles, and holds them weakly. A full collection at a moment when a
 * program happens to have no JoinHandle, say, drops the class, and with it the code of every function that knew it: the next spawns run slowly until they
 * are compiled again (measured: a third slower over half a second). One instance of each class of the hot path, kept for ever, prevents that.
 */

const kept: object[] = [];

/** Keeps the hidden class of `instance` alive. For one made the way all others are, with fields of the same kinds. @internal */
export function keepShape(instance: object): void {
  kept.push(instance);
}
