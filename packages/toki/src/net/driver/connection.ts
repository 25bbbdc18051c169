/*
 * One TCP connection over a socket of Node: what has arrived and was not read yet, what was handed over and not taken by the kernel yet, and who waits.
 *
 * Receiving. The socket is left paused until the first read, then it flows: each chunk goes into the queue and wakes the reader.
 *
 *   queued < HIGH_WATER         the socket flows
 *   queued >= HIGH_WATER        stopped, unless a reader was waiting (it empties the queue in this turn); the kernel's buffer fills, the peer's writes wait
 *   queued <= LOW_WATER         flows again; taken by the reader that got it there
 *
 * Node hands each chunk to the socket's own `push`, which is replaced: the machinery of a flowing stream (its buffer, the event, a tick to see whether there is
 * more) costs as much as everything done here. The stream gets what is not for us to take: the end, chunks before we read, chunks behind some that it has. Those
 * come by its "data" events, as all would on a platform that does not call `push`.
 *
 * Sending. `submit` hands bytes to the socket, which tries the kernel at once. `writableLength` is the truth about what the kernel has not taken. At most one
 * piece is ever under way: an operation that finds bytes of an earlier one waits for those first. When a submit leaves bytes, a flush callback is armed, in
 * the same call; so whoever then sees `writableLength > 0` and parks is woken, by the flush or by the close.
 *
 * Waiting. One reader and one writer slot. An operation takes its slot when it parks and leaves it when it is ready, fails or is dropped; another one that finds
 * the slot taken is a mistake of the program. Events of the socket change the state first and wake afterwards.
 *
 * Ending. `ended`: the peer's FIN was seen; sending goes on. `isFinishing`: our FIN was asked for; receiving goes on. `error`: the connection is broken, both ways;
 * what is queued can still be read. `isClosed`: we closed it. All four only ever go from unset to set, in any order.
 *
 * Leaving. A connection that nothing was done with can go to another thread: here it is closed then, without the socket being touched.
 *
 * The socket itself never keeps the process alive (it is unref'd): a parked operation does, through its runtime, and bytes the kernel has not taken do.
 */
import type { Socket } from "node:net";
import { IoError } from "../../io/io-error.js";
import type { RuntimeCore } from "../../runtime/core.js";
import { SocketAddr } from "../socket-addr.js";
import { GUESSES_END } from "./platform.js";
import type { ReadChunk } from "./read-ops.js";

/** Bytes that may wait for a reader before the socket is paused. */
const HIGH_WATER = 64 * 1024;
const LOW_WATER = HIGH_WATER / 2;
const EMPTY = new Uint8Array(0);

/** What a socket of Node's reads from. */
interface TcpHandle {
  /** 0, or the number of an error. */
  readStart(): number;
}

/** What is parked in a slot. @internal */
export interface Parked {
  notify(): void;
}

/** @internal */
export class Connection {
  readonly socket: Socket;
  /** Bytes that arrived and were not read. */
  queued: number;
  ended: boolean;
  isFinishing: boolean;
  isClosed: boolean;
  error: Error | null;
  reader: Parked | null;
  writer: Parked | null;
  /** The latest chunk read: used again once it is over, which spares most reads an allocation. */
  spareRead: ReadChunk | null;
  resetOnClose: boolean;
  noDelay: boolean;
  /** Handles that share the connection: a stream, or two owned halves. The last one to go closes it. */
  handles: number;

  private head: Buffer | null;
  private headOffset: number;
  private readonly rest: Buffer[];
  private restIndex: number;
  private isFlowing: boolean;
  /** How many bytes had been read at an end that may be a guess. */
  private endedAt: number;
  /** Whether bytes the kernel has not taken were reported as written: closing waits for them. */
  private owesBytes: boolean;
  private onFlush: (() => void) | null;
  private local: SocketAddr | null;
  private peer: SocketAddr | null;
  /** The runtime it was made on, which counts it; null if it was made outside of any. */
  private readonly rt: RuntimeCore | null;

  /** @param local, peer - the addresses, if they are known */
  constructor(socket: Socket, rt: RuntimeCore | null, local: SocketAddr | null = null, peer: SocketAddr | null = null) {
    this.socket = socket;
    this.queued = 0;
    // A socket made elsewhere may have been read to its end, or be ending.
    this.ended = socket.readableEnded;
    this.isFinishing = socket.writableEnded;
    this.isClosed = false;
    this.error = null;
    this.reader = null;
    this.writer = null;
    this.spareRead = null;
    this.resetOnClose = false;
    this.noDelay = false;
    this.handles = 1;
    this.head = null;
    this.headOffset = 0;
    this.rest = [];
    this.restIndex = 0;
    this.isFlowing = false;
    this.endedAt = -1;
    this.owesBytes = false;
    this.onFlush = null;
    this.local = local;
    this.peer = peer;
    this.rt = rt;
    if (rt !== null) rt.io.registered++;
    socket.pause();
    socket.unref();
    const { push } = socket;
    socket.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      if (chunk === null) return (GUESSES_END && this.readsOn()) || push.call(socket, null, encoding);
      if (!this.isFlowing || socket.readableLength > 0) return push.call(socket, chunk, encoding);
      return this.receive(chunk);
    };
    socket.on("data", (chunk: Buffer) => {
      if (!this.receive(chunk)) socket.pause();
    });
    socket.on("end", () => this.finished());
    socket.on("error", (error) => this.fail(error));
    socket.on("close", () => this.closed());
    if (this.isFinishing) this.awaitFinish();
  }

  // Receiving

  /** Lets the socket flow, if it does not. */
  startReading(): void {
    const { socket } = this;
    if (this.isFlowing || this.ended || socket.destroyed) return;
    this.isFlowing = true;
    // A socket that was stopped by what `push` returned is not paused in its own eyes: it is asked for more as its stream would.
    if (socket.isPaused()) socket.resume();
    else socket._read(HIGH_WATER);
  }

  /** At an end that may be a guess: has the kernel asked once more. False if it was, and nothing came in between. */
  private readsOn(): boolean {
    const { bytesRead, _handle } = this.socket as Socket & { readonly _handle?: TcpHandle };
    if (this.endedAt === bytesRead || _handle?.constructor.name !== "TCP") return false;
    this.endedAt = bytesRead;
    return _handle.readStart() === 0;
  }

  /** Takes a chunk in. False when that is enough: the socket is to stop. */
  private receive(chunk: Buffer): boolean {
    const wasEmpty = this.queued === 0;
    if (this.head === null) {
      this.head = chunk;
      this.headOffset = 0;
    } else this.rest.push(chunk);
    this.queued += chunk.length;
    if (wasEmpty && this.reader !== null) {
      this.reader.notify();
      return true;
    }
    if (this.queued < HIGH_WATER) return true;
    this.isFlowing = false;
    return false;
  }

  /** Takes the next chunk, as it arrived. Only while `queued` is above 0. */
  takeChunk(): Buffer {
    const head = this.head as Buffer;
    const chunk = this.headOffset === 0 ? head : head.subarray(this.headOffset);
    this.shiftHead();
    this.took(chunk.length);
    return chunk;
  }

  /** Takes what fits into `buffer`. */
  takeInto(buffer: Uint8Array): number {
    let filled = 0;
    while (filled < buffer.length && this.head !== null) {
      const head = this.head;
      const count = Math.min(head.length - this.headOffset, buffer.length - filled);
      if (count === head.length) buffer.set(head, filled);
      else head.copy(buffer, filled, this.headOffset, this.headOffset + count);
      filled += count;
      this.headOffset += count;
      if (this.headOffset === head.length) this.shiftHead();
    }
    this.took(filled);
    return filled;
  }

  /** Copies what fits into `buffer` and leaves it in the queue. */
  peekInto(buffer: Uint8Array): number {
    if (this.head === null) return 0;
    let filled = this.head.copy(buffer, 0, this.headOffset);
    for (let i = this.restIndex; i < this.rest.length && filled < buffer.length; i++) {
      filled += (this.rest[i] as Buffer).copy(buffer, filled);
    }
    return filled;
  }

  private shiftHead(): void {
    this.headOffset = 0;
    const { rest } = this;
    if (this.restIndex === rest.length) {
      this.head = null;
      return;
    }
    this.head = rest[this.restIndex++] as Buffer;
    if (this.restIndex === rest.length) {
      rest.length = 0;
      this.restIndex = 0;
    }
  }

  private took(count: number): void {
    this.queued -= count;
    if (!this.isFlowing && this.queued <= LOW_WATER) this.startReading();
  }

  // Sending

  /** Whether bytes are under way that the kernel has not taken. */
  get isSending(): boolean {
    return this.socket.writableLength > 0;
  }

  /** What broke the connection, as soon as the socket knows. */
  get failure(): Error | null {
    return this.error ?? this.socket.errored;
  }

  /** Why nothing can be sent; null if something can. */
  sendFault(what: string): IoError | null {
    // False from the moment of an error, a shutdown or a close, whoever caused it.
    if (this.socket.writable) return null;
    const error = this.failure;
    const why = this.isClosed
      ? "the stream was closed"
      : this.isFinishing
        ? "the stream was shut down"
        : `the connection is broken${error === null ? "" : ` (${error.message})`}`;
    const details = { code: "EPIPE", syscall: "write" };
    return new IoError("brokenPipe", `${what}: ${why}`, error === null ? details : { ...details, cause: error });
  }

  /**
   * Hands bytes over. True when the kernel has taken them all; false when some are under way, or when it failed (`error`).
   *
   * @param owes - whether the caller will report them as written without waiting
   */
  submit(bytes: Uint8Array, owes: boolean): boolean {
    const { socket } = this;
    socket.write(bytes);
    const failure = socket.errored;
    if (failure !== null) {
      this.error ??= failure;
      return false;
    }
    if (socket.writableLength === 0) return true;
    this.owesBytes = owes;
    this.armFlush();
    return false;
  }

  private armFlush(): void {
    if (this.onFlush === null) {
      this.onFlush = () => this.writer?.notify();
      this.socket.on("drain", this.onFlush);
    }
    // "drain" comes only for what went over the socket's own mark; behind anything less, an empty piece tells when it is gone.
    if (!this.socket.writableNeedDrain) this.socket.write(EMPTY, this.onFlush);
  }

  /** Asks for our FIN, behind what is under way. True when it has gone out, or when there is nobody to send it to. */
  finish(): boolean {
    const { socket } = this;
    if (!this.isFinishing && !this.isClosed) {
      this.isFinishing = true;
      if (socket.writable) {
        this.awaitFinish();
        socket.end();
      }
    }
    return socket.writableFinished || socket.destroyed;
  }

  private awaitFinish(): void {
    this.socket.on("finish", () => this.writer?.notify());
  }

  // Ending

  /** One handle is gone. */
  release(): void {
    if (--this.handles === 0) this.close();
  }

  /**
   * Closes both directions, as closing the descriptor does: what was written still goes out, and the peer is told of unread bytes by a reset. Operations that
   * are parked fail.
   */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { socket } = this;
    if (!socket.destroyed) {
      if (this.resetOnClose || this.queued > 0) reset(socket);
      else if (this.owesBytes && this.isSending) socket.destroySoon();
      else socket.destroy();
    }
    this.queued = 0;
    this.head = null;
    this.rest.length = 0;
    this.restIndex = 0;
    this.reader?.notify();
    this.writer?.notify();
  }

  /** Whether nothing was done with the connection, and one object has it: it can go to another thread. */
  get isFresh(): boolean {
    const { socket } = this;
    if (this.isFlowing || this.ended || this.isFinishing || this.error !== null || this.handles !== 1) return false;
    if (this.reader !== null || this.writer !== null) return false;
    // Also what was done with the socket before it was ours.
    const isUntouched = socket.bytesRead === 0 && socket.bytesWritten === 0 && socket.writableLength === 0;
    return isUntouched && socket.readableEncoding === null && socket.writable;
  }

  /** The socket goes to another thread, which has it from now on. */
  depart(): void {
    this.isClosed = true;
  }

  private finished(): void {
    this.ended = true;
    this.reader?.notify();
  }

  private fail(error: Error): void {
    this.error ??= error;
    this.salvage();
    this.reader?.notify();
    this.writer?.notify();
  }

  private closed(): void {
    if (this.rt !== null) this.rt.io.deregistered++;
    if (!this.ended && !this.isClosed && this.error === null) {
      this.error = Object.assign(new Error("the socket was destroyed"), { code: "ECONNABORTED" });
    }
    this.salvage();
    this.reader?.notify();
    this.writer?.notify();
  }

  /** Takes what a paused socket had read before it broke. It is past emitting that itself. */
  private salvage(): void {
    if (this.isClosed) return;
    for (let chunk = this.socket.read(); chunk !== null; chunk = this.socket.read()) this.receive(chunk as Buffer);
  }

  // Addresses, kept once known: a broken connection has none. Null for one that was broken before anybody asked.

  localAddr(): SocketAddr | null {
    if (this.local !== null) return this.local;
    const { localAddress, localPort } = this.socket;
    if (localAddress !== undefined) this.local = new SocketAddr(localAddress, localPort ?? 0);
    return this.local;
  }

  peerAddr(): SocketAddr | null {
    if (this.peer !== null) return this.peer;
    const { remoteAddress, remotePort } = this.socket;
    if (remoteAddress !== undefined) this.peer = new SocketAddr(remoteAddress, remotePort ?? 0);
    return this.peer;
  }
}

/** Closes a socket without the usual farewell: the peer sees a reset. @internal */
export function reset(socket: Socket): void {
  // While a FIN is on its way out a reset is refused, and the descriptor would stay open.
  if (socket.writableEnded && !socket.writableFinished) {
    socket.destroy();
    return;
  }
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy(); // not TCP: nothing to reset
  }
}
