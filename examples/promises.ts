// Promises in and out: an HTTP client under a deadline that aborts the request, and a runtime inside promise code.
// Programs 36 (its asynchronous half), 66.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ElapsedError, fn, fromPromise, join, main, Runtime, sleep, timeout } from "toki";

let aborted = 0;
const server = createServer((request, response) => {
  response.on("close", () => {
    if (!response.writableFinished) aborted++;
  });
  if (request.url !== "/slow") response.end(JSON.stringify({ url: request.url }));
}).listen(0, "127.0.0.1");
await once(server, "listening");
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

// The function runs when the future is first polled; its signal aborts when the future is dropped.
const getJson = fn(function* getJson(path: string) {
  const response = yield* fromPromise((signal) => fetch(base + path, { signal }));
  return (yield* fromPromise(() => response.json())) as unknown;
});

await main(function* () {
  console.log(yield* join(getJson("/a"), getJson("/b"))); // other tasks run between request and body
  try {
    yield* timeout(200, getJson("/slow"));
  } catch (error) {
    if (!(error instanceof ElapsedError)) throw error;
    while (aborted === 0) yield* sleep(1);
    console.log(`${error.message}; requests aborted: ${aborted}`);
  }
});

const rt = new Runtime();
const future = fn(function* () {
  yield* sleep(10);
  return "from Toki";
});
console.log(await rt.run(future()));
console.log(await Promise.all([rt.spawn(future()), rt.spawn(future())]));
await rt.shutdown();
server.close();
server.closeAllConnections();
