/*
 * Buffers and views in messages. A view sends the bytes that it shows, and arrives with a buffer of its own (BYTES); this is what nearly all are.
 *
 * Two views of one buffer in one message arrive as two views of one buffer. That they are two is known only at the second, when the first has been written;
 * so the message is written a second time:
 *
 *   FIRST    each buffer that is met again is entered in `hulls`, with the range that its views cover together
 *   SECOND   if there are hulls: a buffer that has one is written where it is met first, as much of it as the hull covers, and its views refer to it (VIEW).
 *            What is met again only now, because a getter returned something else this time, arrives with a buffer of its own.
 *
 * Parcels instead of words: what was marked by `move`, which the message then takes away from this thread; shared memory; buffers that can be
 * resized; and copies of large buffers, which the platform then moves: the sender keeps its own.
 */
import { isDetached } from "../inspect.js";
import { portable } from "../registry.js";
import type { Encoder } from "./encoder.js";
import { Identity } from "./identity.js";
import { REFUSED } from "./refused.js";
import { BUFFER, BYTES, VIEW, VIEW_KIND_BITS } from "./tags.js";
import { UINT8, viewKind } from "./views.js";

interface Hull {
  /** A multiple of ALIGNMENT. */
  from: number;
  to: number;
  isMoved: boolean;
}

/** What the offset of any view is at most a multiple of. */
const ALIGNMENT = 8;

type Resizable = ArrayBuffer & { readonly resizable?: boolean };

export class BufferWriter {
  /** Whether the message has to be written again. */
  isFirst = true;
  private readonly encoder: Encoder;
  private readonly moved: WeakSet<object> = portable().moved;
  /** The buffers met in the first pass. */
  private readonly met = new Identity();
  /** Of each of `met`; what is there of earlier messages has no meaning. */
  private readonly ranges: Hull[] = [];
  private readonly hulls = new Map<ArrayBufferLike, Hull>();
  private readonly maxInline: number;

  constructor(encoder: Encoder, maxInline: number) {
    this.encoder = encoder;
    this.maxInline = maxInline;
  }

  get isUsed(): boolean {
    return this.met.count > 0;
  }

  get hasHulls(): boolean {
    return this.hulls.size > 0;
  }

  reset(): void {
    this.isFirst = true;
    this.met.truncate(0);
    if (this.hulls.size > 0) this.hulls.clear();
  }

  isMoved(object: object): boolean {
    return this.moved.has(object);
  }

  view(view: ArrayBufferView, prototype: object): void {
    const { encoder } = this;
    const buffer = view.buffer as ArrayBufferLike;
    if (!(buffer instanceof ArrayBuffer)) {
      encoder.parcel(view);
      return;
    }
    if (buffer.byteLength === 0 && isDetached(buffer)) throw REFUSED;
    const { byteOffset, byteLength } = view;
    const hull = this.meet(buffer, byteOffset, byteOffset + byteLength, this.moved.has(view));
    if (hull.isMoved) {
      encoder.parcel(view, this.moved.has(view) ? buffer : undefined);
      return;
    }
    const kind = viewKind(view, prototype);
    const isShared = this.hulls.has(buffer);
    if (isShared || byteLength > this.maxInline) {
      encoder.head(VIEW, kind);
      encoder.number(isShared ? byteOffset - hull.from : 0);
      encoder.number(byteLength);
      if (!isShared) {
        encoder.identity.add({});
        this.large(buffer, byteOffset, byteLength);
      } else if (!encoder.reference(buffer)) {
        encoder.identity.add(buffer);
        this.content(buffer, hull.from, hull.to - hull.from);
      }
      return;
    }
    encoder.head(BYTES, (byteLength << VIEW_KIND_BITS) | kind);
    encoder.copy(kind === UINT8 ? (view as Uint8Array) : new Uint8Array(buffer, byteOffset, byteLength));
  }

  buffer(buffer: Resizable): void {
    if (buffer.byteLength === 0 && isDetached(buffer)) throw REFUSED;
    const isMoved = this.moved.has(buffer);
    const hull = this.meet(buffer, 0, buffer.byteLength, isMoved || buffer.resizable === true);
    if (hull.isMoved) this.encoder.parcel(buffer, isMoved ? buffer : undefined);
    else this.content(buffer, 0, buffer.byteLength);
  }

  private content(buffer: ArrayBuffer, from: number, size: number): void {
    if (size > this.maxInline) this.large(buffer, from, size);
    else {
      this.encoder.head(BUFFER, size);
      this.encoder.copy(new Uint8Array(buffer, from, size));
    }
  }

  private large(buffer: ArrayBuffer, from: number, size: number): void {
    const copy = buffer.slice(from, from + size);
    this.encoder.parcel(copy, copy);
  }

  /** Notes that bytes of `buffer` are to be sent. In the second pass, what was noted in the first. */
  private meet(buffer: ArrayBuffer, begin: number, to: number, isMoved: boolean): Hull {
    const from = begin - (begin % ALIGNMENT);
    if (!this.isFirst) return this.hulls.get(buffer) ?? { from, to, isMoved };
    const number = this.met.find(buffer);
    if (number < 0) {
      const range = { from, to, isMoved };
      this.ranges[this.met.add(buffer)] = range;
      return range;
    }
    const range = this.ranges[number]!;
    range.from = Math.min(range.from, from);
    range.to = Math.max(range.to, to);
    range.isMoved ||= isMoved;
    this.hulls.set(buffer, range);
    return range;
  }
}
