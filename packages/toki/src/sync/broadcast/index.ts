export { broadcast } from "./broadcast.js";
export { BroadcastRecvError, LaggedError } from "./error.js";
export { BroadcastReceiver } from "./receiver.js";
export { BroadcastSender } from "./sender.js";
export { WeakBroadcastSender } from "./weak-sender.js";
