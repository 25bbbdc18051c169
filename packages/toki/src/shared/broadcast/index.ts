export { BroadcastRecvError, LaggedError } from "../../sync/broadcast/error.js";
export { broadcast } from "./broadcast.js";
export { BroadcastReceiver } from "./receiver.js";
export { BroadcastSender } from "./sender.js";
export { WeakBroadcastSender } from "./weak-sender.js";
