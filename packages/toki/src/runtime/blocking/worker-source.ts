/*
 * The first lines of a blocking thread: plain text, so that no bundler has to find a file. It runs as CommonJS or as a module, whichever the process's
 * flags make of it. Everything else a thread needs comes with the module that defines the function.
 *
 *   in    { job, key, url, name, args }    run a function; with shared objects among the arguments, { message } has them all, encoded
 *         { stop }                         end the thread
 *         { probe }                        nothing: whether it can be sent is the question
 *   out   { ready }                        up, and idle
 *         { job, reply }                   `reply` is a Reply of registry.ts; the thread is idle again
 *         { broken }                       what came in could not be read
 *         { exit }                         process.exit was called with this code
 *
 * Each message is followed by a notification of `cell`, for a `blockOn` that holds the thread which would receive it.
 */
import { THREAD_PROLOGUE } from "../thread-prologue.js";

/** @internal */
export const WORKER_SOURCE = `${THREAD_PROLOGUE}
const { cell, data } = workerData.toki;
if (data !== undefined) portable.memory = data;
portable.isBlocking = true;
function send(message, transfer) {
  port.postMessage(message, transfer);
  Atomics.add(cell, 0, 1);
  Atomics.notify(cell, 0);
}
function textOf(value) {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
function failure(error, depth = 0) {
  if (!(error instanceof Error)) return textOf(error);
  const properties = {};
  for (const key of Object.keys(error)) {
    const value = error[key];
    if (!["message", "stack", "cause", "name"].includes(key) && Object(value) !== value && typeof value !== "symbol") properties[key] = value;
  }
  const cause = depth < 16 && Object.hasOwn(error, "cause") ? { cause: failure(error.cause, depth + 1) } : {};
  return { isError: true, className: textOf(error.constructor?.name), name: textOf(error.name), message: textOf(error.message), stack: textOf(error.stack), ...cause, properties };
}
async function load({ key, url, name }) {
  await portable.importModule(url);
  const entry = portable.functions.get(key);
  if (entry === undefined) throw new Error("blocking " + name + ": " + url + " did not define it when a blocking thread imported it; call blocking() at the top level of the module, on every thread");
  return entry;
}
async function run(request) {
  let reply;
  try {
    const isReady = portable.imported.has(request.url) && portable.functions.has(request.key);
    const entry = isReady ? portable.functions.get(request.key) : await load(request);
    for (const url of request.message?.crossings ?? []) await portable.importModule(url);
    reply = entry.invoke(request.args, request.message);
  } catch (error) {
    reply = { error: failure(error) };
  }
  try {
    send({ job: request.job, reply }, reply.transfer);
  } catch (error) {
    send({ job: request.job, reply: { error: failure(error) } });
  }
}
port.on("messageerror", (error) => send({ broken: String(error) }));
process.on("exit", (code) => send({ exit: code }));
port.on("message", (message) => {
  if (message.stop) process.exit(0);
  else if (message.job) run(message);
});
send({ ready: true });
`;
