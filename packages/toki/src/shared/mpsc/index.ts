/**
 * Channels between threads for many producers and one consumer, as `mpsc` in `toki/shared`.
 *
 * @module
 */
export { SendError } from "../../sync/error.js";
export { ConcurrentRecvError, SendTimeoutError, TryRecvError, TrySendError } from "../../sync/mpsc/error.js";
export { channel, unboundedChannel } from "./channel.js";
export { OwnedPermit } from "./owned-permit.js";
export { Permit } from "./permit.js";
export { PermitIterator } from "./permit-iterator.js";
export { Receiver } from "./receiver.js";
export { Sender } from "./sender.js";
export { UnboundedReceiver } from "./unbounded-receiver.js";
export { UnboundedSender } from "./unbounded-sender.js";
export { WeakSender } from "./weak-sender.js";
export { WeakUnboundedSender } from "./weak-unbounded-sender.js";
