// Sends back what it receives: read from shared memory, written into it again.
import { type MessagePort, parentPort } from "node:worker_threads";
import { encoder, type Message, post, receive } from "./codec.support.js";

parentPort!.on("message", ({ message, reply }: { message: Message; reply: MessagePort }) => {
  encoder.begin("the reply");
  encoder.value(receive(message), "the result");
  const { words, at, end, parcels } = post();
  reply.postMessage({ words, at, end, parcels });
  reply.close();
});
