/** What {@link Barrier.wait} gives. */
export interface BarrierWaitResult {
  /** Whether this was the one of its round that arrived last. */
  readonly isLeader: boolean;
}

/** @internal */
export const LEADER: BarrierWaitResult = Object.freeze({ isLeader: true });
/** @internal */
export const FOLLOWER: BarrierWaitResult = Object.freeze({ isLeader: false });
