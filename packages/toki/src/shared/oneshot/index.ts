export { oneshot } from "./oneshot.js";
export { OneshotReceiver } from "./receiver.js";
export { OneshotSender } from "./sender.js";
