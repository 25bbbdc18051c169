/**
 * Where a source puts its items, one after the other, instead of being asked for each: what owns a stream and takes it to its end is a sink, and so are the
 * adapters that only pass on what they get. The loop is then in the source, with the rest of the pipeline inlined into it.
 *
 * @internal
 */
export interface Sink<T> {
  /**
   * Takes an item, which the source has let go of.
   *
   * @returns whether it wants another one now
   * @throws an error item; nothing is put after it
   */
  put(item: T): boolean;
}
