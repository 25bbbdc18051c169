/**
 * Marks `Future.prototype`, registered globally so that futures of a second copy of the package in one process are recognised too.
 *
 * @internal
 */
export const isFutureMark: unique symbol = Symbol.for("toki.Future") as never;
