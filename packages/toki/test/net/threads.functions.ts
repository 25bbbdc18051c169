// What the tests of threads run on workers. No effect at the top level; `toki/net` is imported as a type alone, so that a worker has it only once it needs it.
import { type Future, fn, spawn, workerIndex } from "toki";
import type { TcpStream } from "toki/net";

const everything = fn(function* everything(stream: { readChunk(): Future<Uint8Array | undefined> }) {
  const chunks: Uint8Array[] = [];
  for (let chunk = yield* stream.readChunk(); chunk !== undefined; chunk = yield* stream.readChunk())
    chunks.push(chunk);
  return Buffer.concat(chunks).toString();
});

export const echo = fn(import.meta, function* echo(stream: TcpStream) {
  using socket = stream;
  for (let chunk = yield* socket.readChunk(); chunk !== undefined; chunk = yield* socket.readChunk()) {
    yield* socket.writeAll(chunk);
  }
  return workerIndex();
});

export const greet = fn(import.meta, function* greet(stream: TcpStream, greeting: string) {
  using socket = stream;
  yield* socket.writeAll(Buffer.from(greeting));
  const { localAddr, peerAddr, noDelay } = socket;
  return { worker: workerIndex(), local: String(localAddr), peer: String(peerAddr), noDelay };
});

export interface Job {
  readonly streams: readonly TcpStream[];
  readonly again: TcpStream;
  readonly buffer: ArrayBuffer;
  readonly filler: string;
}

/** A stream inside a message with other things. */
export const unpack = fn(import.meta, function* unpack(job: Job) {
  const [first, second] = job.streams as [TcpStream, TcpStream];
  using one = first;
  using two = second;
  const texts = [yield* everything(one), yield* everything(two)];
  return { texts, isSame: job.again === first, bytes: job.buffer.byteLength, filler: job.filler.length };
});

/** Hands the stream on, to whichever worker takes it. */
export const handOn = fn(import.meta, function* handOn(stream: TcpStream) {
  return yield* spawn(echo(stream));
});

/** Gives a stream back. */
export const giveBack = fn(import.meta, function* giveBack(stream: TcpStream) {
  stream.noDelay = true;
  return { stream };
});

/** Gives a stream back that it has used. */
export const useAndGiveBack = fn(import.meta, function* useAndGiveBack(stream: TcpStream) {
  using socket = stream;
  yield* socket.writeAll(Buffer.from("used"));
  return socket;
});

/** Holds its thread until told. Cells: begun, go. */
export const occupy = fn(import.meta, function* occupy(cells: Int32Array) {
  Atomics.add(cells, 0, 1);
  Atomics.wait(cells, 1, 0, 20_000);
});

export const exit = fn(import.meta, function* exit(stream: TcpStream) {
  yield* stream.writeAll(Buffer.from("bye"));
  process.exit(3);
});
