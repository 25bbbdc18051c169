export { WatchRecvError, WatchSendError } from "./error.js";
export { WatchRef } from "./modify.js";
export { WatchReceiver } from "./receiver.js";
export { WatchSender } from "./sender.js";
export { watch } from "./watch.js";
