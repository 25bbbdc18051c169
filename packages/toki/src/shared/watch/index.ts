export { WatchReceiver } from "./receiver.js";
export { WatchSender } from "./sender.js";
export { watch } from "./watch.js";
