// What the tests of threads run on workers. No effect at the top level; `toki/net` is imported as a type alone, so that a worker has it only if it needs it.
import { fn, workerIndex } from "toki";
import type { TcpStream } from "toki/net";

export const echo = fn(import.meta, function* echo(stream: TcpStream) {
  using socket = stream;
  for (let chunk = yield* socket.readChunk(); chunk !== undefined; chunk = yield* socket.readChunk()) {
    yield* socket.writeAll(chunk);
  }
});

export const greet = fn(import.meta, function* greet(stream: TcpStream, greeting: string) {
  using socket = stream;
  yield* socket.writeAll(Buffer.from(greeting));
  return {
    worker: workerIndex(),
    local: String(socket.localAddr),
    peer: String(socket.peerAddr),
    noDelay: socket.noDelay,
  };
});

/** Reads everything, from a stream inside a message with other things that only the platform can carry. */
export const collect = fn(
  import.meta,
  function* collect(job: { streams: TcpStream[]; again: TcpStream; buffer: ArrayBuffer; filler: string }) {
    const [first] = job.streams;
    using socket = first as TcpStream;
    const chunks: Uint8Array[] = [];
    for (let chunk = yield* socket.readChunk(); chunk !== undefined; chunk = yield* socket.readChunk()) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    return { text, isSame: job.again === first, bytes: job.buffer.byteLength, filler: job.filler.length };
  },
);
